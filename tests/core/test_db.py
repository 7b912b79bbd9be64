"""The only commit: atomic, jobs after it, readers never write."""

import asyncio

import pytest
from sqlmodel import select

from campaign_app.core import crypto, db, queue
from campaign_app.core import redis as app_redis
from campaign_app.models.setting import Setting
from tests.conftest import count_rows

pytestmark = pytest.mark.usefixtures("redis_url")


async def test_commits_and_reads_back(database: str) -> None:
    async with db.transaction() as session:
        session.add(Setting(key="a", value={"n": 1}))
    async with db.reading() as session:
        assert (await session.exec(select(Setting))).one().value == {"n": 1}


async def test_an_error_rolls_back_and_sends_no_job(database: str) -> None:
    with pytest.raises(RuntimeError):
        async with db.transaction() as session:
            session.add(Setting(key="a"))
            queue.collect(session, "work", number=1)
            raise RuntimeError
    assert await count_rows("setting") == 0
    assert await app_redis.client().zcard(queue.WORK) == 0


async def test_jobs_leave_after_the_commit(database: str) -> None:
    async with db.transaction() as session:
        session.add(Setting(key="a"))
        queue.collect(session, "work", job_id="one", number=1)
        assert await app_redis.client().zcard(queue.WORK) == 0
    assert await app_redis.client().zcard(queue.WORK) == 1


async def test_reading_changes_nothing(sqlite_database: str) -> None:
    async with db.reading() as session:
        session.add(Setting(key="a"))
    assert await count_rows("setting") == 0


async def test_writers_queue_up_instead_of_failing(database: str) -> None:
    async def write(number: int) -> None:
        async with db.transaction() as session:
            await session.exec(select(Setting))
            session.add(Setting(key=str(number)))

    await asyncio.gather(*(write(n) for n in range(20)))
    assert await count_rows("setting") == 20


def test_tokens_are_bound_to_purpose_and_key(var_dir: object) -> None:
    token = crypto.sign("open", b"\x00\x01")
    assert crypto.verify("open", token) == b"\x00\x01"
    assert crypto.verify("click", token) is None
    assert crypto.verify("open", token[:-2] + "AA") is None
    assert crypto.verify("open", "ü") is None
    assert crypto.unseal(crypto.seal("geheim")) == "geheim"
