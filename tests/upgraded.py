"""Compares the rows of a database before and after an upgrade."""

import asyncio
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SAWarning
from sqlalchemy.ext.asyncio import create_async_engine

Row = Mapping[str, Any]
SHOWN = 5


@dataclass(frozen=True)
class Table:
    """The rows of a table and the columns of its primary key."""

    key: tuple[str, ...]
    rows: list[Row]


Tables = Mapping[str, Table]
Read = Callable[[Row, "Found"], Any]


@dataclass(frozen=True)
class Became:
    """What the upgrade makes of a table. A column that is not named must hold the same value as before.

    `table` is its new name; `keys` renames columns of its key. `now` reads an old column's value from the new row (and,
    with `Found`, from other tables). `meant` says what an old row's column is after the upgrade. `gone` names columns
    that were dropped and the one value that they held in every row. `more` allows rows that the upgrade adds.
    """

    table: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    now: Mapping[str, Read] = field(default_factory=dict)
    meant: Mapping[str, Callable[[Row], Any]] = field(default_factory=dict)
    gone: Mapping[str, Any] = field(default_factory=dict)
    more: bool = False


class Found:
    """The rows after the upgrade, by any of their columns."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._indexes: dict[tuple[str, tuple[str, ...]], dict[tuple[Any, ...], Row]] = {}

    def one(self, table: str, **where: Any) -> Row:
        """The row with these values; an empty one when there is none."""
        columns = tuple(where)
        if (table, columns) not in self._indexes:
            rows = self.tables[table].rows if table in self.tables else []
            self._indexes[table, columns] = {tuple(row.get(name) for name in columns): row for row in rows}
        return self._indexes[table, columns].get(tuple(where.values()), {})


def lost(before: Tables, after: Tables, became: Mapping[str, Became]) -> list[str]:
    """What of `before` is not in `after`, in words."""
    found = Found(after)
    problems = []
    for name, table in before.items():
        how = became.get(name, Became())
        wrong = list(_lost_of_table(name, table, how, found))
        problems += wrong[:SHOWN] + ([f"{name}: and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else [])
    return problems


def _lost_of_table(name: str, table: Table, how: Became, found: Found) -> Iterable[str]:
    new = how.table or name
    if new not in found.tables:
        yield f"{name}: there is no table {new}"
        return
    count = len(found.tables[new].rows)
    if count < len(table.rows) or (count > len(table.rows) and not how.more):
        yield f"{name}: had {len(table.rows)} rows, {new} has {count}"
    for row in table.rows:
        key = {how.keys.get(column, column): row[column] for column in table.key}
        yield from _lost_of_row(f"{name} {tuple(key.values())}", row, found.one(new, **key), how, found)


def _lost_of_row(name: str, row: Row, now: Row, how: Became, found: Found) -> Iterable[str]:
    if not now:
        yield f"{name}: is not there"
        return
    for column, value in row.items():
        if column in how.gone:
            if value != how.gone[column]:
                yield f"{name}: {column} was dropped and held {value!r}"
            continue
        meant = how.meant[column](row) if column in how.meant else value
        read = how.now.get(column)
        if read is None and how.keys.get(column, column) not in now:
            yield f"{name}: has no {column}, which held {value!r}"
            continue
        found_value = read(now, found) if read else now[how.keys.get(column, column)]
        if found_value != meant:
            yield f"{name}: {column} is {found_value!r}, not {meant!r}"


def read_tables(url: str, skipped: tuple[str, ...]) -> Tables:
    """Every row of every table whose name does not begin with one of `skipped`."""
    read: dict[str, Table] = {}

    def take(connection: sa.Connection) -> None:
        metadata = sa.MetaData()
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", SAWarning
            )  # indexes on expressions cannot be reflected; no rows depend on it
            metadata.reflect(connection, only=lambda name, _: not name.startswith(skipped))
        for name, table in metadata.tables.items():
            rows = [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            read[name] = Table(tuple(column.name for column in table.primary_key), rows)

    async def connect() -> None:
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            await connection.run_sync(take)
        await engine.dispose()

    thread = threading.Thread(target=lambda: asyncio.run(connect()))  # a test's event loop may be running here
    thread.start()
    thread.join()
    return read
