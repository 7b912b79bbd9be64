"""Reads and writes contacts in SQLite in sets. The transaction holds the write lock, so ids are assigned here.

One statement inserts several hundred rows: a step per row costs as much as writing it and releases the interpreter.
"""

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any

import polars as pl
from sqlalchemy.ext.asyncio import AsyncConnection

from campaign_app.audience import people_frame
from campaign_app.audience.repository import Group
from campaign_app.audience.search import LEARN_RANGE

_ROWS = 500
_GIVEN = ("identity", "email", "domain", *people_frame.STORED)


class Sqlite:
    """Implements import_store.Database within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def take_turns(self) -> None:
        """Nothing to do: the transaction holds the write lock."""

    async def existing(self, identities: pl.Series) -> pl.DataFrame:
        """Existing contacts: id, identity, TEXTS, attributes as JSON."""
        names = ", ".join(people_frame.THERE)
        query = f"SELECT {names} FROM contact WHERE identity IN (SELECT value FROM json_each(?))"  # noqa: S608  (our own constants)
        found = await self._connection.exec_driver_sql(query, (json.dumps(identities.to_list()),))
        return await asyncio.to_thread(people_frame.of_contacts, found.all())

    async def update(self, rows: pl.DataFrame, at: datetime) -> None:
        """Write the columns people_frame.STORED by contact id."""
        sets = ", ".join(f"{name} = ?" for name in (*people_frame.STORED, "updated_at"))
        values = rows.select(*people_frame.STORED, pl.lit(_stamp(at)), "id").rows()
        await self._connection.exec_driver_sql(f"UPDATE contact SET {sets} WHERE id = ?", values)  # noqa: S608

    async def insert(self, rows: pl.DataFrame, at: datetime, import_id: int | None) -> pl.Series:
        """Create contacts; return their ids."""
        first = await self._next_id()
        same = (import_id, _stamp(at))
        full = len(rows) - len(rows) % _ROWS
        writing: asyncio.Task[None] | None = None
        for start in range(0, full, _ROWS):
            values = (first + start, *same, *chain(*_lines(rows[start : start + _ROWS])))
            if writing:
                await writing  # values of the next rows are prepared while these are written
            writing = asyncio.create_task(self._execute(_insert(_ROWS), values))
            await asyncio.sleep(0)
        if writing:
            await writing
        if full < len(rows):  # one by one: the driver would cache a statement for each number of rows
            rest = enumerate(_lines(rows[full:]), first + full)
            await self._execute(_insert(1), [(number, *same, *line) for number, line in rest])
        last = first + len(rows) - 1
        if import_id is not None:  # the search trigger leaves out rows of imports
            await self._execute(LEARN_RANGE, (first, last))
        return pl.int_range(first, last + 1, eager=True)

    async def _execute(self, statement: str, values: Any) -> None:
        await self._connection.exec_driver_sql(statement, values)

    async def _next_id(self) -> int:
        """The next id of AUTOINCREMENT. The write lock keeps others from taking it."""
        query = "SELECT seq FROM sqlite_sequence WHERE name = 'contact'"
        last = (await self._connection.exec_driver_sql(query)).scalar()
        return int(last or 0) + 1

    async def join(self, group: Group, owner_id: int, contacts: pl.Series, *, fresh: bool) -> int:
        """Add missing memberships; return how many."""
        into = f"INSERT {'' if fresh else 'OR IGNORE '}INTO {group.member.__tablename__} ({group.key}, contact_id)"
        statement = f"{into} SELECT ?, value FROM json_each(?)"  # noqa: S608
        added = await self._connection.exec_driver_sql(statement, (owner_id, json.dumps(contacts.to_list())))
        return int(added.rowcount)


def _lines(rows: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    return zip(*(column.to_list() for column in rows.select(_GIVEN)), strict=True)


@cache
def _insert(rows: int) -> str:
    """Parameters: the first id, the import, the time, then the rows."""
    names = ", ".join(("id", *_GIVEN, "source_import_id", "created_at", "updated_at"))
    width = len(_GIVEN)
    lines = []
    for number in range(rows):
        marks = ", ".join(f"?{4 + number * width + column}" for column in range(width))
        lines.append(f"(?1 + {number}, {marks}, ?2, ?3, ?3)")
    return f"INSERT INTO contact ({names}) VALUES {', '.join(lines)}"  # noqa: S608


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")  # as SQLAlchemy stores it
