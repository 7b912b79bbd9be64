"""Drives the ledger's algorithms within a session's transaction."""

from typing import TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import clock, db
from campaign_app.delivery.ledger import encoding, sql_postgres, sql_sqlite, writing
from campaign_app.delivery.ledger.outcome import Tally
from campaign_app.delivery.ledger.steps import Sql, Steps

T = TypeVar("T")


def sql() -> Sql:
    """The statements of the configured database."""
    return sql_postgres if db.is_postgres() else sql_sqlite


async def run(session: AsyncSession, steps: Steps[T]) -> T:
    """The result of an algorithm."""
    await session.flush()
    connection = await session.connection()
    answer = None
    try:
        while True:
            step = steps.send(answer)
            result = await connection.exec_driver_sql(step.statement, tuple(step.parameters))
            answer = result.fetchall() if step.reads else result.rowcount
    except StopIteration as end:
        found: T = end.value
        return found


async def count(session: AsyncSession, total: Tally) -> None:
    """Move the counter rows and the roll-ups."""
    coded = encoding.empty(sql(), clock.now())
    encoding.add_sums(sql(), coded, total)
    await run(session, writing.count(sql(), coded.counters, coded.minutes, coded.domains))
