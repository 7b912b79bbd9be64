"""A running job costs no questions; a waiting one is found."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from arq.connections import ArqRedis
from arq.worker import Worker, func

from campaign_app.core import redis
from campaign_app.worker import picking
from campaign_app.worker.picking import Picker

QUEUE = "test:picking"


@pytest.fixture
async def pool(redis_url: str) -> ArqRedis:
    return ArqRedis(redis.pool())


def worker(pool: ArqRedis, job: Any, **more: Any) -> Picker:
    settings = {"queue_name": QUEUE, "redis_pool": pool, "handle_signals": False, "poll_delay": 0.01, "keep_result": 0}
    return Picker(functions=[func(job, name="job", timeout=60)], **{**settings, **more})


async def commands(pool: ArqRedis) -> int:
    """Questions about single jobs so far, by Redis's own count."""
    found = await pool.info("commandstats")
    return int(found.get("cmdstat_watch", {}).get("calls", 0))


async def test_a_running_job_is_not_asked_about(pool: ArqRedis) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def job(_ctx: dict) -> None:
        started.set()
        await go_on.wait()

    await pool.enqueue_job("job", _queue_name=QUEUE)
    here = worker(pool, job)
    running = asyncio.create_task(here.main())
    await started.wait()
    before = await commands(pool)
    for _ in range(20):
        await here._poll_iteration()
    assert await commands(pool) == before
    go_on.set()
    running.cancel()
    await asyncio.gather(running, *here.tasks.values(), return_exceptions=True)


async def test_another_workers_job_is_asked_about_once_a_second(
    pool: ArqRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = 100.0
    monkeypatch.setattr(picking, "monotonic", lambda: at)
    seen: list[str] = []

    async def job(ctx: dict) -> None:
        seen.append(ctx["job_id"])

    made = await pool.enqueue_job("job", _queue_name=QUEUE, _job_id="theirs")
    assert made is not None
    await pool.set("arq:in-progress:theirs", b"1")
    here = worker(pool, job)
    await here._poll_iteration()
    before = await commands(pool)
    await here._poll_iteration()
    assert await commands(pool) == before
    await pool.delete("arq:in-progress:theirs")  # it was given back
    at += picking.ELSEWHERE_S + 0.1
    await here._poll_iteration()
    await asyncio.gather(*here.tasks.values())
    assert seen == ["theirs"]


async def test_where_one_start_fails_the_others_are_known(pool: ArqRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Worker.start_jobs

    async def start(self: Worker, job_ids: list[bytes]) -> None:
        if job_ids == [b"bad"]:
            raise ConnectionError
        await asyncio.sleep(0.01)
        await original(self, job_ids)

    async def job(_ctx: dict) -> None:
        return None

    monkeypatch.setattr(Worker, "start_jobs", start)
    names = ["bad", "one", "two"]
    for name in names:
        await pool.enqueue_job("job", _job_id=name, _queue_name=QUEUE)
    here = worker(pool, job)
    here.loop = asyncio.get_running_loop()
    with pytest.raises(ConnectionError):
        await here.start_jobs([name.encode() for name in names])
    assert set(here.tasks) == {"one", "two"}
    await asyncio.gather(*here.tasks.values())


async def test_many_at_once_are_run_once_each_and_never_more_than_allowed(pool: ArqRedis) -> None:
    runs: Counter[int] = Counter()
    running = most = 0

    async def job(_ctx: dict, number: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        runs[number] += 1
        await asyncio.sleep(0.01)
        running -= 1

    for number in range(60):
        await pool.enqueue_job("job", number, _queue_name=QUEUE)
    both = [worker(pool, job, max_jobs=10, burst=True) for _ in range(2)]
    await asyncio.gather(*(one.main() for one in both))
    assert runs == dict.fromkeys(range(60), 1)
    assert most <= 20
