"""Real parts for every test: Redis, SQLite, PostgreSQL. Only time and chance may be replaced."""

import logging
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings as hypothesis_settings
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from campaign_app.core import db
from campaign_app.core import redis as app_redis
from campaign_app.core.actor import Actor
from campaign_app.core.config import settings
from campaign_app.models import metadata
from campaign_app.models.user import Role, User
from tests import servers

# How long an example takes says something about the machine, not about the code.
hypothesis_settings.register_profile("any machine", deadline=None)
hypothesis_settings.load_profile("any machine")


class _Errors(logging.Handler):
    """Keeps what is logged as an error, by the standard library or structlog."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(f"{record.name}: {record.getMessage()}")

    def note(self, _logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if method in {"error", "exception", "critical"}:
            self.seen.append(str(event.get("event")))
        return event


@pytest.fixture(autouse=True)
def no_unexpected_errors(request: pytest.FixtureRequest) -> Iterator[None]:
    """A logged error fails the test, unless a marker says that it belongs to it: `@pytest.mark.logs("words")`."""
    errors = _Errors()
    processors = structlog.get_config()["processors"]
    structlog.configure(processors=[errors.note, *processors])
    logging.getLogger().addHandler(errors)
    yield
    logging.getLogger().removeHandler(errors)
    structlog.configure(processors=processors)
    expected = [words for marker in request.node.iter_markers("logs") for words in marker.args]
    unexpected = [line for line in errors.seen if not any(words in line for words in expected)]
    if unexpected:
        pytest.fail("Logged as errors, and no marker `logs` expects them:\n" + "\n".join(unexpected), pytrace=False)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis server of the tests' own; the value is its URL without a database number."""
    with servers.redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of the tests' own (or TEST_POSTGRES_URL); the value is a URL without a database."""
    with servers.postgres_server(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture
async def redis_url(redis_server: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """An empty Redis database, configured for the application."""
    monkeypatch.setenv("REDIS_URL", f"{redis_server}/1")
    settings.cache_clear()
    await app_redis.client().flushdb()
    yield f"{redis_server}/1"
    await app_redis.dispose()
    settings.cache_clear()


@pytest.fixture
def var_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A scratch directory for the application's data, with a key of its own."""
    monkeypatch.setenv("BEACON_VAR", str(tmp_path))
    monkeypatch.setenv("BEACON_SECRET_KEY", secrets.token_urlsafe(32))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with every table, to copy: making the tables takes longer than most tests."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = create_engine(f"sqlite:///{file}")
    metadata.create_all(engine)
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a database with every table, to copy."""
    name = f"template_{secrets.token_hex(6)}"
    servers.create_database(postgres_server, name)
    url = servers.database_url(postgres_server, name).replace("postgresql://", "postgresql+asyncpg://", 1)

    async def create_tables() -> None:
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        await engine.dispose()

    servers.in_thread(create_tables)
    return name


@pytest.fixture
async def sqlite_database(sqlite_template: Path, var_dir: Path) -> AsyncIterator[str]:
    """A fresh SQLite database with every table."""
    shutil.copyfile(sqlite_template, str(make_url(settings().database).database))
    yield settings().database
    await db.dispose()


@dataclass
class _Databases:
    """Copies of the template. Those that were given back empty are used again: making one takes 0.2 s."""

    server: str
    template: str
    shape: str
    empty: list[str] = field(default_factory=list)

    def take(self) -> str:
        if self.empty:
            return self.empty.pop()
        name = f"test_{secrets.token_hex(6)}"
        servers.create_database(self.server, name, self.template)
        return name

    def give_back(self, name: str) -> None:
        if servers.emptied(self.server, name, self.shape):
            self.empty.append(name)
        else:
            servers.drop_database(self.server, name)


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: str, postgres_template: str) -> _Databases:
    """Where tests get their databases from."""
    return _Databases(postgres_server, postgres_template, servers.shape_of(postgres_server, postgres_template))


@pytest.fixture
async def postgres_database(
    postgres_databases: _Databases, var_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """An empty PostgreSQL database with every table."""
    name = postgres_databases.take()
    monkeypatch.setenv("DATABASE_URL", servers.database_url(postgres_databases.server, name))
    settings.cache_clear()
    yield settings().database
    await db.dispose()
    postgres_databases.give_back(name)
    settings.cache_clear()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """The same test on both databases."""
    name = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    url: str = request.getfixturevalue(name)
    return url


MakeActor = Callable[..., Awaitable[Actor]]


@pytest.fixture
def make_actor() -> MakeActor:
    """Store a user with a role and give the actor that signing in would give."""

    async def make(role: Role = Role.OWNER, name: str = "Ines Keller") -> Actor:
        from campaign_app.auth.permissions import ROLE_PERMISSIONS

        email = f"{secrets.token_hex(4)}@example.com"
        async with db.transaction() as session:
            user = User(email=email, name=name, password_hash="unused", role=role)
            session.add(user)
            await session.flush()
        return Actor(user.id, name, email, role.value, ROLE_PERMISSIONS[role])

    return make


async def count_rows(table: str) -> int:
    """How many rows a table has."""
    async with db.reading() as session:
        result = await session.execute(text(f"SELECT COUNT(*) FROM {table}"))
        return int(result.scalar_one())


os.environ.setdefault("REFLEX_TELEMETRY_ENABLED", "false")
os.environ.pop(
    "PYTHONDONTWRITEBYTECODE", None
)  # as `campaign` does: each product process would compile all modules anew
