"""Jobs are collected while a transaction runs and leave only after its commit."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from arq.connections import ArqRedis
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import redis

WORK = "beacon:work"
SEND = "beacon:send"
_KEY = "jobs"


@dataclass(frozen=True, slots=True)
class Job:
    """A background function's name with its arguments (ids only), when and where it runs."""

    function: str
    queue: str = WORK
    job_id: str | None = None
    defer_until: datetime | None = None
    arguments: dict[str, Any] = field(default_factory=dict)


def collect(
    session: AsyncSession,
    function: str,
    *,
    job_id: str | None = None,
    defer_until: datetime | None = None,
    queue: str = WORK,
    **arguments: Any,
) -> None:
    """Remember a job; `db.transaction` sends it once the transaction is committed."""
    jobs: list[Job] = session.info.setdefault(_KEY, [])
    jobs.append(Job(function, queue, job_id, defer_until, arguments))


def take(session: AsyncSession) -> list[Job]:
    """The jobs collected so far, handed over once."""
    jobs: list[Job] = session.info.pop(_KEY, [])
    return jobs


async def send(jobs: list[Job]) -> None:
    """Enqueue committed jobs. A job id that is already taken is left as it is (deduplication)."""
    if not jobs:
        return
    pool = ArqRedis(redis.pool())
    for job in jobs:
        await pool.enqueue_job(
            job.function,
            _job_id=job.job_id,
            _defer_until=job.defer_until,
            _queue_name=job.queue,
            **job.arguments,
        )
