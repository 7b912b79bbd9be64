"""Engines and the only commit. SQLite by default, PostgreSQL when DATABASE_URL says so."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import queue
from campaign_app.core.config import settings
from campaign_app.core.errors import Invalid

SQLITE_BUSY_TIMEOUT_MS = 30_000
SQLITE_CACHE_KB = 8_192  # per connection; larger data is in the operating system's cache, which all share
_IDLE_S = 60


@dataclass(frozen=True, slots=True)
class Engines:
    """SQLite needs two: writers take the lock at BEGIN, so that no read has to be upgraded and fail."""

    write: AsyncEngine
    read: AsyncEngine


_engines: "WeakKeyDictionary[asyncio.AbstractEventLoop, Engines]" = WeakKeyDictionary()


def is_postgres() -> bool:
    """Whether the configured database is PostgreSQL."""
    return settings().database.startswith("postgresql")


def notice_dead_clients(idle_s: int) -> dict[str, str]:
    """Settings of a connection to PostgreSQL. A host that vanishes in the middle of a transaction holds its locks (on
    a campaign's counter, say) until the server gives it up: by default after two hours, so after `idle_s` seconds.
    """
    return {
        "idle_in_transaction_session_timeout": str(idle_s * 1_000),
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
    }


def engines() -> Engines:
    """The engines of the running event loop, created at first use (never before a fork)."""
    loop = asyncio.get_running_loop()
    if loop not in _engines:
        _engines[loop] = _postgres_engines() if is_postgres() else _sqlite_engines()
    return _engines[loop]


def _postgres_engines() -> Engines:
    engine = create_async_engine(
        settings().database,
        pool_size=10,
        max_overflow=10,
        pool_pre_ping=True,
        connect_args={"server_settings": notice_dead_clients(_IDLE_S)},
    )
    return Engines(write=engine, read=engine.execution_options(postgresql_readonly=True))


def _sqlite_engines() -> Engines:
    settings().var_dir.mkdir(parents=True, exist_ok=True)
    return Engines(write=_sqlite_engine("BEGIN IMMEDIATE"), read=_sqlite_engine("BEGIN"))


def _sqlite_engine(begin: str) -> AsyncEngine:
    pool: dict[str, Any] = {"poolclass": NullPool} if ":memory:" in settings().database else {"pool_size": 8}
    engine = create_async_engine(
        settings().database,
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_MS / 1000},
        **pool,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is sent explicitly below
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            f"busy_timeout={SQLITE_BUSY_TIMEOUT_MS}",
            f"cache_size=-{SQLITE_CACHE_KB}",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


@asynccontextmanager
async def transaction() -> AsyncIterator[AsyncSession]:
    """One unit of work: commits at the end, then sends the jobs collected in it; rolls back on any error."""
    with _told_when_unstorable():
        async with AsyncSession(engines().write, expire_on_commit=False) as session:  # shields its own rollback
            yield session
            jobs = queue.take(session)
            await session.commit()
    await queue.send(jobs)


@asynccontextmanager
async def reading() -> AsyncIterator[AsyncSession]:
    """A consistent view for reading. Changes made in it are discarded."""
    with _told_when_unstorable():
        async with AsyncSession(engines().read, expire_on_commit=False, autoflush=False) as session:
            yield session
            session.expunge_all()  # a rollback would empty the objects that the caller takes along


@contextmanager
def _told_when_unstorable() -> Iterator[None]:
    """Turn errors about values that cannot be stored (too large numbers, NUL, too long search texts) into Invalid."""
    try:
        yield
    except (DBAPIError, OverflowError, UnicodeEncodeError) as error:
        if not _is_unstorable(error):
            raise
        raise Invalid(
            "A number in it is too large, or a text is too long or holds a character that cannot be stored. Change it.",
            title="This cannot be stored",
        ) from error


def _is_unstorable(error: Exception) -> bool:
    if isinstance(error, OverflowError):
        return "SQLite" in str(error)
    if isinstance(error, UnicodeEncodeError):
        return error.reason == "surrogates not allowed"
    import asyncpg

    if "pattern too complex" in str(getattr(error, "orig", "")):  # SQLite's message for a search text that is too long
        return True
    cause = getattr(getattr(error, "orig", None), "__cause__", None)
    return isinstance(error, DataError) or isinstance(cause, asyncpg.DataError)


async def dispose() -> None:
    """Close the running loop's connections."""
    found = _engines.pop(asyncio.get_running_loop(), None)
    if found is not None:
        await found.write.dispose()
        await found.read.dispose()
