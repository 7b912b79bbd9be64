"""A campaign within this worker: its leases, its send slots, its message."""

import math
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from time import monotonic
from typing import Any

from campaign_app.channels.base import Composer, Envelope, Outgoing
from campaign_app.channels.content import Message
from campaign_app.core import clock
from campaign_app.core.rate_limit import Limits
from campaign_app.delivery.launch.recipients import SUPPRESSED
from campaign_app.delivery.launch.refusals import FirstMessages
from campaign_app.delivery.ledger.outcome import Outcome
from campaign_app.delivery.runtime.held_lease import HeldLease, LeasePhase, QueuedRow
from campaign_app.delivery.runtime.meter import LAST_KEPT, Meter
from campaign_app.delivery.runtime.slots import Slots
from campaign_app.delivery.runtime.slow_render import TOO_SLOW, SlowRenderWatch
from campaign_app.kit import transitions
from campaign_app.models.delivery import Reason
from campaign_app.models.suppression import SuppressionReason
from campaign_app.rendering.errors import RenderError, TooSlow
from campaign_app.rendering.links import Addresses, Made
from campaign_app.rendering.templating import context_for

CHUNK = 250
LEAST = 100
AHEAD_S = 0.05
_EDITED = ("version", "message", "addresses", "composer", "sender", "common", "limits", "stride")


class RunnerState(StrEnum):
    """Whether a campaign's messages may be taken."""

    SENDING = "sending"
    WAITING = "waiting"  # until a limit or a sending window lets it go on
    CLOSED = "closed"  # paused or cancelled


R = RunnerState
STATES: Mapping[RunnerState, frozenset[RunnerState]] = {
    R.SENDING: frozenset({R.WAITING, R.CLOSED}),
    R.WAITING: frozenset({R.SENDING, R.WAITING, R.CLOSED}),
    R.CLOSED: frozenset({R.SENDING, R.CLOSED}),
}


class SkipRecipient(Exception):
    """This recipient gets no message, and why."""

    def __init__(self, reason: Reason, detail: str = "", *, stops: bool = False) -> None:
        super().__init__(detail or reason.label)
        self.reason = reason
        self.detail = detail
        self.stops = stops  # stop the campaign: each message would block the whole worker


