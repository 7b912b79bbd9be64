"""A worker away from the database takes no jobs: those that reach it would miss them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from arq.connections import ArqRedis
from arq.worker import func

from campaign_app.core import db, redis
from campaign_app.delivery.runtime import database_health
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.worker.steady import SteadyWorker
from campaign_app.worker.wrap import logged

pytestmark = pytest.mark.usefixtures("redis_url", "sqlite_database")


class Database:
    """Here, or not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.away, real = False, db.reading

        @asynccontextmanager
        async def reading() -> AsyncIterator[Any]:
            if self.away:
                raise ConnectionRefusedError("no route to host")
            async with real() as session:
                yield session

        monkeypatch.setattr(db, "reading", reading)
        monkeypatch.setattr(database_health, "PROBE_S", 0.02)


@pytest.mark.logs("job failed", "look failed")
async def test_jobs_are_left_to_others_until_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    database, tried = Database(monkeypatch), []
    engine = Engine()
    engine.start()

    async def look(_ctx: dict[str, Any]) -> None:
        tried.append(database.away)
        async with db.reading():
            pass

    pool = ArqRedis(redis.pool())
    jobs = [func(logged(look), name="look", keep_result=0, max_tries=1)]
    here = SteadyWorker(
        functions=jobs, queue_name="q", redis_pool=pool, handle_signals=False, poll_delay=0.01, ctx={"engine": engine}
    )

    async def rounds(count: int) -> None:
        for _ in range(count):
            await here._poll_iteration()
            await asyncio.sleep(0.01)

    database.away = True
    await pool.enqueue_job("look", _queue_name="q")
    await rounds(10)
    assert tried == [True]
    await pool.enqueue_job("look", _queue_name="q")
    await rounds(10)
    assert tried == [True]
    assert await pool.zcard("q") == 1  # another worker can have it
    database.away = False
    async with asyncio.timeout(5):
        while engine.database_health.away:  # noqa: ASYNC110  (its probe: nothing to wait on)
            await asyncio.sleep(0.01)
    await rounds(10)
    assert tried == [True, False]
    await engine.drain(1.0)
    await engine.close()
