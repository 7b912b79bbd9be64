"""The fast path on SQLite: requests to the ledger's own process, answered in their order."""

import asyncio
import contextlib
import pickle
import socket
import sqlite3
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import make_url

from campaign_app.core.config import ROOT, settings
from campaign_app.core.db import SQLITE_BUSY_TIMEOUT_MS, SQLITE_CACHE_KB
from campaign_app.delivery.ledger.lease_store import (
    ANY_TIME,
    LEASE_TTL_S,
    ClaimedLease,
    LeaseHandle,
    LeaseOwner,
    Row,
    WriteBatch,
    WriteResult,
    make_row,
)
from campaign_app.delivery.ledger.outcome import tally
from campaign_app.delivery.ledger.sqlite_ledger import Done, Moment, Order
from campaign_app.delivery.ledger.sqlite_process import LENGTH, Answer, frame
from campaign_app.models.delivery import DeliveryStatus

_END_S = 5.0


class LedgerGone(ConnectionError):
    """The ledger's process ended; whether its last transaction is in the database has to be looked up."""


def to_text(at: datetime) -> Moment:
    """As SQLModel stores it: naive UTC."""
    return at.astimezone(UTC).isoformat(" ", "microseconds")[:26]


def from_text(text: Moment) -> datetime:
    """Back to an aware datetime."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _expiry(at: datetime) -> Moment:
    return to_text(at + timedelta(seconds=LEASE_TTL_S))


def order_of(write: WriteBatch, at: datetime) -> Order:
    """A write in the ledger's columns."""
    order = Order(to_text(at), _expiry(at), write.handles, write.finished)
    order.leases = {outcome.lease_id for outcome in write.outcomes}
    for outcome in write.outcomes:
        row = (outcome.delivery_id, outcome.before, to_text(outcome.at), outcome.response)
        if outcome.status is DeliveryStatus.SENT:
            order.sent.append(row)
        else:
            following = outcome.next_attempt_at and to_text(outcome.next_attempt_at)
            order.other.append((*row, outcome.status.value, outcome.reason.value, outcome.attempts, following))
    total = tally(write.outcomes)
    order.counters = {
        campaign: {status.value: amount for status, amount in changes.items()}
        for campaign, changes in total.counters.items()
    }
    order.minutes = [(campaign, to_text(minute), *counts) for (campaign, minute), counts in total.minutes.items()]
    order.domains = [(*key, *counts) for key, counts in total.domains.items()]
    return order


class _Line(asyncio.Protocol):
    """Our end of the socket."""

    def __init__(self) -> None:
        self.waiting: deque[asyncio.Future[Any]] = deque()
        self.transport: asyncio.Transport | None = None
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= LENGTH.size:
            end = LENGTH.size + LENGTH.unpack_from(self._buffer)[0]
            if len(self._buffer) < end:
                return
            answer = pickle.loads(memoryview(self._buffer)[LENGTH.size : end])  # noqa: S301  (our own child's)
            del self._buffer[:end]
            self._settle(answer)

    def _settle(self, answer: Answer) -> None:
        future = self.waiting.popleft()
        failed, value = answer
        if future.done():
            return
        if failed:
            future.set_exception(sqlite3.OperationalError(failed))
        else:
            future.set_result(value)

    def connection_lost(self, _error: Exception | None) -> None:
        self.transport = None
        while self.waiting:
            future = self.waiting.popleft()
            if not future.done():
                future.set_exception(LedgerGone("the ledger's process ended"))


class SqliteLeaseStore:
    """The worker's side. The process starts with the first request, and again after it has ended."""

    def __init__(self, keep_open: Sequence[int] = ()) -> None:
        self._path = make_url(settings().database).database or ":memory:"
        self._keep_open = tuple(keep_open)
        self._line: _Line | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = asyncio.Lock()

    async def _open(self) -> _Line:
        async with self._starting:
            if self._line is None or self._line.transport is None:
                self._reap()
                loop = asyncio.get_running_loop()
                _, self._line = await loop.create_connection(_Line, sock=self._start())
                assert self._line.transport is not None
                opening = (self._path, SQLITE_BUSY_TIMEOUT_MS / 1000, SQLITE_CACHE_KB, to_text(ANY_TIME))
                self._line.transport.write(frame(opening))
        return self._line

    def _start(self) -> socket.socket:
        """A new process; our end of the socket."""
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "campaign_app.delivery.ledger.sqlite_process", str(theirs.fileno())]
            keep = (theirs.fileno(), *self._keep_open)
            self._process = subprocess.Popen(command, pass_fds=keep, cwd=ROOT)  # noqa: S603  (our own module)
        return ours

    def _reap(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def _ask(self, name: str, *arguments: Any) -> Any:
        line = await self._open()
        if line.transport is None:
            raise LedgerGone("the ledger's process ended")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        line.waiting.append(future)
        line.transport.write(frame((name, arguments)))
        return await future

    async def claim(self, campaign_id: int, owner: LeaseOwner, rows: int, at: datetime) -> ClaimedLease | None:
        """See Store."""
        found = await self._ask("claim", campaign_id, owner, rows, to_text(at), _expiry(at))
        if found is None:
            return None
        handle, read, read_through = found
        return ClaimedLease(handle, read_through, [make_row(raw) for raw in read])

    async def read_more(
        self, handle: LeaseHandle, after_id: int, rows: int, at: datetime
    ) -> tuple[list[Row], int] | None:
        """See Store."""
        found = await self._ask("read_more", handle, after_id, rows, to_text(at), _expiry(at))
        return None if found is None else ([make_row(raw) for raw in found[0]], found[1])

    async def write(self, write: WriteBatch, at: datetime) -> WriteResult:
        """See Store."""
        done: Done = await self._ask("write", order_of(write, at))
        reopened = {lease: from_text(text) if text else None for lease, text in done.reopened.items()}
        return WriteResult(done.lost, reopened, done.disputed)

    async def close(self) -> None:
        """See Store. What was asked for before is done first."""
        if self._line is not None and self._line.transport is not None:
            self._line.transport.close()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._process.wait, _END_S)
            self._reap()
        self._line = self._process = None
