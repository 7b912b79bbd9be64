"""Pages of the contact list. Every page is read through an index, in both directions, also at a million contacts.

There are two forms of the query. When the smallest set among the filters (search hits, list, tag, suppressions) has at
most DRIVE contacts, the query starts from it and sorts the result. When it is larger, the query reads the index of the
sort order and checks each contact until the page is full. Measured with a million contacts by bench/contacts.py:
sorting 100,000 takes 0.1 s, and so does reading past 100,000 that do not match.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import search, segments
from campaign_app.audience.schemas import ContactQuery, ContactSort, ContactStatus
from campaign_app.audience.segment_rules import Rules
from campaign_app.kit import pagination
from campaign_app.kit.pagination import Page, SortKey, count_up_to
from campaign_app.models.contact import EMAIL, PHONE, Contact, ContactList, ContactTag, ListMember, Tag
from campaign_app.models.suppression import Suppression

CAP = 10_000
DRIVE = 100_000
_SORT_COLUMN = {
    ContactSort.NAME: "sort_name",
    ContactSort.COMPANY: "sort_company",
    ContactSort.UPDATED: "updated_at",
}
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


def dialect_of(session: AsyncSession) -> str:
    """`sqlite` or `postgresql`."""
    return session.get_bind().dialect.name


def _tag_id(name: str) -> Any:
    return sa.select(col(Tag.id)).where(col(Tag.name) == name).scalar_subquery()


_OF_IDENTITIES = col(Suppression.kind).in_((EMAIL, PHONE))


def suppressed() -> sa.ColumnElement[bool]:
    """Condition: the contact's identity is on the suppression list."""
    return sa.exists().where(col(Suppression.address) == Contact.identity, _OF_IDENTITIES)


def _conditions(query: ContactQuery, rules: Rules | None, dialect: str) -> dict[str, sa.ColumnElement[bool]]:
    """Filter name → condition on a contact."""
    found: dict[str, sa.ColumnElement[bool]] = {}
    if query.search.strip():
        found["search"] = search.spelled(query.search, dialect)
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


async def _driver(session: AsyncSession, query: ContactQuery) -> str:
    """The filter to start from: a list or tag known to be small, else the search, else any other."""
    sizes: dict[str, int] = {}
    if query.list_id is not None:
        members = sa.select(col(ContactList.members)).where(col(ContactList.id) == query.list_id)
        sizes["list"] = int((await session.execute(members)).scalar() or 0)
    if query.tag:
        members = sa.select(col(Tag.members)).where(col(Tag.name) == query.tag)
        sizes["tag"] = int((await session.execute(members)).scalar() or 0)
    smallest = min(sizes, key=sizes.__getitem__, default="")
    if search.match(query.search, "sqlite") and (not smallest or sizes[smallest] > 2 * CAP):
        return "search"
    return smallest or ("suppressed" if query.status == ContactStatus.SUPPRESSED else "")


def matching(
    query: ContactQuery, rules: Rules | None, dialect: str, *columns: Any, driver: str | None = None
) -> sa.Select[Any]:
    """The contacts that match a query, unsorted. `driver`: the filter to start from."""
    conditions = _conditions(query, rules, dialect)
    if driver is None:
        driver = next((name for name in ("search", "list", "tag", "suppressed") if name in conditions), "")
    contact = sa.inspect(Contact).local_table
    source: Any = contact
    if driver == "search":
        conditions["search"] = search.hits(query.search, dialect)
        if dialect == "sqlite" and search.match(query.search, dialect):
            source = search.searched.join(contact, search.searched.c.rowid == contact.c.id)
            words = search.match(query.search, dialect)
            conditions["search"] = search.searched.c[search.TABLE].op("MATCH", return_type=sa.Boolean())(words)
    elif driver == "list":
        member = sa.inspect(ListMember).local_table
        source = member.join(contact, member.c.contact_id == contact.c.id)
        conditions["list"] = member.c.list_id == query.list_id
    elif driver == "tag":
        tagged = sa.inspect(ContactTag).local_table
        source = tagged.join(contact, tagged.c.contact_id == contact.c.id)
        conditions["tag"] = tagged.c.tag_id == _tag_id(query.tag)
    elif driver == "suppressed":
        stopped = sa.inspect(Suppression).local_table
        source = stopped.join(contact, sa.and_(stopped.c.address == contact.c.identity, _OF_IDENTITIES))
        del conditions["suppressed"]
    return sa.select(*columns).select_from(source).where(*conditions.values())