class CampaignRunner:
    """One running campaign. `version` changes when campaign or account were edited.

    `turn`, `stride` and `limited` are the fair scheduler's; all else is written here.
    """

    def __init__(
        self,
        campaign_id: int,
        version: object,
        *,
        message: Message,
        composer: Composer,
        sender: str,
        common: Mapping[str, Any],
        base: str,
        limits: Limits,
        priority: int,
        counted_from: datetime | None = None,
    ) -> None:
        self.campaign_id = campaign_id
        self.version = version
        self.message = message
        self.addresses = Addresses(len(message.links), message.reads, base, message.personal)
        self.composer = composer
        self.sender = sender
        self.common = dict(common)
        self.limits = limits
        self.stride = 2.0 ** (priority - 5)  # priority 1 gets sixteen turns where 5 gets one; nobody gets none
        self.turn = 0.0
        self.limited = False  # passed over because its limits gave it no slot
        self.leases: deque[HeldLease] = deque()
        self.settling: set[HeldLease] = set()
        self.slots = Slots()
        self.first_messages = FirstMessages(counted_from)
        self.in_flight = 0
        self.state = R.SENDING
        self.resume_at: datetime | None = None  # while WAITING
        self.meter = Meter()
        self.last: deque[tuple[QueuedRow, Outcome]] = deque(maxlen=LAST_KEPT)
        self.changed = True  # since progress was last reported
        self._window_ends = math.inf
        self._batches = 0
        self._idle_since = 0.0
        self.chunk = LEAST
        self.watch = SlowRenderWatch()

    def adopt(self, newer: "CampaignRunner") -> None:
        """Campaign or account were edited: new messages follow, messages under way stay as they are."""
        for name in _EDITED:
            setattr(self, name, getattr(newer, name))
        if self.first_messages.since != newer.first_messages.since:  # a person resumed what the brake had stopped
            self.first_messages = newer.first_messages

    # ── its state ──

    def open(self, window_ends: float = math.inf) -> None:
        """Allow sending until the sending window ends (monotonic seconds)."""
        if self.state is not R.SENDING:
            self._enter(R.SENDING)
        self.resume_at, self._window_ends = None, window_ends

    def wait_until(self, at: datetime) -> int:
        """Wait for a limit or window until `at`. Returns how many slots are not used."""
        if self.state is R.CLOSED:
            return 0
        self._enter(R.WAITING)
        self.resume_at = at
        return self.stop()

    def close(self) -> int:
        """Stop because of a pause or cancel. Returns how many slots are not used."""
        self._enter(R.CLOSED)
        self.resume_at = None
        return self.stop()

    def _enter(self, state: RunnerState) -> None:
        transitions.check(STATES, self.state, state)
        self.state = state

    def may_take(self, now: float) -> bool:
        """Whether a message may be taken now (monotonic seconds)."""
        return self.state is not R.CLOSED and now < self._window_ends and not self.first_messages.reporting

    def is_outside_window(self, now: float) -> bool:
        """Its sending window has ended, and it still has leases."""
        return now >= self._window_ends and bool(self.leases)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """A job sends of it."""
        self._batches += 1
        try:
            yield
        finally:
            self._batches -= 1
            self._idle_since = monotonic()

    def is_idle(self, since: float) -> bool:
        """Whether nothing of it is here and no job has run since then (monotonic seconds)."""
        busy = self.leases or self.settling or self._batches or self.in_flight
        return not busy and self._idle_since < since

    # ── its leases ──

    def add(self, lease: HeldLease) -> bool:
        """A lease was claimed for it; False when it was stopped meanwhile."""
        if self.state is not R.SENDING:
            return False
        self.leases.append(lease)
        return True

    def forget(self, lease: HeldLease) -> None:
        """The lease was released."""
        self.settling.discard(lease)
        if lease in self.leases:
            self.leases.remove(lease)
        self.changed = True

    def ahead(self) -> int:
        """How many rows to read now (also kept as `chunk`).

        Few, because rows that were read become uncertain when a host and its journal are lost. Enough for half a second
        of a limited campaign, or for the time between two writes, so that sending does not wait for rows.
        """
        rate = self.limits.per_second
        if rate:
            self.chunk = max(1, min(CHUNK, int(rate / 2)))
        else:
            self.chunk = max(LEAST, min(CHUNK, int(self.meter.per_minute(monotonic()) / 60 * AHEAD_S)))
        return self.chunk

    @property
    def wants(self) -> int:
        """Messages that could go now."""
        return sum(len(lease.rows) for lease in self.leases)

    def front(self) -> HeldLease | None:
        """The first lease that has a row. Leases without rows move to `settling`."""
        leases, now = self.leases, clock.steady()
        while leases:
            lease = leases[0]
            if lease.rows:
                return lease if now < lease.valid_until else None
            if lease.phase is LeasePhase.READING:
                return next((other for other in leases if other.rows and now < other.valid_until), None)
            self.settling.add(leases.popleft())
        return None

    def stop(self) -> int:
        """Take nothing more from any lease. Returns how many slots are not used."""
        for lease in list(self.leases):
            lease.stop()
        self.settling.update(self.leases)
        self.leases.clear()
        return self.slots.drop()

    # ── its messages ──

    def begin(self) -> None:
        """A message is under way."""
        self.in_flight += 1

    def settle(self) -> None:
        """A message has its answer."""
        self.in_flight -= 1
        self.changed = True

    def note(self, item: QueuedRow, outcome: Outcome) -> None:
        """Keep an outcome among the last ones, for progress."""
        self.last.append((item, outcome))
        self.changed = True

    def mark_changed(self) -> None:
        """Progress has not been reported yet."""
        self.changed = True

    def take_changed(self) -> bool:
        """Whether something has changed since this was asked last."""
        changed, self.changed = self.changed, False
        return changed

    def make(self, item: QueuedRow) -> Outgoing:
        """This recipient's message, complete.

        Raises:
            SkipRecipient: it cannot or must not be made.
        """
        row = item.row
        if row.contact is None:
            raise SkipRecipient(Reason.CONTACT_DELETED)
        if row.suppressed is not None:
            raise SkipRecipient(SUPPRESSED[SuppressionReason(row.suppressed)])
        try:
            context = context_for(row.contact)
        except (RenderError, ValueError) as error:
            raise SkipRecipient(Reason.RENDER_ERROR, str(error)[:500]) from None
        missing = self.message.missing(context)
        if missing:
            raise SkipRecipient(Reason.MISSING_VARIABLE, ", ".join(sorted(missing))[:500])
        name = context["name"]
        context.update(self.common)
        rendered, made = self._rendered(row.id, context)
        try:
            content = self.composer.compose(
                Envelope(row.id, row.address, name, made.unsubscribe_url, made.token), rendered
            )
        except ValueError as error:
            raise SkipRecipient(Reason.RENDER_ERROR, str(error)[:500]) from None
        return Outgoing(row.id, self.sender, row.address, content)

    def _rendered(self, delivery_id: int, context: dict[str, Any]) -> tuple[Any, Made]:
        watch = self.watch
        watch.start()
        try:
            made = self.addresses.make(delivery_id, self.message.link_values(context))
            context.update(made.variables)
            rendered = self.message.render(context)
        except TooSlow as error:
            raise SkipRecipient(Reason.RENDER_ERROR, str(error)[:500], stops=True) from None
        except (RenderError, ValueError) as error:
            raise SkipRecipient(Reason.RENDER_ERROR, str(error)[:500], stops=watch.is_too_slow()) from None
        if watch.is_too_slow():
            raise SkipRecipient(Reason.RENDER_ERROR, TOO_SLOW, stops=True)
        return rendered, made
