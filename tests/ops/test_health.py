"""Health and check-up: what works, what is missing, and that neither shows secrets."""

import pytest
import sqlalchemy as sa

from campaign_app.channels.email_smtp.settings import Tls
from campaign_app.core import db, redis
from campaign_app.core.config import settings
from campaign_app.ops import checkup, health
from tests.channels.accounts import smtp_row

pytestmark = pytest.mark.usefixtures("redis_url")


async def stamp(revision: str = "") -> None:
    """Write the revisions that migrations write."""
    async with db.engines().write.begin() as connection:
        await connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        for each in [revision] if revision else health.newest_revisions():
            await connection.execute(sa.text("INSERT INTO alembic_version VALUES (:each)"), {"each": each})


async def test_well(database: str) -> None:
    await stamp()
    for key in health.WORKER_KEYS:
        await redis.client().set(key, "j_complete=1", ex=60)
    found = await health.report()
    assert found == health.Health("ok", "ok", "ok", "ok")
    assert found.complete


async def test_without_a_worker_pages_can_be_served(sqlite_database: str) -> None:
    await stamp()
    found = await health.report()
    assert found.worker == "missing"
    assert found.can_serve
    assert not found.complete


async def test_old_schema(sqlite_database: str) -> None:
    await stamp("0123456789ab")
    assert (await health.report()).migrations == "pending"
    states = {f.part: f for f in await checkup.examine()}
    assert states["Migrations"].state == "problem"
    assert states["Migrations"].mend == "./campaign migrate"


async def test_silent_redis_is_named_without_its_address(sqlite_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await redis.dispose()
    monkeypatch.setenv("REDIS_URL", "redis://:hidden@127.0.0.1:1/0")
    settings.cache_clear()
    found = await health.report()
    assert not found.can_serve
    assert "hidden" not in repr(found)


async def test_every_problem_has_a_mend(sqlite_database: str) -> None:
    async with db.transaction() as session:
        server = {"host": "mail.example", "port": 587, "tls": Tls.STARTTLS, "from_address": "n@x.example"}
        session.add(smtp_row(name="News", last_error="535 5.7.8 Wrong password", **server))
    found = await checkup.examine()
    assert {f.part for f in found} >= {"Database", "Migrations", "Redis", "Worker", "Account News", "Clock", "Disk"}
    assert all(f.mend for f in found if f.state != "ok")
    assert next(f for f in found if f.part == "Account News").state == "warning"
