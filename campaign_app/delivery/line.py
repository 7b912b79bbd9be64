"""An account within this worker: the Source its Sender takes from, fed by the lanes of all its campaigns."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic
from typing import Protocol

from campaign_app.channels.base import Outgoing, Result, Sender, Verdict
from campaign_app.core import clock
from campaign_app.core.rate_limit import Limits
from campaign_app.delivery import brake, retry
from campaign_app.delivery.feed import Feed, Item
from campaign_app.delivery.journal import State
from campaign_app.delivery.lane import Lane, LeftOut
from campaign_app.delivery.outcome import Outcome
from campaign_app.delivery.shares import CATCH_UP, Turns, allocate
from campaign_app.delivery.slowing import Slowing
from campaign_app.models.delivery import DeliveryStatus, Reason

TROUBLE_AT = 3
MOST_TRIES = 20
_S = DeliveryStatus


class Desk(brake.Desk, Protocol):
    """What a line needs of the engine."""

    def outcome(self, outcome: Outcome) -> None:
        """Have an outcome written."""

    def refill(self, lane: Lane, feed: Feed) -> None:
        """Read more rows of a lease."""

    def is_stuck(self) -> bool:
        """Nothing may be taken: draining, or too much waits for the database."""

    def account_trouble(self, account_id: int, words: str) -> None:
        """The account, not a recipient, is at fault, again and again."""

    def campaign_trouble(self, lane: Lane, words: str) -> None:
        """The campaign's message, not a recipient, is at fault."""


