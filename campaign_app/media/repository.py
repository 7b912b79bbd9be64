"""Every SQL statement about media."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import db
from campaign_app.kit import pagination
from campaign_app.kit.pagination import Page, SortKey
from campaign_app.media.schemas import MediaQuery, Space, Use
from campaign_app.models.campaign import Campaign
from campaign_app.models.media import Media
from campaign_app.models.template import Template
from campaign_app.models.user import User

_media: sa.Table = Media.__table__  # type: ignore[attr-defined]
_by = sa.func.coalesce(User.name, "", type_=sa.String())
_SORT: Mapping[str, Any] = {
    "added": Media.created_at,
    "name": sa.func.lower(Media.name, type_=sa.String()),
    "size": Media.size_bytes,
}


def _with_person() -> sa.Select[Any]:
    columns: list[Any] = [Media, _by.label("created_by_name")]
    return sa.select(*columns).outerjoin(User, col(User.id) == col(Media.created_by))


async def page(session: AsyncSession, query: MediaQuery) -> Page[Any]:
    """A page of (file, name of the person who added it), with the total."""
    conditions = _conditions(query)
    keys = [SortKey(_SORT[query.sort], query.descending), SortKey(Media.id, query.descending)]
    statement = _with_person().where(*conditions)
    found = await pagination.page(session, statement, keys, cursor=query.cursor, limit=query.limit)
    number = sa.select(sa.func.count()).select_from(Media).where(*conditions)
    return found.counted(int((await session.execute(number)).scalar_one()))


def _conditions(query: MediaQuery) -> list[Any]:
    found: list[Any] = [] if query.kind is None else [col(Media.kind) == query.kind]
    for word in query.search.lower().split()[:8]:
        columns = (Media.name, Media.alt_text)
        found.append(sa.or_(*(sa.func.lower(column).contains(word, autoescape=True) for column in columns)))
    return found


async def get(session: AsyncSession, media_id: int) -> tuple[Media, str] | None:
    """A file and the name of the person who added it, read afresh."""
    statement = _with_person().where(col(Media.id) == media_id).execution_options(populate_existing=True)
    row = (await session.execute(statement)).first()
    return (row[0], row[1]) if row else None


async def by_digest(session: AsyncSession, digest: str) -> Media | None:
    return (await session.exec(select(Media).where(Media.digest == digest))).first()


async def by_token(session: AsyncSession, token: str) -> Media | None:
    return (await session.exec(select(Media).where(Media.token == token))).first()


async def insert(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Store a file; False when these bytes are stored already."""
    statement = (postgresql if db.is_postgres() else sqlite).insert(_media)
    statement = statement.values(**values).on_conflict_do_nothing(index_elements=["digest"]).returning(_media.c.id)
    return (await session.execute(statement)).first() is not None


async def save(session: AsyncSession, media_id: int, version: int, changes: Mapping[str, Any]) -> bool:
    """Write changes; False when somebody saved after `version`."""
    conditions = (_media.c.id == media_id, _media.c.version == version)
    statement = sa.update(_media).where(*conditions).values(**changes, version=version + 1).returning(_media.c.id)
    return (await session.execute(statement)).first() is not None


async def remove(session: AsyncSession, media_id: int) -> None:
    """Remove a file from the library. `jobs.tidy_media` deletes its bytes."""
    await session.execute(sa.delete(_media).where(_media.c.id == media_id))


async def space(session: AsyncSession, limit: int) -> Space:
    """The number and size of all files."""
    used = sa.func.coalesce(sa.func.sum(Media.size_bytes), 0)
    row = (await session.execute(sa.select(used, sa.func.count()).select_from(Media))).one()
    return Space(int(row[0]), limit, int(row[1]))


async def digests(session: AsyncSession) -> set[str]:
    return set((await session.exec(select(Media.digest))).all())


async def uses(session: AsyncSession, token: str) -> Sequence[Use]:
    """Messages whose HTML or text contains this token, by name. A deleted campaign counts if it was launched."""
    campaigns = select(Campaign.id, Campaign.name).where(
        sa.or_(col(Campaign.deleted_at).is_(None), col(Campaign.launched_at).is_not(None)),
        _holds(token, Campaign.html, Campaign.text),
    )
    templates = select(Template.id, Template.name).where(
        col(Template.deleted_at).is_(None), _holds(token, Template.html, Template.text)
    )
    found = [
        *(Use("campaign", int(row[0] or 0), row[1]) for row in await session.exec(campaigns)),
        *(Use("template", int(row[0] or 0), row[1]) for row in await session.exec(templates)),
    ]
    return sorted(found, key=lambda use: (use.noun, use.name.lower(), use.id))


def _holds(token: str, *columns: Any) -> sa.ColumnElement[bool]:
    return sa.or_(*(col(column).contains(token, autoescape=True) for column in columns))
