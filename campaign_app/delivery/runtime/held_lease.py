"""A lease in this worker's hands: its rows, which of them are under way, and when it can be given back."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from campaign_app.delivery.ledger.journal import Region, State
from campaign_app.delivery.ledger.lease_store import LEASE_TTL_S, LeaseHandle, Row

FENCE_S = 5.0  # stop taking this long before the lease could be taken for abandoned


class QueuedRow:
    """A row on its way."""

    __slots__ = ("handed", "lease", "row", "slot", "step", "tries")

    def __init__(self, row: Row, lease: "HeldLease", slot: int) -> None:
        self.row = row
        self.lease = lease
        self.slot = slot
        self.handed = False
        self.tries = 0
        self.step = 0  # of the account's push-back, when it was taken


class HeldLease:
    """One held lease. `on_empty` is called once, when nothing is left to take and nothing is under way."""

    def __init__(
        self, handle: LeaseHandle, region: Region, now: float, on_empty: Callable[["HeldLease"], None]
    ) -> None:
        self.handle = handle
        self.region = region
        self.rows: deque[QueuedRow] = deque()
        self.after_id = handle.first_id - 1
        self.exhausted = False
        self.reading = False
        self.in_flight = 0
        self.lost = False
        self.attended = False  # a job waits for it; it goes on without one
        self.valid_until = now + LEASE_TTL_S - FENCE_S
        self.all_taken = asyncio.Event()
        self._on_empty = on_empty
        self.ended = False

    def extend(self, rows: Sequence[Row], read_through_id: int) -> None:
        """More rows, in the order of their ids, and how far the lease has been read."""
        self.after_id = read_through_id
        if read_through_id >= self.handle.last_id:
            self.exhausted = True
        if self.all_taken.is_set():  # stopped while they were being read
            return
        first = self.region.append([(row.id, row.attempts) for row in rows])
        self.rows.extend(QueuedRow(row, self, first + n) for n, row in enumerate(rows))
        self.check()

    def beat(self, now: float) -> None:
        """The database was asked at `now` (clock.steady), and has confirmed that the lease is ours."""
        self.valid_until = max(self.valid_until, now + LEASE_TTL_S - FENCE_S)

    def stop(self) -> None:
        """Take nothing more; what is not under way stays pending."""
        self.rows.clear()
        self.exhausted = True
        self.check()

    def withdraw(self) -> list[tuple[int, int]]:
        """The lease was lost: (id, attempts) of the rows that nobody has taken, and that are not going to be taken."""
        left = [(item.row.id, item.row.attempts) for item in self.rows]
        for item in self.rows:
            self.region.mark(item.slot, State.WITHDRAWN)
        self.stop()
        return left

    def put_back(self, item: QueuedRow, *, last: bool = False) -> None:
        """A row that was certainly not sent can be taken again, next or last, unless the feed has ended."""
        if item.handed:  # and refused since
            self.region.mark(item.slot, State.NONE)
            item.handed = False
        if self.all_taken.is_set():
            return
        if last:
            self.rows.append(item)
        else:
            self.rows.appendleft(item)

    def check(self) -> None:
        """See whether it has ended."""
        if self.rows or not self.exhausted:
            return
        if self.in_flight == 0:
            self.all_taken.set()
            if not self.ended:
                self.ended = True
                self._on_empty(self)
        elif not self.all_taken.is_set():
            self.all_taken.set()