class Line:
    """Implements channels.base.Source. Everything here runs in the event loop's thread."""

    def __init__(self, account_id: int, desk: Desk, retry_seconds: Sequence[float]) -> None:
        self.account_id = account_id
        self.version: object = None
        self.lanes: dict[int, Lane] = {}
        self.idle_since = 0.0
        self.slowing = Slowing(self._on_step)
        self._desk = desk
        self._retry = retry_seconds
        self._items: dict[int, tuple[Item, Lane]] = {}
        self._sender: Sender | None = None
        self._loop = asyncio.get_running_loop()
        self._order: Turns[Lane] = Turns()
        self._failures = 0
        self._blamed: Counter[int] = Counter()  # connections lost at whose message, since it last worked
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    @property
    def sender(self) -> Sender | None:
        """The connections."""
        return self._sender

    def use(self, make: Callable[["Line"], Sender], version: object) -> Sender | None:
        """Send through a new sender from now on; the old one, which has to be drained."""
        old, self._sender, self.version = self._sender, make(self), version
        self._works()
        return old

    def enter(self, lane: Lane) -> None:
        """A campaign has something to send. It starts level with the others, whatever it missed."""
        self.lanes[lane.campaign_id] = lane
        self._order.enter(lane, self.lanes.values())

    def limits_of(self, lane: Lane) -> Limits:
        """The lane's limits now. Where the account has a rate, its campaigns share it by priority."""
        learnt, total = self.slowing.per_minute, lane.limits.account_per_minute
        if learnt and not 0 < total < learnt:
            total = learnt
        active = [other for other in self.lanes.values() if other.feeds and not other.closed]
        if not total or len(active) < 2 or lane not in active:
            return lane.limits
        rates = allocate(total, [(other.limits.per_minute, 1 / other.stride) for other in active])
        return replace(lane.limits, per_minute=rates[active.index(lane)])

    @property
    def per_second(self) -> float:
        """Messages accepted lately."""
        now = monotonic()
        return sum(lane.meter.per_minute(now) for lane in self.lanes.values()) / 60

    def _on_step(self) -> None:
        """The rate is another one: slots that were granted before it are void."""
        for lane in self.lanes.values():
            lane.unspent += lane.slots.drop()
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

    def _pick(self, now: float) -> tuple[Lane, Feed] | None:
        """The lane whose turn it is among those with a row and a due slot; it has paid with the slot."""
        soonest: float | None = None
        for place, lane in enumerate(self._order):
            if lane.closed or lane.beginning.reporting or (lane.closes_at is not None and now >= lane.closes_at):
                continue
            feed = lane.front()
            if feed is None:
                continue
            at = lane.slots.next_at(now)
            if at is None or at > now:
                lane.limited = bool(lane.limits.per_second or lane.limits.batch_size)
            if at is None:
                continue
            if at > now:
                soonest = at if soonest is None else min(at, soonest)
                continue
            if not lane.slots.take(now):  # what was due turned out to be too late
                following = lane.slots.next_at(now)
                self._wake_at(now + 0.001 if following is None else max(following, now + 0.0005))
                return None
            self._order.serve(place, 0 if lane.limited else CATCH_UP)  # its own limits are no reason to hurry
            lane.limited = False
            return lane, feed
        if soonest is not None:
            self._wake_at(soonest)
        return None

    def take(self) -> Outgoing | None:
        """See Source."""
        if self.slowing.waiting or self._desk.is_stuck():
            return None
        while True:
            picked = self._pick(monotonic())
            if picked is None:
                return None
            lane, feed = picked
            item = feed.rows.popleft()
            if len(feed.rows) < lane.chunk // 2 + 1 and not feed.exhausted and not feed.reading:
                self._desk.refill(lane, feed)
            try:
                outgoing = lane.make(item)
            except LeftOut as left_out:
                self._leave_out(lane, item, left_out)
                if left_out.stops:
                    self._desk.campaign_trouble(lane, left_out.detail)
                continue
            item.step = self.slowing.step
            feed.in_flight += 1
            lane.in_flight += 1
            self._items[item.row.id] = (item, lane)
            if not feed.rows:
                feed.check()
            return outgoing

    def _leave_out(self, lane: Lane, item: Item, why: LeftOut) -> None:
        outcome = self._outcome(item, _S.SKIPPED, why.reason, why.detail)
        outcome.attempts = item.row.attempts
        self._desk.outcome(outcome)
        lane.last.append((item, outcome))
        lane.dirty = True
        item.feed.check()

    def handed_over(self, key: int) -> None:
        """See Source."""
        item = self._items[key][0]
        item.handed = True
        item.feed.region.mark(item.slot, State.HANDED_OVER)

    def settled(self, key: int, result: Result) -> None:
        """See Source."""
        item, lane = self._items.pop(key)
        feed = item.feed
        feed.in_flight -= 1
        lane.in_flight -= 1
        lane.dirty = True
        outcome: Outcome | None
        if result.verdict is Verdict.ACCEPTED:
            feed.region.mark(item.slot, State.ACCEPTED)
            if self._failures:
                self._works()
            self.slowing.success(key)
            outcome = self._outcome(item, _S.SENT, Reason.NONE, result.response)
            lane.meter.add(1, monotonic())
            if lane.beginning.is_open and lane.beginning.note_accepted():
                self._desk.spawn(brake.report(self._desk, lane, self.wake))
        else:
            outcome = self._not_accepted(item, lane, result)
        if outcome is not None:
            self._desk.outcome(outcome)
            lane.last.append((item, outcome))
        if result.account_trouble and not result.throttled:
            self._trouble(key, result)
        if not feed.rows:
            feed.check()

    def _outcome(self, item: Item, status: DeliveryStatus, reason: Reason, response: str) -> Outcome:
        row, hold = item.row, item.feed.hold
        return Outcome(
            delivery_id=row.id,
            campaign_id=hold.campaign_id,
            lease_id=hold.lease_id,
            status=status,
            at=clock.now(),
            domain=row.domain,
            before=row.attempts,
            attempts=row.attempts + 1,
            reason=reason,
            response=response.replace("\0", "")[:500],
        )

    def _not_accepted(self, item: Item, lane: Lane, result: Result) -> Outcome | None:
        region, verdict = item.feed.region, result.verdict
        if result.throttled and verdict in (Verdict.TEMPORARY, Verdict.NOT_TRIED):
            return self._pushed_back(item, lane, result)
        if verdict is Verdict.NOT_TRIED:
            if result.rule and self.slowing.is_about(item.row.id):  # its server alone refuses the account
                return self._put_off(item, replace(result, reason=Reason.SENDER_REFUSED))
            item.tries += 1
            if item.tries >= MOST_TRIES:
                self._count(result.response)
            item.feed.put_back(item, last=bool(result.rule))
            return None
        if verdict is Verdict.PERMANENT:
            region.mark(item.slot, State.REFUSED)
            self._works()
            self._refused(item.row.id, lane, result)
            return self._outcome(item, _S.FAILED, result.reason or Reason.REFUSED, result.response)
        if verdict is Verdict.TEMPORARY:
            return self._put_off(item, result)
        return self._outcome(item, _S.UNCERTAIN, result.reason or Reason.CONNECTION_LOST, result.response)

    def _refused(self, key: int, lane: Lane, result: Result) -> None:
        """For good: the first of a campaign may be what stops it, and an address may be none."""
        beginning = lane.beginning
        if result.is_dead:
            lane.dead.append(key)
        if beginning.is_open:
            if beginning.note_refused(result):
                self._desk.spawn(brake.report(self._desk, lane, self.wake))
        elif lane.dead and not (lane.suppressing or beginning.tripped):
            self._desk.spawn(brake.suppress(self._desk, lane))

    def _pushed_back(self, item: Item, lane: Lane, result: Result) -> Outcome | None:
        """Too fast: nobody pays for that, the message waits in line for a slot of the lower rate.

        It was refused, so it is certainly not sent, and if this worker dies it is pending as before.
        """
        if self.slowing.is_about(item.row.id):
            return self._put_off(item, result)
        lane.unspent += 1
        is_signal = self.slowing.is_signal(item.step)
        item.feed.put_back(item, last=True)
        if is_signal:
            slowing = brake.slow_down(self.slowing, self.account_id, self.per_second, result.response)
            self._desk.spawn(slowing)
        return None

    def _put_off(self, item: Item, result: Result) -> Outcome:
        at = clock.now()
        following = retry.next_attempt(self._retry, item.row.attempts + 1, at, result.retry_after)
        if following is None:
            item.feed.region.mark(item.slot, State.REFUSED)
            return self._outcome(item, _S.FAILED, Reason.RETRIES_USED_UP, result.response)
        item.feed.region.mark(item.slot, State.PUT_OFF)
        outcome = self._outcome(item, _S.PENDING, result.reason or Reason.TEMPORARY, result.response)
        outcome.next_attempt_at = following
        return outcome

    def _works(self) -> None:
        self._failures = 0
        self._blamed.clear()

    def _trouble(self, key: int, result: Result) -> None:
        """One name at which a server hangs up, again and again, is no reason to stop all others."""
        if result.reason is Reason.CONNECTION_LOST:
            self._blamed[key] += 1
            if self._blamed[key] >= TROUBLE_AT:
                return
        self._count(result.response)

    def _count(self, words: str) -> None:
        self._failures += 1
        if self._failures >= TROUBLE_AT:
            self._works()
            self._desk.account_trouble(self.account_id, words)
