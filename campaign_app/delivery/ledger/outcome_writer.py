"""Writes outcomes to the database: one transaction every 50 ms or 500 rows, never cancelled.

While the database is away, outcomes stay in memory (and in the journal) and are written when it is back.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from campaign_app.core import clock, db, logging
from campaign_app.delivery.ledger import in_session, settling
from campaign_app.delivery.ledger.lease_store import LeaseHandle, LeaseStore, WriteBatch, WriteResult
from campaign_app.delivery.ledger.outcome import Outcome

FLUSH_S = 0.05
FLUSH_ROWS = 500
FULL_AT = 5_000
BEAT_S = 5.0
_RETRY_S = (0.1, 0.2, 0.5, 1.0)
TROUBLE = (OSError, TimeoutError, sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError)
log = logging.get("delivery")


class LeaseLost(Exception):
    """Another worker has settled the lease and may have it in hand."""


class OutcomeWriter:
    """One per worker. `on_beat` is told the leases that were lost, and when the database was asked (clock.steady): a
    lease is confirmed from the question on, however late the answer comes.
    """

    def __init__(
        self,
        store: LeaseStore,
        handles: Callable[[], Iterable[LeaseHandle]],
        on_beat: Callable[[set[int], float], None],
    ) -> None:
        self._store = store
        self._handles = handles
        self._on_beat = on_beat
        self._waiting: list[Outcome] = []
        self._writing = 0
        self._finishing: list[tuple[LeaseHandle, asyncio.Future[datetime | None]]] = []
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._beat_due = 0.0
        self.failing_since: float | None = None
        self.written = 0

    def start(self) -> None:
        """Begin to flush."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="outcome writer")

    @property
    def unwritten(self) -> int:
        """Outcomes that are not in the database yet."""
        return len(self._waiting) + self._writing

    @property
    def is_full(self) -> bool:
        """So many outcomes wait that nothing more should be sent."""
        return len(self._waiting) >= FULL_AT

    def add(self, outcome: Outcome) -> None:
        """Write an outcome with the next transaction."""
        self._waiting.append(outcome)
        self._idle.clear()
        if len(self._waiting) == 1 or len(self._waiting) == FLUSH_ROWS:
            self._wake.set()

    def finish(self, handle: LeaseHandle) -> "asyncio.Future[datetime | None]":
        """Release a lease after the outcomes added so far. Resolves after the commit to when it is available again
        (None: done), or fails with LeaseLost. Cancelling the future does not stop the write.
        """
        future: asyncio.Future[datetime | None] = asyncio.get_running_loop().create_future()
        self._finishing.append((handle, future))
        self._idle.clear()
        self._wake.set()
        return future

    async def settle(self, timeout_s: float) -> bool:
        """Wait until everything is written. Returns False when it was not in time."""
        self._wake.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), timeout_s)
        return self._idle.is_set()

    async def close(self, timeout_s: float = 5.0) -> bool:
        """Write what is left and stop. Returns False when something could not be written (the journal has it)."""
        done = await self.settle(timeout_s)
        self._closing = True
        self._wake.set()
        if self._task is not None:
            if not done:
                self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        return done

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._closing:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), max(0.05, self._beat_due - loop.time()))
            if len(self._waiting) < FLUSH_ROWS and not self._finishing and not self._closing:
                await asyncio.sleep(FLUSH_S)  # let a batch gather
            self._wake.clear()
            outcomes, self._waiting = self._waiting, []
            finishing, self._finishing = self._finishing, []
            if loop.time() >= self._beat_due and not any(True for _ in self._handles()):
                self._beat_due = loop.time() + BEAT_S
            if outcomes or finishing or loop.time() >= self._beat_due:
                await self._write_until_done(outcomes, finishing)
            if not self._waiting and not self._finishing:
                self._idle.set()

    async def _write_until_done(
        self, outcomes: list[Outcome], finishing: list[tuple[LeaseHandle, "asyncio.Future[datetime | None]"]]
    ) -> None:
        loop = asyncio.get_running_loop()
        attempt, self._writing = 0, len(outcomes)
        finished = [handle for handle, _ in finishing]
        while True:
            handles = {handle.lease_id: handle for handle in [*self._handles(), *finished]}
            began, asked_at = loop.time(), clock.steady()
            try:
                written = await self._write(WriteBatch(outcomes, list(handles.values()), finished))
            except Exception as error:  # the outcomes stay and are written again
                if not isinstance(error, TROUBLE):
                    log.exception("outcomes not written", waiting=len(outcomes))
                if self.failing_since is None:
                    self.failing_since = began
                    log.warning("database away, outcomes wait", waiting=len(outcomes), error=repr(error)[:200])
                await asyncio.sleep(_RETRY_S[min(attempt, len(_RETRY_S) - 1)])
                attempt += 1
                continue
            break
        if self.failing_since is not None:
            log.info("database back, outcomes written", waited_s=round(loop.time() - self.failing_since, 1))
            self.failing_since = None
        self.written, self._writing = self.written + len(outcomes), 0
        self._beat_due = began + BEAT_S
        self._on_beat(written.lost, asked_at)
        for handle, future in finishing:
            if future.done():
                continue
            if handle.lease_id in written.reopened:
                future.set_result(written.reopened[handle.lease_id])
            else:
                future.set_exception(LeaseLost(handle.lease_id))

    async def _write(self, batch: WriteBatch) -> WriteResult:
        at = clock.now()
        result = await self._store.write(batch, at)
        if not result.disputed:
            return result
        log.warning("outcomes settled one by one", count=len(batch.outcomes))
        async with db.transaction() as session:
            return await in_session.run(session, settling.settle_batch(in_session.sql(), batch, at))
