"""Jobs are collected while a transaction runs and leave only after its commit."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix
from arq.utils import timestamp_ms
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import redis

WORK = "beacon:work"
SEND = "beacon:send"
_KEY = "jobs"
_LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True)
class Job:
    """A background function's name with its arguments (ids only), when and where it runs."""

    function: str
    queue: str = WORK
    job_id: str | None = None
    defer_until: datetime | None = None
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Depth:
    """Numbers of jobs in a queue: due and waiting, running, scheduled for later."""

    waiting: int
    running: int
    later: int


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
    """Remove and return the jobs collected so far."""
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


async def depth(name: str) -> Depth:
    """How full a queue is. A job stays in it until it has ended; the oldest 1,000 are asked whether they run."""
    client, now = redis.client(), timestamp_ms()
    pipe = client.pipeline(transaction=False)
    pipe.zcard(name)
    pipe.zrangebyscore(name, "-inf", now, start=0, num=_LOOKED_AT)
    pipe.zcount(name, "-inf", now)
    everything, oldest, due = await pipe.execute()
    keys = [in_progress_key_prefix + job_id.decode() for job_id in oldest]
    running = int(await client.exists(*keys)) if keys else 0
    return Depth(waiting=due - running, running=running, later=everything - due)
