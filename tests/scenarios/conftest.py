"""Scenes on SQLite and on PostgreSQL."""

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from campaign_app.core import db
from campaign_app.core import redis as app_redis
from campaign_app.core.config import settings
from campaign_app.models import metadata
from tests import servers
from tests.scenarios.scene import OwnRedis, Scene, environment
from tests.stack import Stack


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    """A Redis of this scenario's own."""
    server = OwnRedis(tmp_path)
    server.start()
    yield server
    server.stop()


async def _scene(stack: Stack) -> AsyncIterator[Scene]:
    with environment(stack):
        settings.cache_clear()
        stack.var.mkdir(parents=True, exist_ok=True)
        async with db.engines().write.begin() as connection:
            await connection.run_sync(metadata.create_all)
        stack.start_sandbox()
        yield Scene(stack)
        stack.stop_all()
        await db.dispose()
        await app_redis.dispose()
    settings.cache_clear()


@pytest.fixture
async def sqlite_scene(tmp_path: Path, own_redis: OwnRedis) -> AsyncIterator[Scene]:
    """Over SQLite."""
    async for scene in _scene(Stack(var=tmp_path / "var", redis_url=own_redis.url)):
        yield scene


@pytest.fixture
async def postgres_scene(tmp_path: Path, own_redis: OwnRedis, postgres_server: str) -> AsyncIterator[Scene]:
    """Over PostgreSQL."""
    name = f"scene_{secrets.token_hex(6)}"
    servers.create_database(postgres_server, name)
    url = servers.database_url(postgres_server, name)
    async for scene in _scene(Stack(var=tmp_path / "var", redis_url=own_redis.url, database_url=url)):
        yield scene
    servers.drop_database(postgres_server, name)


@pytest.fixture(params=["sqlite", "postgresql"])
def scene(request: pytest.FixtureRequest) -> Scene:
    """The same story on both."""
    found: Scene = request.getfixturevalue("sqlite_scene" if request.param == "sqlite" else "postgres_scene")
    return found
