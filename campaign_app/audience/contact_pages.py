"""The contact list at a million rows: every page through an index, forwards and backwards.

Two shapes of the same question. When few contacts match (at most CAP, counted first), the query starts from the
smallest set (search hits, list, tag, suppressions) and sorts what it found. When many match, it walks the index
of the sort order and checks each contact until the page is full.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import search, segments
from campaign_app.audience.schemas import ContactQuery, ContactStatus, SortKey
from campaign_app.audience.segment_rules import Rules
from campaign_app.kit.pagination import decode_cursor, encode_cursor
from campaign_app.models.contact import Contact, ContactList, ContactTag, ListMember, Tag
from campaign_app.models.suppression import Suppression

CAP = 10_000
_SORT_COLUMN = {SortKey.NAME: "sort_name", SortKey.COMPANY: "sort_company", SortKey.UPDATED: "updated_at"}
_VALUE_TYPE = {SortKey.NAME: str, SortKey.COMPANY: str, SortKey.UPDATED: datetime}
COLUMNS = (
    "id",
    "identity",
    "email",
    "phone",
    "first_name",
    "last_name",
    "company",
    "sort_name",
    "sort_company",
    "created_at",
    "updated_at",
)


@dataclass(frozen=True, slots=True)
class Found:
    """A page of contacts as rows of COLUMNS; `total` is a minimum when `capped`."""

    rows: list[Any]
    next_cursor: str | None
    previous_cursor: str | None
    total: int
    capped: bool


def dialect_of(session: AsyncSession) -> str:
    """`sqlite` or `postgresql`."""
    return session.get_bind().dialect.name


def _tag_id(name: str) -> Any:
    return sa.select(col(Tag.id)).where(col(Tag.name) == name).scalar_subquery()


def suppressed() -> sa.ColumnElement[bool]:
    """Condition: the contact's identity is on the suppression list."""
    return sa.exists().where(col(Suppression.address) == Contact.identity)


def _conditions(query: ContactQuery, rules: Rules | None, dialect: str) -> dict[str, sa.ColumnElement[bool]]:
    """Each filter as a condition on a contact, by name."""
    found: dict[str, sa.ColumnElement[bool]] = {}
    if query.search.strip():
        found["search"] = search.holds(query.search, dialect)
    if query.list_id is not None:
        found["list"] = sa.exists().where(
            col(ListMember.contact_id) == Contact.id, col(ListMember.list_id) == query.list_id
        )
    if query.tag:
        found["tag"] = sa.exists().where(
            col(ContactTag.contact_id) == Contact.id, col(ContactTag.tag_id) == _tag_id(query.tag)
        )
    if query.status == ContactStatus.SUPPRESSED:
        found["suppressed"] = suppressed()
    if query.status == ContactStatus.ACTIVE:
        found["active"] = sa.not_(suppressed())
    if rules is not None:
        found["segment"] = segments.compile(rules)
    return found


def matching(query: ContactQuery, rules: Rules | None, dialect: str, *columns: Any) -> sa.Select[Any]:
    """The contacts that a query means, unsorted, starting from the smallest set it names."""
    conditions = _conditions(query, rules, dialect)
    statement = sa.select(*columns)
    contact = sa.inspect(Contact).local_table
    if "search" in conditions and dialect == "sqlite" and search.match(query.search, dialect):
        del conditions["search"]
        hits = search.searched
        statement = statement.select_from(hits.join(contact, hits.c.rowid == contact.c.id))
        statement = statement.where(hits.c[search.TABLE].op("MATCH")(search.match(query.search, dialect)))
    elif "list" in conditions:
        del conditions["list"]
        member = sa.inspect(ListMember).local_table
        statement = statement.select_from(member.join(contact, member.c.contact_id == contact.c.id))
        statement = statement.where(member.c.list_id == query.list_id)
    elif "tag" in conditions:
        del conditions["tag"]
        tagged = sa.inspect(ContactTag).local_table
        statement = statement.select_from(tagged.join(contact, tagged.c.contact_id == contact.c.id))
        statement = statement.where(tagged.c.tag_id == _tag_id(query.tag))
    elif "suppressed" in conditions:
        del conditions["suppressed"]
        stopped = sa.inspect(Suppression).local_table
        statement = statement.select_from(stopped.join(contact, stopped.c.address == contact.c.identity))
    else:
        statement = statement.select_from(contact)
    return statement.where(*conditions.values())


