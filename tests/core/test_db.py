"""The only commit: atomic, jobs after it, readers never write."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import crypto, db, queue
from campaign_app.core import redis as app_redis
from campaign_app.core.config import ROOT
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


@pytest.mark.parametrize("unit_of_work", [db.reading, db.transaction])
async def test_a_task_cancelled_while_it_rolls_back_breaks_no_connection(
    database: str, unit_of_work: Callable[[], AbstractAsyncContextManager[AsyncSession]]
) -> None:
    """A person who closes the tab cancels its handlers; the pool would log a broken connection with its stack."""

    async def work() -> None:
        async with unit_of_work() as session:
            await session.execute(select(Setting))
            raise LookupError

    for engine in {db.engines().read.sync_engine, db.engines().write.sync_engine}:
        event.listen(engine, "rollback", lambda _connection: task.cancel())
        event.listen(engine, "invalidate", lambda *_: pytest.fail("the connection is thrown away"))
    task = asyncio.create_task(work())
    with pytest.raises((asyncio.CancelledError, LookupError)):
        await task
    async with unit_of_work() as session:
        assert (await session.execute(text("SELECT 1"))).scalar_one() == 1


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


async def test_a_vanished_hosts_transaction_holds_its_locks_for_a_moment_only(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "_IDLE_S", 1)
    await db.dispose()
    async with db.transaction() as session:
        session.add(Setting(key="a", value={"n": 1}))
    vanished = db.AsyncSession(db.engines().write)
    (await vanished.exec(select(Setting).with_for_update())).one()  # and then nothing more is heard of it
    async with asyncio.timeout(10), db.transaction() as session:
        setting = (await session.exec(select(Setting).with_for_update())).one()
        setting.value = {"n": 2}
        session.add(setting)
    with pytest.raises(DBAPIError):
        await vanished.commit()
        await vanished.exec(select(Setting))
    await vanished.close()


def test_nobody_else_commits() -> None:
    rooms = ROOT / "campaign_app"
    assert [path.name for path in rooms.rglob("*.py") if ".commit()" in path.read_text()] == ["db.py"]
