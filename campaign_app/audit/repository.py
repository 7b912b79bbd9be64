"""Every SQL statement of the audit log."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.kit import pagination
from campaign_app.kit.pagination import Page, SortKey
from campaign_app.models.audit import AuditEntry
from campaign_app.models.setting import Setting
from campaign_app.models.user import User

_LOCK = 0x42454143  # one writer at a time on PostgreSQL; SQLite has only one
_HEAD = "audit_head"
_NEWEST = SortKey(col(AuditEntry.id), descending=True)


def lock(session: Session) -> None:
    """Take the lock of the chain's writers; it is held until the commit."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


_LAST: Any = select(AuditEntry.id, AuditEntry.hash).order_by(col(AuditEntry.id).desc()).limit(1)


def head(session: Session) -> dict[str, Any]:
    """The signed end of the chain (chain.head), stored separately to detect a cut; {} before the first entry."""
    found = session.get(Setting, _HEAD, populate_existing=True)
    return found.value if found else {}


def last(session: Session) -> tuple[int, str]:
    """Id and hash of the newest entry; (0, "") when there is none."""
    row = session.execute(_LAST).first()
    return (row[0], row[1]) if row else (0, "")


def people(session: Session) -> int:
    """How many users there are."""
    return int(session.execute(select(sa.func.count(col(User.id)))).scalar_one())


def append(session: Session, entry: AuditEntry) -> int:
    """Store an entry; returns its id."""
    session.add(entry)
    session.flush()
    return entry.id or 0


def keep_head(session: Session, value: dict[str, Any]) -> None:
    """Store the head."""
    found = session.get(Setting, _HEAD) or Setting(key=_HEAD)
    found.value = value
    session.add(found)
    session.flush()


async def stored_head(session: AsyncSession) -> dict[str, Any]:
    """`head` for an AsyncSession."""
    found = await session.get(Setting, _HEAD, populate_existing=True)
    return found.value if found else {}


async def stored_last(session: AsyncSession) -> tuple[int, str]:
    """`last` for an AsyncSession."""
    row = (await session.execute(_LAST)).first()
    return (row[0], row[1]) if row else (0, "")


async def hashes(session: AsyncSession, ids: Sequence[int]) -> dict[int, str]:
    """Id → hash of these entries."""
    rows = await session.execute(select(AuditEntry.id, AuditEntry.hash).where(col(AuditEntry.id).in_(ids)))
    return {row[0]: row[1] for row in rows}


async def any_user(session: AsyncSession) -> bool:
    """Whether a user exists. The first entry of the log is about the first user."""
    return (await session.exec(select(User.id).limit(1))).first() is not None


def in_order(session: AsyncSession, size: int) -> AsyncIterator[list[AuditEntry]]:
    """Every entry in the order of writing, in batches, as stored now."""
    statement = sa.select(AuditEntry).execution_options(populate_existing=True)
    return _entries(session, statement, SortKey(col(AuditEntry.id)), size)


def newest_first(
    session: AsyncSession, conditions: Sequence[sa.ColumnElement[bool]], size: int
) -> AsyncIterator[list[AuditEntry]]:
    """Every entry that meets the conditions, newest first, in batches."""
    return _entries(session, sa.select(AuditEntry).where(*conditions), _NEWEST, size)


async def _entries(
    session: AsyncSession, statement: sa.Select[Any], key: SortKey, size: int
) -> AsyncIterator[list[AuditEntry]]:
    async for rows in pagination.batches(session, statement, [key], size):
        yield [row[0] for row in rows]
        session.expunge_all()


async def page(
    session: AsyncSession, conditions: Sequence[sa.ColumnElement[bool]], cursor: str, limit: int
) -> Page[AuditEntry]:
    """Entries that meet the conditions, newest first."""
    statement = sa.select(AuditEntry).where(*conditions)
    found = await pagination.page(session, statement, [_NEWEST], cursor=cursor, limit=limit)
    return found.map(lambda row: row[0])


async def count(session: AsyncSession, conditions: Sequence[sa.ColumnElement[bool]]) -> int:
    """How many entries meet the conditions."""
    return (await session.exec(select(sa.func.count(col(AuditEntry.id))).where(*conditions))).one()


def conditions(action: str, object_type: str, actor_id: int | None, text: str) -> list[sa.ColumnElement[bool]]:
    """The conditions of a search; an action that ends in "." matches all actions with this beginning."""
    found: list[sa.ColumnElement[bool]] = []
    if action:
        by_prefix = action.endswith(".")
        found.append(col(AuditEntry.action).startswith(action) if by_prefix else col(AuditEntry.action) == action)
    if object_type:
        found.append(col(AuditEntry.object_type) == object_type)
    if actor_id is not None:
        found.append(col(AuditEntry.actor_id) == actor_id)
    if text.strip():
        columns = (AuditEntry.object_name, AuditEntry.actor_name, AuditEntry.object_id, AuditEntry.action)
        found.append(sa.or_(*(col(column).icontains(text.strip(), autoescape=True) for column in columns)))
    return found


async def distinct(session: AsyncSession, column: Any) -> list[Any]:
    """The different values of a column."""
    return list((await session.exec(select(column).distinct().order_by(column))).all())


async def actors(session: AsyncSession) -> list[tuple[int, str]]:
    """(id, latest name) of everyone in the log."""
    newest_ids = sa.select(sa.func.max(AuditEntry.id)).group_by(col(AuditEntry.actor_id)).scalar_subquery()
    query = select(AuditEntry.actor_id, AuditEntry.actor_name).where(col(AuditEntry.id).in_(newest_ids))
    rows = (await session.exec(query.order_by(col(AuditEntry.actor_name)))).all()
    return [(actor_id, name) for actor_id, name in rows if actor_id is not None]
