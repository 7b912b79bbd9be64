"""Migrations run against the configured database, SQLite or PostgreSQL."""

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from campaign_app.core.config import settings
from campaign_app.models import metadata

LOCK = 0x0BEAC0
"""PostgreSQL advisory lock: two starting hosts do not migrate at once."""


def include(_object: Any, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
    """Leave out the full-text tables and indexes, which audience.search makes by itself."""
    return not (reflected and kind in {"table", "index"} and (name or "").startswith("contact_search"))


def run(connection: Connection) -> None:
    """Migrate on an open connection."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        include_object=include,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        context.run_migrations()


async def main() -> None:
    """Open an engine of our own: migrations need neither pools nor our BEGIN."""
    settings().var_dir.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(settings().database)
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


def offline() -> None:
    """Print the SQL instead of running it (`alembic upgrade head --sql`)."""
    context.configure(url=settings().database, target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    offline()
else:
    asyncio.run(main())