async def total(session: AsyncSession, query: ContactQuery, rules: Rules | None) -> tuple[int, bool]:
    """(number of contacts, whether there are more): exact where that is cheap, else counted up to CAP."""
    dialect = dialect_of(session)
    named = set(_conditions(query, rules, dialect))
    exact: Any = None
    if not named:
        exact = sa.select(sa.func.count()).select_from(Contact)
    elif named == {"list"}:
        exact = sa.select(col(ContactList.members)).where(col(ContactList.id) == query.list_id)
    elif named == {"tag"}:
        exact = sa.select(col(Tag.members)).where(col(Tag.name) == query.tag)
    if exact is not None:
        return int((await session.execute(exact)).scalar() or 0), False
    some = matching(query, rules, dialect, sa.literal(1).label("one")).limit(CAP + 1).subquery()
    count = int((await session.execute(sa.select(sa.func.count()).select_from(some))).scalar_one())
    return min(count, CAP), count > CAP


async def page(session: AsyncSession, query: ContactQuery, rules: Rules | None) -> Found:
    """One page of the contact list."""
    count, capped = await total(session, query, rules)
    dialect = dialect_of(session)
    conditions = _conditions(query, rules, dialect)
    columns = [getattr(Contact, name) for name in COLUMNS]
    few = bool(conditions) and not capped and count <= CAP
    everyone = sa.select(*columns).where(*conditions.values())
    statement = matching(query, rules, dialect, *columns) if few else everyone
    keys = _keys(query.sort, unindexed=few and dialect == "sqlite")
    position, backwards = _position(query)
    falling = query.descending != backwards
    if position is not None:
        here, there = sa.tuple_(*keys), sa.tuple_(*position)
        statement = statement.where(here < there if falling else here > there)
    statement = statement.order_by(*(key.desc() if falling else key.asc() for key in keys)).limit(query.limit + 1)
    rows = list((await session.execute(statement)).all())
    return _found(rows, query, backwards, position is not None, count, capped)


def _keys(sort: SortKey, *, unindexed: bool) -> list[Any]:
    """What to sort by. SQLite: a plus sign keeps the planner from walking the sort order for a few rows."""
    names = [_SORT_COLUMN[sort], "id"] if sort in _SORT_COLUMN else ["id"]
    columns: list[Any] = [col(getattr(Contact, name)) for name in names]
    if not unindexed:
        return columns
    return [sa.literal_column(f"+contact.{n}", type_=c.type) for n, c in zip(names, columns, strict=True)]


def _position(query: ContactQuery) -> tuple[list[Any] | None, bool]:
    decoded = decode_cursor(query.cursor) if query.cursor else None
    if decoded is None:
        return None, False
    value, row_id, backwards = decoded
    if query.sort not in _SORT_COLUMN:
        return [sa.literal(row_id)], backwards
    if not isinstance(value, _VALUE_TYPE[query.sort]):
        return None, False
    kind = getattr(Contact, _SORT_COLUMN[query.sort]).type
    return [sa.literal(value, type_=kind), sa.literal(row_id)], backwards


def _found(rows: list[Any], query: ContactQuery, backwards: bool, moved: bool, count: int, capped: bool) -> Found:
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    if backwards:
        rows.reverse()
    if not rows:
        return Found([], None, None, count, capped)
    has_next, has_previous = (True, more) if backwards else (more, moved)

    def cursor(row: Any, *, back: bool) -> str:
        name = _SORT_COLUMN.get(query.sort)
        return encode_cursor(getattr(row, name) if name else None, row.id, backwards=back)

    return Found(
        rows,
        cursor(rows[-1], back=False) if has_next else None,
        cursor(rows[0], back=True) if has_previous else None,
        count,
        capped,
    )


def selected_ids(query: ContactQuery, rules: Rules | None, dialect: str) -> sa.Select[Any]:
    """Ids of all contacts that a query means, whatever page it shows."""
    return matching(query, rules, dialect, col(Contact.id))


def by_ids(ids: Sequence[int]) -> sa.Select[Any]:
    """Ids of those contacts that exist."""
    return sa.select(col(Contact.id)).where(col(Contact.id).in_(list(ids)))
