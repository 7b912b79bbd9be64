"""arq 0.28 says redis<6, Reflex needs redis≥6.4: what we use of arq works with the pair that is locked."""

import asyncio
from datetime import timedelta
from importlib.metadata import version
from typing import Any

import pytest
from arq import Retry
from arq.connections import ArqRedis
from arq.cron import cron
from arq.worker import Worker, func

from campaign_app.core import clock, redis

QUEUE = "test:queue"


@pytest.fixture
async def pool(redis_url: str) -> ArqRedis:
    return ArqRedis(redis.pool())


def worker(pool: ArqRedis, *functions: Any, **more: Any) -> Worker:
    settings = {"queue_name": QUEUE, "redis_pool": pool, "handle_signals": False, "poll_delay": 0.01, "keep_result": 0}
    return Worker(functions=list(functions), **{**settings, **more})


def test_the_locked_pair() -> None:
    assert version("arq") == "0.28.0"
    assert version("redis").startswith("7.4.")


async def test_enqueue_runs_once_with_its_arguments(pool: ArqRedis) -> None:
    seen: list[tuple[int, str]] = []

    async def job(_ctx: dict, number: int, word: str) -> None:
        seen.append((number, word))

    await pool.enqueue_job("job", 1, word="a", _queue_name=QUEUE)
    await worker(pool, func(job, name="job"), burst=True).main()
    assert seen == [(1, "a")]
    assert await pool.zcard(QUEUE) == 0


async def test_retry_until_it_works(pool: ArqRedis) -> None:
    tries: list[int] = []

    async def job(ctx: dict) -> None:
        tries.append(ctx["job_try"])
        if ctx["job_try"] < 3:
            raise Retry(defer=0.01)

    await pool.enqueue_job("job", _queue_name=QUEUE)
    await worker(pool, func(job, name="job", max_tries=5), burst=True).main()
    assert tries == [1, 2, 3]


async def test_deferred_jobs_wait(pool: ArqRedis) -> None:
    seen: list[str] = []
    two = asyncio.Event()

    async def job(_ctx: dict, word: str) -> None:
        seen.append(word)
        if len(seen) == 2:
            two.set()

    await pool.enqueue_job("job", "later", _queue_name=QUEUE, _defer_until=clock.now() + timedelta(hours=1))
    await pool.enqueue_job("job", "soon", _queue_name=QUEUE, _defer_by=timedelta(milliseconds=50))
    await pool.enqueue_job("job", "now", _queue_name=QUEUE)
    running = worker(pool, func(job, name="job"))
    task = asyncio.create_task(running.async_run())
    await asyncio.wait_for(two.wait(), 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert seen == ["now", "soon"]
    assert await pool.zcard(QUEUE) == 1


async def test_a_job_id_is_taken_until_the_job_is_done(pool: ArqRedis) -> None:
    seen: list[int] = []

    async def job(_ctx: dict) -> None:
        seen.append(1)

    assert await pool.enqueue_job("job", _queue_name=QUEUE, _job_id="one") is not None
    assert await pool.enqueue_job("job", _queue_name=QUEUE, _job_id="one") is None
    await worker(pool, func(job, name="job"), burst=True).main()
    assert seen == [1]
    assert await pool.enqueue_job("job", _queue_name=QUEUE, _job_id="one") is not None, "free again: keep_result=0"


async def test_cron_runs_once_for_two_workers(redis_url: str) -> None:
    seen: list[int] = []
    ran = asyncio.Event()

    async def tick(_ctx: dict) -> None:
        seen.append(1)
        ran.set()

    async def one() -> None:
        line = cron(tick, name="cron:tick", run_at_startup=True, month=1, day=1, hour=0, minute=0, second=0)
        line.job_id = "cron:tick:startup"
        await worker(ArqRedis(redis.pool()), cron_jobs=[line]).async_run()

    tasks = [asyncio.create_task(one()) for _ in range(2)]
    await asyncio.wait_for(ran.wait(), 10)
    await asyncio.sleep(0.3)  # long enough for a second run to show itself
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert seen == [1]


async def test_a_worker_reports_its_health(pool: ArqRedis) -> None:
    async def job(_ctx: dict) -> None:
        return None

    await pool.enqueue_job("job", _queue_name=QUEUE)
    running = worker(pool, func(job, name="job"))
    task = asyncio.create_task(running.async_run())
    async with asyncio.timeout(10):
        while not await pool.exists(f"{QUEUE}:health-check"):  # noqa: ASYNC110  (written by the worker, in Redis)
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
