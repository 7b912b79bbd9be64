"""Reads and writes contacts in PostgreSQL in sets. New rows go into the tables by COPY, with ids of the sequence."""

import asyncio
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa
from asyncpg.exceptions import UniqueViolationError
from sqlalchemy.ext.asyncio import AsyncConnection

from campaign_app.audience import people_frame
from campaign_app.audience.repository import Group
from campaign_app.models.contact import Contact

_LOCK = 0x0BEAC1
_GIVEN = ("id", "identity", "email", "domain", *people_frame.STORED)


class Postgres:
    """Implements import_store.Database within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def take_turns(self) -> None:
        """Wait until no other import is writing."""
        await self._connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    async def existing(self, identities: pl.Series) -> pl.DataFrame:
        """Existing contacts, locked: id, identity, TEXTS, attributes as JSON."""
        names = ", ".join(people_frame.THERE).replace("attributes", "CAST(attributes AS text)")
        query = f"SELECT {names} FROM contact WHERE identity = ANY(CAST(:keys AS text[])) ORDER BY id FOR UPDATE"  # noqa: S608  (our own constants)
        found = await self._connection.execute(sa.text(query), {"keys": identities.to_list()})
        return await asyncio.to_thread(people_frame.of_contacts, found.all())

    async def update(self, rows: pl.DataFrame, at: datetime) -> None:
        """Write the columns people_frame.STORED by contact id."""
        names = ("id", *people_frame.STORED)
        arrays = ", ".join(f"CAST(:{name} AS {'bigint' if name == 'id' else 'text'}[])" for name in names)
        sets = ", ".join(f"{name} = t.{name}" for name in people_frame.STORED)
        sets = sets.replace("t.attributes", "CAST(t.attributes AS jsonb)")
        source = f"unnest({arrays}) AS t({', '.join(names)})"
        statement = f"UPDATE contact SET {sets}, updated_at = :at FROM {source} WHERE contact.id = t.id"  # noqa: S608
        kind = Contact.metadata.tables["contact"].c.updated_at.type
        values = {name: rows[name].to_list() for name in names}
        await self._connection.execute(
            sa.text(statement).bindparams(sa.bindparam("at", type_=kind)), values | {"at": at}
        )

    async def insert(self, rows: pl.DataFrame, at: datetime, import_id: int | None) -> pl.Series | None:
        """Create contacts; return their ids. None: somebody else created one meanwhile, and nothing was written."""
        query = sa.text("SELECT array_agg(nextval('contact_id_seq')) FROM generate_series(1, :count)")
        ids = pl.Series((await self._connection.execute(query, {"count": len(rows)})).scalar_one(), dtype=pl.Int64)
        at_text = at.isoformat()
        same = {"source_import_id": import_id, "created_at": at_text, "updated_at": at_text}
        frame = rows.with_columns(id=ids).select(*_GIVEN, **{name: pl.lit(value) for name, value in same.items()})
        try:
            async with self._connection.begin_nested():
                await self._copy("contact", frame)
        except UniqueViolationError:
            return None
        return ids

    async def _copy(self, table: str, frame: pl.DataFrame) -> None:
        """Texts are always quoted, because COPY reads an unquoted empty one as NULL. No cell contains a line break."""
        text = await asyncio.to_thread(frame.write_csv, include_header=False, quote_style="non_numeric")
        driver: Any = (await self._connection.get_raw_connection()).driver_connection
        await driver.copy_to_table(table, source=io.BytesIO(text.encode()), columns=frame.columns, format="csv")

    async def join(self, group: Group, owner_id: int, contacts: pl.Series, *, fresh: bool) -> int:
        """Add missing memberships; return how many. `fresh`: the contacts are new, so none exists yet."""
        table: str = group.member.__tablename__
        if fresh:
            await self._copy(table, pl.DataFrame({group.key: owner_id, "contact_id": contacts}))
            return len(contacts)
        return await self._join_some(table, group.key, owner_id, contacts.to_list())

    async def _join_some(self, table: str, key: str, owner_id: int, contacts: Sequence[int]) -> int:
        source = "SELECT CAST(:owner AS integer), c FROM unnest(CAST(:contacts AS bigint[])) AS c"
        statement = sa.text(f"INSERT INTO {table} ({key}, contact_id) {source} ON CONFLICT DO NOTHING")
        done = await self._connection.execute(
            statement.execution_options(preserve_rowcount=True), {"owner": owner_id, "contacts": contacts}
        )
        return int(done.rowcount)
