"""Keyset paging: a cursor holds the sort values of the row it stands at, so page 10,000 costs what page 1 does."""

import base64
import json
import math
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlmodel.ext.asyncio.session import AsyncSession

T = TypeVar("T")
U = TypeVar("U")
MAX_PAGE = 100
_MAX_CURSOR = 4_000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of one page and the cursors around it (None at an end). `total` is None when counting would be slow.

    `total_is_minimum`: there are at least `total` ("10,000+").
    """

    rows: Sequence[T]
    next_cursor: str | None = None
    previous_cursor: str | None = None
    total: int | None = None
    total_is_minimum: bool = False

    def map(self, present: Callable[[T], U]) -> "Page[U]":
        """The same page with each row presented in another way."""
        rows = [present(row) for row in self.rows]
        return Page(rows, self.next_cursor, self.previous_cursor, self.total, self.total_is_minimum)

    def counted(self, total: int, *, cap: int | None = None) -> "Page[T]":
        """The same page with the number of all rows; above `cap` that is a minimum."""
        if cap is None:
            return replace(self, total=total)
        return replace(self, total=min(total, cap), total_is_minimum=total > cap)


@dataclass(frozen=True, slots=True)
class SortKey:
    """An expression to sort by. NULL sorts below every value; `nullable` makes both databases agree on that."""

    expression: Any
    descending: bool = False
    nullable: bool = False

    def literal(self, value: Any) -> Any:
        """A value of a cursor as an SQL parameter of the expression's type."""
        return sa.literal(value, type_=self.expression.type)

    def turned(self) -> "SortKey":
        """The opposite direction."""
        return replace(self, descending=not self.descending)

    def order(self) -> Any:
        """The ORDER BY term."""
        term = self.expression.desc() if self.descending else self.expression.asc()
        if not self.nullable:
            return term
        return term.nulls_last() if self.descending else term.nulls_first()

    def equal(self, value: Any) -> Any:
        """Condition: the row has this value."""
        return self.expression.is_(None) if value is None else self.expression == self.literal(value)

    def beyond(self, value: Any) -> Any:
        """Condition: the row comes after this value."""
        if value is None:
            return sa.false() if self.descending else self.expression.is_not(None)
        if not self.descending:
            return self.expression > self.literal(value)
        below = self.expression < self.literal(value)
        return sa.or_(below, self.expression.is_(None)) if self.nullable else below

    def accepts(self, value: Any) -> bool:
        """Whether a cursor may hold the value: the database could compare it with the expression."""
        if value is None:
            return self.nullable
        kind = _python_type(self.expression.type)
        if kind is float and isinstance(value, int):
            return _is_storable(value)
        return type(value) is kind and _is_storable(value)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: the sort values of the row before it, in the direction of travel."""

    values: list[Any]
    backwards: bool

    def encode(self) -> str:
        """Opaque text for addresses."""
        values = [{"at": value.isoformat()} if isinstance(value, datetime) else value for value in self.values]
        return base64.urlsafe_b64encode(json.dumps([values, self.backwards]).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, keys: Sequence[SortKey]) -> "Cursor | None":
        """The cursor in a text from outside; None when it is not one for these keys."""
        if not 0 < len(text) <= _MAX_CURSOR:
            return None
        try:
            values, backwards = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            values = [datetime.fromisoformat(v["at"]) if isinstance(v, dict) else v for v in values]
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        fits = len(values) == len(keys) and all(key.accepts(v) for key, v in zip(keys, values, strict=True))
        return cls(values, backwards) if fits and isinstance(backwards, bool) else None


def _python_type(kind: sa.types.TypeEngine[Any]) -> type:
    found = kind.impl_instance.python_type if isinstance(kind, sa.types.TypeDecorator) else kind.python_type
    if found is object:
        raise TypeError(f"Name the type of this sort key: {kind!r} tells nothing about its values.")
    return found


def _is_storable(value: Any) -> bool:
    if isinstance(value, datetime):
        return value.tzinfo is not None
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return math.isfinite(value)


async def page(
    session: AsyncSession,
    statement: sa.Select[Any],
    keys: Sequence[SortKey],
    *,
    cursor: str = "",
    limit: int = 50,
) -> Page[Any]:
    """One page of a statement that has no order of its own, at most MAX_PAGE rows.

    The last key must be unique. The sort values follow the statement's own columns in every row. A cursor that was not
    made for these keys gives the first page.
    """
    limit = min(max(limit, 1), MAX_PAGE)
    place = Cursor.decode(cursor, keys)
    rows = await _read(session, statement, keys, place, limit + 1)
    more, rows = len(rows) > limit, rows[:limit]
    if not rows:
        return Page([])
    backwards = place is not None and place.backwards
    if backwards:
        rows.reverse()
    has_next, has_previous = (True, more) if backwards else (more, place is not None)
    width = len(keys)
    return Page(
        rows,
        Cursor(list(rows[-1][-width:]), False).encode() if has_next else None,
        Cursor(list(rows[0][-width:]), True).encode() if has_previous else None,
    )


async def batches(
    session: AsyncSession, statement: sa.Select[Any], keys: Sequence[SortKey], size: int
) -> AsyncIterator[list[Any]]:
    """Every row of a statement, `size` at a time. Rows and keys are those of `page`."""
    place: Cursor | None = None
    while rows := await _read(session, statement, keys, place, size):
        place = Cursor(list(rows[-1][-len(keys) :]), False)
        yield rows
        if len(rows) < size:
            return


async def _read(
    session: AsyncSession, statement: sa.Select[Any], keys: Sequence[SortKey], place: Cursor | None, limit: int
) -> list[Any]:
    if place is not None:
        keys = [key.turned() for key in keys] if place.backwards else keys
        statement = statement.where(_after(keys, place.values))
    marked = [key.expression.label(f"sort_value_{number}") for number, key in enumerate(keys)]
    statement = statement.add_columns(*marked).order_by(*(key.order() for key in keys)).limit(limit)
    return list((await session.execute(statement)).all())


def _after(keys: Sequence[SortKey], values: Sequence[Any]) -> Any:
    """Condition: the row comes after these values. A comparison of rows where it can be: an index answers that."""
    if len(keys) == 1:
        return keys[0].beyond(values[0])
    if len({key.descending for key in keys}) == 1 and not any(key.nullable for key in keys):
        here = sa.tuple_(*(key.expression for key in keys))
        there = sa.tuple_(*(key.literal(value) for key, value in zip(keys, values, strict=True)))
        return here < there if keys[0].descending else here > there
    either = []
    for length, key in enumerate(keys):
        same = [keys[index].equal(values[index]) for index in range(length)]
        either.append(sa.and_(*same, key.beyond(values[length])))
    return sa.or_(*either)


async def count_up_to(session: AsyncSession, statement: sa.Select[Any], cap: int) -> int:
    """How many rows a statement has, but no more than `cap` + 1 are counted."""
    some = statement.limit(cap + 1).subquery()
    return int((await session.execute(sa.select(sa.func.count()).select_from(some))).scalar_one())
