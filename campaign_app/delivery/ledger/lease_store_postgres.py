"""The lease store on PostgreSQL: the ledger's algorithms over asyncpg."""

import asyncio
from datetime import datetime
from typing import Any, TypeVar

import asyncpg

from campaign_app.core import db
from campaign_app.core.config import settings
from campaign_app.delivery.ledger import encoding, sql_postgres, writing
from campaign_app.delivery.ledger.lease_store import (
    ClaimedLease,
    LeaseHandle,
    LeaseOwner,
    Row,
    WriteBatch,
    WriteResult,
    make_row,
)
from campaign_app.delivery.ledger.steps import Steps

_ACQUIRE_S = 10
_IDLE_S = 10  # between two statements of a transaction, which follow one another within milliseconds
T = TypeVar("T")


class PostgresLeaseStore:
    """A small pool of its own; connections come back by themselves when the server does."""

    def __init__(self) -> None:
        self._dsn = settings().database.replace("postgresql+asyncpg://", "postgresql://", 1)
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()

    async def _open(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._dsn,
                    min_size=1,
                    max_size=6,
                    command_timeout=30,
                    server_settings=db.notice_dead_clients(_IDLE_S),
                )
        return self._pool

    async def _run(self, steps: Steps[T]) -> T:
        async with (await self._open()).acquire(timeout=_ACQUIRE_S) as connection, connection.transaction():
            return await _drive(connection, steps)

    async def claim(self, campaign_id: int, owner: LeaseOwner, rows: int, at: datetime) -> ClaimedLease | None:
        """See LeaseStore."""
        found = await self._run(writing.claim(sql_postgres, campaign_id, owner, rows, sql_postgres.clock(at)))
        if found is None:
            return None
        handle, read, read_through = found
        return ClaimedLease(handle, read_through, [make_row(raw) for raw in read])

    async def read_more(
        self, handle: LeaseHandle, after_id: int, rows: int, at: datetime
    ) -> tuple[list[Row], int] | None:
        """See LeaseStore."""
        found = await self._run(writing.read_more(sql_postgres, handle, after_id, rows, sql_postgres.clock(at)))
        return None if found is None else ([make_row(raw) for raw in found[0]], found[1])

    async def write(self, batch: WriteBatch, at: datetime) -> WriteResult:
        """See LeaseStore."""
        try:
            return await self._run(writing.write(sql_postgres, encoding.encode(sql_postgres, batch, at)))
        except writing.Disputed:
            return WriteResult(disputed=True)

    async def close(self) -> None:
        """See LeaseStore."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None


async def _drive(connection: Any, steps: Steps[T]) -> T:
    answer: Any = None
    try:
        while True:
            step = steps.send(answer)
            if step.reads:
                answer = await connection.fetch(step.statement, *step.parameters)
            else:
                answer = int((await connection.execute(step.statement, *step.parameters)).rpartition(" ")[2])
    except StopIteration as end:
        result: T = end.value
        return result
