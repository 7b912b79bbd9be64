"""The keyset paginator: every row once in both directions, on both databases; cursors from outside."""

import base64
import itertools
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import db
from campaign_app.kit import pagination
from campaign_app.kit.pagination import MAX_PAGE, Cursor, Page, SortKey
from campaign_app.models.contact import Contact

START = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
AWARE: Any = Contact.updated_at.type  # type: ignore[attr-defined]  # the product's own kind of instant
ROWS = sa.Table(
    "paged",
    sa.MetaData(),
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(20), nullable=False),
    sa.Column("rank", sa.Integer, nullable=True),
    sa.Column("at", AWARE, nullable=True),
    sa.Column("share", sa.Float, nullable=False),
)
COLUMN = ROWS.c
KEYS = [
    ("name", False),
    ("rank", True),
    ("at", True),
    ("share", False),
]
ORDERS = [
    [SortKey(COLUMN.id)],
    [SortKey(COLUMN.id, descending=True)],
    *(
        [SortKey(COLUMN[name], first, nullable), SortKey(COLUMN.id, last)]
        for (name, nullable), first, last in itertools.product(KEYS, [False, True], [False, True])
    ),
    [SortKey(COLUMN.rank, True, True), SortKey(COLUMN.name), SortKey(COLUMN.at, False, True), SortKey(COLUMN.id, True)],
]


def label(keys: Sequence[SortKey]) -> str:
    return ",".join(f"{'-' if key.descending else ''}{key.expression.name}" for key in keys)


def row(chance: random.Random, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": chance.choice(["", "ann", "Ann", "zoë", "a\\b", "o'brien", "%_"]),
        "rank": chance.choice([None, None, -1, 0, 7]),
        "at": chance.choice([None, START, START + timedelta(microseconds=chance.randrange(3))]),
        "share": chance.choice([-1.5, 0.0, 0.1, 2.0]),
    }