@dataclass(frozen=True, slots=True)
class _Size:
    """How many contacts match (at least so many when `capped`), and whether to start from the driver's set."""

    count: int
    capped: bool
    few: bool


async def _size(session: AsyncSession, query: ContactQuery, rules: Rules | None, driver: str) -> _Size:
    """The exact number where that is cheap, else a count up to CAP."""
    dialect = dialect_of(session)
    named = set(_conditions(query, rules, dialect))
    if not named:
        everyone = sa.select(sa.func.count()).select_from(Contact)
        return _Size(int((await session.execute(everyone)).scalar_one()), False, False)
    if named in ({"list"}, {"tag"}):
        group = sa.select(col(ContactList.members)).where(col(ContactList.id) == query.list_id)
        if driver == "tag":
            group = sa.select(col(Tag.members)).where(col(Tag.name) == query.tag)
        members = int((await session.execute(group)).scalar() or 0)
        return _Size(members, False, members <= DRIVE)
    if named == {"search"}:
        hits = await _hits(session, query.search)
        return _Size(min(hits, CAP), hits > CAP, hits <= DRIVE)
    count = await count_up_to(session, matching(query, rules, dialect, sa.literal(1).label("one"), driver=driver), CAP)
    few = count <= CAP or (driver == "search" and await _hits(session, query.search) <= DRIVE)
    return _Size(min(count, CAP), count > CAP, few)


async def _hits(session: AsyncSession, text: str) -> int:
    """How many contacts a search finds, counted up to DRIVE. SQLite does not need the contact table for that."""
    words = search.match(text, "sqlite")
    if dialect_of(session) == "sqlite" and words:
        index = search.searched.c
        statement: Any = sa.select(index.rowid).where(index[search.TABLE].op("MATCH")(words))
        return await count_up_to(session, statement, DRIVE)
    only = matching(ContactQuery(search=text), None, dialect_of(session), sa.literal(1).label("one"))
    return await count_up_to(session, only, DRIVE)


async def page(session: AsyncSession, query: ContactQuery, rules: Rules | None) -> Page[Any]:
    """One page of the contact list as rows of COLUMNS. `total` may be a minimum."""
    dialect = dialect_of(session)
    driver = await _driver(session, query)
    size = await _size(session, query, rules, driver)
    conditions = _conditions(query, rules, dialect)
    columns = [getattr(Contact, name) for name in COLUMNS]
    few = size.few
    everyone = sa.select(*columns).where(*conditions.values())
    statement = matching(query, rules, dialect, *columns, driver=driver) if few else everyone
    keys = _keys(query, unindexed=few and dialect == "sqlite")
    found = await pagination.page(session, statement, keys, cursor=query.cursor, limit=query.limit)
    return replace(found, total=size.count, total_is_minimum=size.capped)


def _keys(query: ContactQuery, *, unindexed: bool) -> list[SortKey]:
    """The sort keys. SQLite: a plus sign keeps the planner from reading the sort index for a few rows."""
    names = [_SORT_COLUMN[query.sort], "id"] if query.sort in _SORT_COLUMN else ["id"]
    columns: list[Any] = [col(getattr(Contact, name)) for name in names]
    if unindexed:
        columns = [sa.literal_column(f"+contact.{n}", type_=c.type) for n, c in zip(names, columns, strict=True)]
    return [SortKey(column, query.descending) for column in columns]


def selected_ids(query: ContactQuery, rules: Rules | None, dialect: str) -> sa.Select[Any]:
    """Ids of all contacts that match a query, on all pages."""
    return matching(query, rules, dialect, col(Contact.id))


def by_ids(ids: Sequence[int]) -> sa.Select[Any]:
    """Those of the ids that exist."""
    return sa.select(col(Contact.id)).where(col(Contact.id).in_(list(ids)))
