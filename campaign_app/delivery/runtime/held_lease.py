"""A lease in this worker's hands: its rows, which of them are under way, and when it can be released."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from campaign_app.delivery.ledger.journal import Region, State
from campaign_app.delivery.ledger.lease_store import LEASE_TTL_S, LeaseHandle, Row
from campaign_app.kit import transitions

FENCE_S = 5.0  # stop taking this long before the lease could be taken for abandoned


class LeasePhase(StrEnum):
    """How far a lease has come here."""

    READING = "reading"  # some of its rows are only in the database
    READ = "read"  # all its rows are here
    TAKEN = "taken"  # none is left to take, some are under way
    ENDED = "ended"  # none is under way

    @property
    def is_taken(self) -> bool:
        """Nothing of the lease can be taken any more."""
        return self in {LeasePhase.TAKEN, LeasePhase.ENDED}


P = LeasePhase
PHASES: Mapping[LeasePhase, frozenset[LeasePhase]] = {
    P.READING: frozenset({P.READ}),
    P.READ: frozenset({P.TAKEN, P.ENDED}),
    P.TAKEN: frozenset({P.ENDED}),
    P.ENDED: frozenset(),
}


class QueuedRow:
    """A row on its way. `step`: the account's push-back step when the row was taken."""

    __slots__ = ("handed", "lease", "row", "slot", "step", "tries")

    def __init__(self, row: Row, lease: "HeldLease", slot: int) -> None:
        self.row = row
        self.lease = lease
        self.slot = slot
        self.handed = False
        self.tries = 0
        self.step = 0

    def hand_over(self) -> None:
        """From now on the server may have the message."""
        self.handed = True
        self.lease.region.mark(self.slot, State.HANDED_OVER)

    def mark(self, state: State) -> None:
        """Note in the journal what became of it."""
        self.lease.region.mark(self.slot, state)


class HeldLease:
    """One held lease. `on_end` is called once, when nothing is left to take and nothing is under way.

    Written from outside: nothing. Whoever takes rows calls `take`, then `begin` or `leave_out`, then `settle`.
    """

    def __init__(self, handle: LeaseHandle, region: Region, now: float, on_end: Callable[["HeldLease"], None]) -> None:
        self.handle = handle
        self.region = region
        self.rows: deque[QueuedRow] = deque()
        self.after_id = handle.first_id - 1
        self.phase = P.READING
        self.lost = False
        self.in_flight = 0
        self.valid_until = now + LEASE_TTL_S - FENCE_S
        self._on_end = on_end
        self._fetching = False
        self._attended = False
        self._all_taken = asyncio.Event()

    # ── rows come ──

    def wants_rows(self, chunk: int) -> bool:
        """So few rows are left that more should be read now."""
        return self.phase is P.READING and not self._fetching and len(self.rows) < chunk // 2 + 1

    def begin_fetch(self) -> None:
        """More rows are being read."""
        self._fetching = True

    def end_fetch(self) -> None:
        """Reading has ended, whatever came of it."""
        self._fetching = False

    def extend(self, rows: Sequence[Row], read_through_id: int) -> None:
        """More rows, in the order of their ids, and the id through which the lease has been read."""
        self.after_id = read_through_id
        if self.phase is not P.READING:  # stopped while they were being read
            return
        first = self.region.append([(row.id, row.attempts) for row in rows])
        self.rows.extend(QueuedRow(row, self, first + n) for n, row in enumerate(rows))
        if read_through_id >= self.handle.last_id:
            self._enter(P.READ)
        self._look()

    # ── rows go ──

    def take(self) -> QueuedRow:
        """The next row."""
        return self.rows.popleft()

    def begin(self) -> None:
        """A row that was taken is under way."""
        self.in_flight += 1
        if not self.rows:
            self._look()

    def leave_out(self) -> None:
        """A row that was taken gets no message."""
        self._look()

    def settle(self) -> None:
        """A row that was under way has its answer."""
        self.in_flight -= 1

    def settled(self) -> None:
        """What the answer led to has been noted: the lease may have ended."""
        if not self.rows:
            self._look()

    def put_back(self, row: QueuedRow, *, last: bool = False) -> None:
        """A row that was certainly not sent can be taken again, next or last, unless nothing may be taken any more."""
        if row.handed:  # and refused since
            row.mark(State.NONE)
            row.handed = False
        if self.phase.is_taken:
            return
        if last:
            self.rows.append(row)
        else:
            self.rows.appendleft(row)

    # ── it ends ──

    def confirm(self, asked_at: float) -> None:
        """The database was asked at `asked_at` (clock.steady), and has confirmed that the lease is ours."""
        self.valid_until = max(self.valid_until, asked_at + LEASE_TTL_S - FENCE_S)

    def stop(self) -> None:
        """Take nothing more; what is not under way stays pending."""
        self.rows.clear()
        if self.phase is P.READING:
            self._enter(P.READ)
        self._look()

    def lose(self) -> None:
        """Another worker has settled it."""
        self.lost = True

    def withdraw(self) -> list[tuple[int, int]]:
        """It was lost: (id, attempts) of the rows that nobody has taken, and that are not going to be taken."""
        left = [(row.row.id, row.row.attempts) for row in self.rows]
        for row in self.rows:
            row.mark(State.WITHDRAWN)
        self.stop()
        return left

    @property
    def is_free(self) -> bool:
        """There may be something to take, and no job waits for it."""
        return not (self._attended or self.phase.is_taken)

    async def attend(self, seconds: float) -> None:
        """Wait until nothing is left to take, or so long: it goes on by itself, and the next job attends to it."""
        self._attended = True
        try:
            await asyncio.wait_for(self._all_taken.wait(), max(0.0, seconds))
        except TimeoutError:
            pass
        finally:
            self._attended = False

    def _look(self) -> None:
        if self.rows or self.phase in {P.READING, P.ENDED}:
            return
        if self.in_flight == 0:
            self._enter(P.ENDED)
            self._on_end(self)
        elif self.phase is P.READ:
            self._enter(P.TAKEN)

    def _enter(self, phase: LeasePhase) -> None:
        transitions.check(PHASES, self.phase, phase)
        self.phase = phase
        if phase.is_taken:
            self._all_taken.set()