async def make_table(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    connection = await session.connection()
    await connection.run_sync(ROWS.create)
    await session.execute(sa.insert(ROWS), rows)


async def step(session: AsyncSession, keys: Sequence[SortKey], cursor: str, limit: int = 3) -> Page[Any]:
    found = await pagination.page(session, sa.select(COLUMN.id), keys, cursor=cursor, limit=limit)
    return found.map(lambda line: line[0])


@pytest.mark.parametrize("keys", ORDERS, ids=label)
async def test_walking_there_and_back_visits_every_row_once(database: str, keys: list[SortKey]) -> None:
    chance = random.Random(label(keys))
    rows = [row(chance, number) for number in range(1, 23)]
    async with db.transaction() as session:
        await make_table(session, rows)
        expected = [
            line[0] for line in await session.execute(sa.select(COLUMN.id).order_by(*(k.order() for k in keys)))
        ]
        there, cursor = [], ""
        while True:
            found = await step(session, keys, cursor)
            there.append(list(found.rows))
            assert (found.previous_cursor is None) == (cursor == "")
            if found.next_cursor is None:
                break
            cursor = found.next_cursor
        assert list(itertools.chain(*there)) == expected
        assert [len(part) for part in there[:-1]] == [3] * (len(there) - 1)
        back = [list(found.rows)]
        while found.previous_cursor is not None:
            found = await step(session, keys, found.previous_cursor)
            back.append(list(found.rows))
            assert found.next_cursor
        assert list(itertools.chain(*reversed(back))) == expected
        batched = [
            line[0] async for part in pagination.batches(session, sa.select(COLUMN.id), keys, 5) for line in part
        ]
        assert batched == expected
        await session.rollback()


@pytest.mark.parametrize("keys", ORDERS, ids=label)
async def test_rows_that_come_and_go_meanwhile_move_no_other_row(sqlite_database: str, keys: list[SortKey]) -> None:
    await check_walks_under_changes(keys)


async def test_rows_that_come_and_go_meanwhile_move_no_other_row_on_postgres(postgres_database: str) -> None:
    await check_walks_under_changes(ORDERS[-1])


async def check_walks_under_changes(keys: list[SortKey]) -> None:
    """Rows that exist all the time are met exactly once in each direction, all others at most once."""
    chance = random.Random(label(keys))
    lasting = {2 * number for number in range(1, 31)}
    async with db.transaction() as session:
        await make_table(session, [row(chance, number) for number in [*lasting, *range(101, 111)]])
        numbers, goes = iter(range(1, 59, 2)), iter(range(101, 111))
        found = await step(session, keys, "")
        for onwards in ("next_cursor", "previous_cursor"):
            met = list(found.rows)
            while cursor := getattr(found, onwards):
                await session.execute(sa.insert(ROWS), [row(chance, next(numbers))])
                await session.execute(sa.delete(ROWS).where(COLUMN.id == next(goes, 0)))
                found = await step(session, keys, cursor, 5)
                met += found.rows
            assert len(met) == len(set(met))
            assert lasting <= set(met)
        await session.rollback()


async def test_null_sorts_below_every_value_on_both_databases(database: str) -> None:
    async with db.transaction() as session:
        base = {"name": "", "at": None, "share": 0.0}
        await make_table(
            session, [{"id": 1, "rank": 5, **base}, {"id": 2, "rank": None, **base}, {"id": 3, "rank": -5, **base}]
        )
        rising = await step(session, [SortKey(COLUMN.rank, False, True), SortKey(COLUMN.id)], "")
        falling = await step(session, [SortKey(COLUMN.rank, True, True), SortKey(COLUMN.id)], "")
        assert (rising.rows, falling.rows) == ([2, 3, 1], [1, 3, 2])
        await session.rollback()


def cursor_of(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


HOSTILE = [
    "zzz",
    "%00",
    "é" * 10,
    "=" * 7,
    "A" * 100_000,
    base64.urlsafe_b64encode(b"[" * 2_900).decode(),  # deeper than the JSON reader goes
    base64.urlsafe_b64encode(b"[" + b"9" * 2_900 + b"]").decode(),
    cursor_of(None),
    cursor_of([]),
    cursor_of([["ann"], False]),
    cursor_of([["ann", 1, 2], False]),
    cursor_of([["ann", "1"], False]),
    cursor_of([["ann", True], False]),
    cursor_of([["ann", 2**63], False]),
    cursor_of([["ann", 1.5], False]),
    cursor_of([["ann", None], False]),
    cursor_of([[None, 1], False]),
    cursor_of([["a\0b", 1], False]),
    cursor_of([["\ud800", 1], False]),
    cursor_of([["ann", 1], 1]),
    cursor_of([{"at": 1}, False]),
    cursor_of([[{"at": "2026-11-27"}, 1], False]),
    cursor_of([[["ann"], 1], False]),
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_a_cursor_that_was_not_made_for_the_keys_gives_the_first_page(sqlite_database: str, text: str) -> None:
    keys = [SortKey(COLUMN.name), SortKey(COLUMN.id)]
    assert Cursor.decode(text, keys) is None
    async with db.transaction() as session:
        await make_table(session, [row(random.Random(number), number) for number in range(1, 6)])
        assert await step(session, keys, text) == await step(session, keys, "")
        await session.rollback()


@pytest.mark.parametrize(
    "value", [None, START, {"at": "2026-11-27T06:00:00"}, {"at": "yesterday"}, {}, "x", float("nan")]
)
def test_instants_and_numbers_are_checked(value: Any) -> None:
    content = {"at": value.isoformat()} if isinstance(value, datetime) else value
    instants = [SortKey(COLUMN.at, False, True), SortKey(COLUMN.id)]
    assert (Cursor.decode(cursor_of([[content, 1], True]), instants) is not None) == (value is None or value is START)
    shares = [SortKey(COLUMN.share), SortKey(COLUMN.id)]
    assert Cursor.decode(cursor_of([[content, 1], True]), shares) is None


def test_a_key_without_a_type_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="Name the type"):
        Cursor.decode(cursor_of([["x", 1], False]), [SortKey(sa.literal_column("name")), SortKey(COLUMN.id)])


@pytest.mark.parametrize(("asked", "given"), [(-5, 1), (0, 1), (7, 7), (MAX_PAGE, MAX_PAGE), (10_000, MAX_PAGE)])
async def test_a_page_has_one_to_a_hundred_rows(sqlite_database: str, asked: int, given: int) -> None:
    async with db.transaction() as session:
        await make_table(session, [row(random.Random(number), number) for number in range(1, 150)])
        assert len((await step(session, [SortKey(COLUMN.id)], "", asked)).rows) == given
        await session.rollback()


async def test_counting_stops_at_the_cap(sqlite_database: str) -> None:
    async with db.transaction() as session:
        await make_table(session, [row(random.Random(number), number) for number in range(1, 10)])
        assert await pagination.count_up_to(session, sa.select(COLUMN.id), 5) == 6
        assert Page([]).counted(6, cap=5) == Page([], total=5, total_is_minimum=True)
        assert Page([]).counted(5, cap=5) == Page([], total=5)
        await session.rollback()
