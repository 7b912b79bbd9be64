"""What doctor and the operations page show about processes that hung and about Redis's memory."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from campaign_app.core import clock, db, redis
from campaign_app.core.actor import SYSTEM
from campaign_app.launcher import redis_server
from campaign_app.ops import checkup, hangs, memory, service
from campaign_app.ops.hangs import Hang, Hangs
from campaign_app.ops.memory import Memory

AT = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
HANG = Hang(AT, "web", "here", 41, 15.2, "busy.py, line 7, in work")
MB = 1024**2


async def finding(part: str) -> checkup.Check:
    return next(found for found in await checkup.examine() if found.part == part)


@pytest.mark.usefixtures("sqlite_database", "redis_url")
async def test_hangs_are_counted_and_the_latest_are_kept() -> None:
    assert await hangs.known() == Hangs()
    assert (await finding("Watchdog")).state == "ok"
    await hangs.record([replace(HANG, pid=number, at=clock.now()) for number in range(60)])
    found = await hangs.known()
    assert found.count == 60
    assert [hang.pid for hang in found.latest] == list(range(59, 9, -1))
    said = await finding("Watchdog")
    assert said.state == "warning"
    assert "60 processes hung" in said.words
    assert "web, process 59 on here, in busy.py, line 7, in work" in said.words
    async with db.reading() as session:
        shown = await service.operations(session, SYSTEM)
    assert shown.hangs == found
    assert shown.stores.memory is not None


@pytest.mark.usefixtures("sqlite_database", "redis_url")
async def test_a_hang_of_long_ago_is_told_and_no_warning() -> None:
    await hangs.record([replace(HANG, at=clock.now() - timedelta(days=30))])
    said = await finding("Watchdog")
    assert said.state == "ok"
    assert "1 process hung and was replaced" in said.words


@pytest.mark.parametrize(
    ("found", "faults"),
    [
        (Memory(10 * MB, 100 * MB, "noeviction"), []),
        (Memory(10 * MB, 100 * MB, "allkeys-lru"), [(False, "allkeys-lru")]),
        (Memory(10 * MB, 0, "noeviction"), [(False, "no memory limit")]),
        (Memory(85 * MB, 100 * MB, "noeviction"), [(False, "85 MB of 100 MB")]),
        (Memory(99 * MB, 100 * MB, "noeviction"), [(True, "nothing is queued or sent")]),
        (Memory(10 * MB, 0, "volatile-ttl"), [(False, "volatile-ttl"), (False, "no memory limit")]),
    ],
)
def test_what_is_wrong_with_a_redis(found: Memory, faults: list[tuple[bool, str]]) -> None:
    said = list(memory.faults(found))
    assert [stops for stops, _, _ in said] == [stops for stops, _ in faults]
    assert all(part in words for (_, words, _), (_, part) in zip(said, faults, strict=True))
    assert all(mend for _, _, mend in said)


@pytest.mark.usefixtures("sqlite_database", "redis_url")
async def test_doctor_warns_of_a_server_that_evicts() -> None:
    client = redis.client()
    before = await client.config_get("maxmemory*")
    try:
        await client.config_set("maxmemory", "1gb")
        await client.config_set("maxmemory-policy", "allkeys-lru")
        found = await finding("Redis")
        assert found.state == "warning"
        assert "allkeys-lru" in found.words
        await client.config_set("maxmemory-policy", "noeviction")
        assert (await finding("Redis")).state == "ok"
    finally:
        await client.config_set("maxmemory", before["maxmemory"])
        await client.config_set("maxmemory-policy", before["maxmemory-policy"])


def test_the_own_server_has_a_limit_and_never_evicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = " ".join(redis_server.child(tmp_path).command)
    assert f"--maxmemory {redis_server.memory_limit()} --maxmemory-policy noeviction" in command
    assert 128 * MB <= redis_server.memory_limit() <= 4_096 * MB
    monkeypatch.setenv("BEACON_REDIS_MEMORY_MB", "300")
    redis_server.settings.cache_clear()
    try:
        assert redis_server.memory_limit() == 300 * MB
    finally:
        monkeypatch.undo()
        redis_server.settings.cache_clear()
