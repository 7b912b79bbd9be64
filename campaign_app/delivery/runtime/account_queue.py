"""A sending account within this worker: what its connections take next, and what each answer leads to.

An answer leads to sent, failed, a retry, push-back, or trouble of the account.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import Protocol

from campaign_app.channels.base import Outgoing, Result, Sender, Verdict
from campaign_app.core import clock
from campaign_app.core.rate_limit import Limits
from campaign_app.delivery.ledger.journal import State
from campaign_app.delivery.ledger.outcome import Outcome
from campaign_app.delivery.runtime import retry, safety_brake
from campaign_app.delivery.runtime.campaign_runner import CampaignRunner, RunnerState, SkipRecipient
from campaign_app.delivery.runtime.fair_scheduler import CATCH_UP, FairScheduler, allocate
from campaign_app.delivery.runtime.held_lease import HeldLease, QueuedRow
from campaign_app.delivery.runtime.push_back import PushBack
from campaign_app.models.delivery import DeliveryStatus, Reason

TROUBLE_AT = 3
MOST_TRIES = 20
_S = DeliveryStatus


class EngineServices(safety_brake.BrakeServices, Protocol):
    """What an account queue needs of the engine."""

    def outcome(self, outcome: Outcome) -> None:
        """Have an outcome written."""

    def refill(self, runner: CampaignRunner, lease: HeldLease) -> None:
        """Read more rows of a lease."""

    def is_stuck(self) -> bool:
        """Whether nothing may be taken: draining, or too many outcomes wait."""

    def account_trouble(self, account_id: int, words: str) -> None:
        """The account, not a recipient, is at fault, again and again."""

    def campaign_trouble(self, runner: CampaignRunner, words: str) -> None:
        """The campaign's message, not a recipient, is at fault."""


