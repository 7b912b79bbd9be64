"""The lease store on SQLite: requests to the ledger's own process, answered in their order."""

import asyncio
import contextlib
import pickle
import socket
import sqlite3
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import make_url

from campaign_app.core.config import ROOT, settings
from campaign_app.core.db import SQLITE_BUSY_TIMEOUT_MS, SQLITE_CACHE_KB
from campaign_app.delivery.ledger import encoding, sql_sqlite
from campaign_app.delivery.ledger.lease_store import (
    ClaimedLease,
    LeaseHandle,
    LeaseOwner,
    Row,
    WriteBatch,
    WriteResult,
    make_row,
)
from campaign_app.delivery.ledger.sqlite_process import LENGTH, Answer, frame

_END_S = 5.0


class LedgerGone(ConnectionError):
    """The ledger's process ended. Its last transaction may or may not be in the database."""


class _Connection(asyncio.Protocol):
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
        self._connection: _Connection | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = asyncio.Lock()

    async def _open(self) -> _Connection:
        async with self._starting:
            if self._connection is None or self._connection.transport is None:
                self._reap()
                loop = asyncio.get_running_loop()
                _, self._connection = await loop.create_connection(_Connection, sock=self._start())
                assert self._connection.transport is not None
                opening = (self._path, SQLITE_BUSY_TIMEOUT_MS / 1000, SQLITE_CACHE_KB)
                self._connection.transport.write(frame(opening))
        return self._connection

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
        connection = await self._open()
        if connection.transport is None:
            raise LedgerGone("the ledger's process ended")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        connection.waiting.append(future)
        connection.transport.write(frame((name, arguments)))
        return await future

    async def claim(self, campaign_id: int, owner: LeaseOwner, rows: int, at: datetime) -> ClaimedLease | None:
        """See LeaseStore."""
        found = await self._ask("claim", campaign_id, owner, rows, sql_sqlite.clock(at))
        if found is None:
            return None
        handle, read, read_through = found
        return ClaimedLease(handle, read_through, [make_row(raw) for raw in read])

    async def read_more(
        self, handle: LeaseHandle, after_id: int, rows: int, at: datetime
    ) -> tuple[list[Row], int] | None:
        """See LeaseStore."""
        found = await self._ask("read_more", handle, after_id, rows, sql_sqlite.clock(at))
        return None if found is None else ([make_row(raw) for raw in found[0]], found[1])

    async def write(self, batch: WriteBatch, at: datetime) -> WriteResult:
        """See LeaseStore."""
        result: WriteResult = await self._ask("write", encoding.encode(sql_sqlite, batch, at))
        result.reopened = {lease_id: sql_sqlite.read_time(text) for lease_id, text in result.reopened.items()}
        return result

    async def close(self) -> None:
        """See LeaseStore. Earlier requests are answered first."""
        if self._connection is not None and self._connection.transport is not None:
            self._connection.transport.close()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._process.wait, _END_S)
            self._reap()
        self._connection = self._process = None