class AccountQueue:
    """Implements channels.base.Source. Everything here runs in the event loop's thread."""

    def __init__(self, account_id: int, engine: EngineServices, retry_seconds: Sequence[float]) -> None:
        self.account_id = account_id
        self.version: object = None
        self.runners: dict[int, CampaignRunner] = {}
        self.idle_since = 0.0
        self.push_back = PushBack(self._on_step)
        self._engine = engine
        self._retry = retry_seconds
        self._items: dict[int, tuple[QueuedRow, CampaignRunner]] = {}
        self._sender: Sender | None = None
        self._loop = asyncio.get_running_loop()
        self._order: FairScheduler[CampaignRunner] = FairScheduler()
        self._failures = 0
        self._blamed: Counter[int] = Counter()  # message → connections lost at it, since the account last worked
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    @property
    def sender(self) -> Sender | None:
        """The connections."""
        return self._sender

    def use(self, make: Callable[["AccountQueue"], Sender], version: object) -> Sender | None:
        """Use a new sender from now on. Returns the old one, which has to be drained."""
        old, self._sender, self.version = self._sender, make(self), version
        self._works()
        return old

    def enter(self, runner: CampaignRunner) -> None:
        """A campaign has something to send. It starts level with the others."""
        self.runners[runner.campaign_id] = runner
        self._order.enter(runner, self.runners.values())

    def limits_of(self, runner: CampaignRunner) -> Limits:
        """A campaign's limits now. Where the account has a rate, its campaigns share it by priority."""
        learnt, total = self.push_back.per_minute, runner.limits.account_per_minute
        if learnt and not 0 < total < learnt:
            total = learnt
        active = [other for other in self.runners.values() if other.leases and other.state is not RunnerState.CLOSED]
        if not total or len(active) < 2 or runner not in active:
            return runner.limits
        rates = allocate(total, [(other.limits.per_minute, 1 / other.stride) for other in active])
        return replace(runner.limits, per_minute=rates[active.index(runner)])

    @property
    def per_second(self) -> float:
        """Messages accepted lately."""
        now = monotonic()
        return sum(runner.meter.per_minute(now) for runner in self.runners.values()) / 60

    def _on_step(self) -> None:
        """The rate has changed: slots granted before are void."""
        for runner in self.runners.values():
            runner.slots.void()
        self.wake()

    def wake(self) -> None:
        """Rows or slots have come."""
        if self._sender is not None:
            self._sender.wake()

    def _wake_at(self, at: float) -> None:
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_later(max(0.0, at - monotonic()), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self.wake()

    def _pick(self, now: float) -> tuple[CampaignRunner, HeldLease] | None:
        """The next campaign with a row and a due slot. The slot is used."""
        soonest: float | None = None
        for place, runner in enumerate(self._order):
            if not runner.may_take(now):
                continue
            lease = runner.front()
            if lease is None:
                continue
            at = runner.slots.next_at(now)
            if at is None or at > now:
                runner.limited = bool(runner.limits.per_second or runner.limits.batch_size)
            if at is None:
                continue
            if at > now:
                soonest = at if soonest is None else min(at, soonest)
                continue
            if not runner.slots.take(now):  # the slots that were due were too late
                following = runner.slots.next_at(now)
                self._wake_at(now + 0.001 if following is None else max(following, now + 0.0005))
                return None
            self._order.serve(place, 0 if runner.limited else CATCH_UP)  # its own limits: no catching up
            runner.limited = False
            return runner, lease
        if soonest is not None:
            self._wake_at(soonest)
        return None

    def take(self) -> Outgoing | None:
        """See Source."""
        if self.push_back.waiting or self._engine.is_stuck():
            return None
        while True:
            picked = self._pick(monotonic())
            if picked is None:
                return None
            runner, lease = picked
            item = lease.take()
            if lease.wants_rows(runner.chunk):
                self._engine.refill(runner, lease)
            try:
                outgoing = runner.make(item)
            except SkipRecipient as skip:
                self._skip(runner, item, skip)
                if skip.stops:
                    self._engine.campaign_trouble(runner, skip.detail)
                continue
            item.step = self.push_back.step
            runner.begin()
            self._items[item.row.id] = (item, runner)
            lease.begin()
            return outgoing

    def _skip(self, runner: CampaignRunner, item: QueuedRow, why: SkipRecipient) -> None:
        outcome = self._outcome(item, _S.SKIPPED, why.reason, why.detail)
        outcome.attempts = item.row.attempts
        self._engine.outcome(outcome)
        runner.note(item, outcome)
        item.lease.leave_out()

    def handed_over(self, key: int) -> None:
        """See Source."""
        self._items[key][0].hand_over()

    def settled(self, key: int, result: Result) -> None:
        """See Source."""
        item, runner = self._items.pop(key)
        lease = item.lease
        lease.settle()
        runner.settle()
        outcome: Outcome | None
        if result.verdict is Verdict.ACCEPTED:
            item.mark(State.ACCEPTED)
            if self._failures:
                self._works()
            self.push_back.success(key)
            outcome = self._outcome(item, _S.SENT, Reason.NONE, result.response)
            if result.provider_id:
                outcome.account_id, outcome.provider_id = self.account_id, result.provider_id[:128]
            runner.meter.add(1, monotonic())
            if runner.first_messages.is_open and runner.first_messages.note_accepted():
                self._engine.spawn(safety_brake.report(self._engine, runner, self.wake))
        else:
            outcome = self._not_accepted(item, runner, result)
        if outcome is not None:
            self._engine.outcome(outcome)
            runner.note(item, outcome)
        if result.account_trouble and not result.throttled:
            self._trouble(key, result)
        lease.settled()

    def _outcome(self, item: QueuedRow, status: DeliveryStatus, reason: Reason, response: str) -> Outcome:
        row, handle = item.row, item.lease.handle
        return Outcome(
            delivery_id=row.id,
            campaign_id=handle.campaign_id,
            lease_id=handle.lease_id,
            status=status,
            at=clock.now(),
            domain=row.domain,
            before=row.attempts,
            attempts=row.attempts + 1,
            reason=reason,
            response=response.replace("\0", "")[:500],
        )

    def _not_accepted(self, item: QueuedRow, runner: CampaignRunner, result: Result) -> Outcome | None:
        verdict = result.verdict
        if result.throttled and verdict in (Verdict.TEMPORARY, Verdict.NOT_TRIED):
            return self._pushed_back(item, runner, result)
        if verdict is Verdict.RETURNED:
            return self._returned(item, runner, result)
        if verdict is Verdict.NOT_TRIED:
            if result.rule and self.push_back.is_about(item.row.id):  # only this recipient's server refuses the account
                return self._put_off(item, replace(result, reason=Reason.SENDER_REFUSED))
            item.tries += 1
            if item.tries >= MOST_TRIES:
                self._count(result.response)
            item.lease.put_back(item, last=bool(result.rule))
            return None
        if verdict is Verdict.PERMANENT:
            item.mark(State.REFUSED)
            self._works()
            self._refused(item.row.id, runner, result)
            return self._outcome(item, _S.FAILED, result.reason or Reason.REFUSED, result.response)
        if verdict is Verdict.TEMPORARY:
            return self._put_off(item, result)
        return self._outcome(item, _S.UNCERTAIN, result.reason or Reason.CONNECTION_LOST, result.response)

    def _refused(self, key: int, runner: CampaignRunner, result: Result) -> None:
        """A final refusal: it may stop a campaign that has just begun, or mean that the address does not exist."""
        first_messages = runner.first_messages
        if result.is_dead:
            first_messages.note_dead(key)
        if first_messages.is_open:
            if first_messages.note_refused(result):
                self._engine.spawn(safety_brake.report(self._engine, runner, self.wake))
        elif first_messages.may_suppress:
            self._engine.spawn(safety_brake.suppress(self._engine, runner))

    def _pushed_back(self, item: QueuedRow, runner: CampaignRunner, result: Result) -> Outcome | None:
        """Too fast: the message waits for a slot of the lower rate. It costs no attempt.

        It was refused, so it is certainly not sent. If this worker dies, it is pending as before.
        """
        if self.push_back.is_about(item.row.id):
            return self._put_off(item, result)
        runner.slots.waste(1)
        is_signal = self.push_back.is_signal(item.step)
        item.lease.put_back(item, last=True)
        if is_signal:
            slower = safety_brake.slow_down(self.push_back, self.account_id, self.per_second, result.response)
            self._engine.spawn(slower)
        return None

    def _returned(self, item: QueuedRow, runner: CampaignRunner, result: Result) -> Outcome | None:
        """Answered and certainly not sent: back in line, or later when the provider says when. It costs no attempt."""
        runner.slots.waste(1)
        item.tries += 1
        if item.tries >= MOST_TRIES:
            self._count(result.response)
        if not result.retry_after:
            item.lease.put_back(item, last=True)
            return None
        item.lease.region.mark(item.slot, State.NONE)
        outcome = self._outcome(item, _S.PENDING, result.reason or Reason.TEMPORARY, result.response)
        outcome.attempts = item.row.attempts
        outcome.next_attempt_at = outcome.at + timedelta(seconds=result.retry_after)
        return outcome

    def _put_off(self, item: QueuedRow, result: Result) -> Outcome:
        at = clock.now()
        following = retry.next_attempt(self._retry, item.row.attempts + 1, at, result.retry_after)
        if following is None:
            item.mark(State.REFUSED)
            return self._outcome(item, _S.FAILED, Reason.RETRIES_USED_UP, result.response)
        item.mark(State.PUT_OFF)
        outcome = self._outcome(item, _S.PENDING, result.reason or Reason.TEMPORARY, result.response)
        outcome.next_attempt_at = following
        return outcome

    def _works(self) -> None:
        self._failures = 0
        self._blamed.clear()

    def _trouble(self, key: int, result: Result) -> None:
        """A server that hangs up at one recipient again and again is no reason to stop all others."""
        if result.reason is Reason.CONNECTION_LOST:
            self._blamed[key] += 1
            if self._blamed[key] >= TROUBLE_AT:
                return
        self._count(result.response)

    def _count(self, words: str) -> None:
        self._failures += 1
        if self._failures >= TROUBLE_AT:
            self._works()
            self._engine.account_trouble(self.account_id, words)
