"""Every SQL statement about templates."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.models.template import Template

_live = col(Template.deleted_at).is_(None)


async def search(session: AsyncSession, category: str, text: str) -> Sequence[Template]:
    """Templates of a category ("" for all) whose name, description or subject contains every word."""
    statement = select(Template).where(_live)
    if category:
        statement = statement.where(Template.category == category)
    for word in text.lower().split()[:8]:
        escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        columns = (Template.name, Template.description, Template.subject)
        statement = statement.where(
            sa.or_(*(sa.func.lower(column).like(f"%{escaped}%", escape="\\") for column in columns))
        )
    return (await session.exec(statement.order_by(col(Template.built_in), sa.func.lower(Template.name)))).all()


async def categories(session: AsyncSession) -> list[tuple[str, int]]:
    """(category, number of templates) for all categories."""
    statement = select(Template.category, sa.func.count()).where(_live).group_by(col(Template.category))
    return [(name, int(number)) for name, number in (await session.exec(statement.order_by(Template.category))).all()]


async def get(session: AsyncSession, template_id: int) -> Template | None:
    """A template that is not deleted, read afresh."""
    statement = select(Template).where(Template.id == template_id, _live)
    return (await session.exec(statement.execution_options(populate_existing=True))).first()


async def by_name(session: AsyncSession, name: str) -> Template | None:
    return (await session.exec(select(Template).where(Template.name == name))).first()


async def name_taken(session: AsyncSession, name: str) -> bool:
    """Whether a template has this name, regardless of case."""
    found = await session.exec(select(Template.id).where(sa.func.lower(Template.name) == name.lower()).limit(1))
    return found.first() is not None


async def save(session: AsyncSession, template_id: int, version: int, changes: Mapping[str, Any]) -> bool:
    """Write changes; False when somebody saved after `version`."""
    saved = await session.execute(
        sa.update(Template)
        .where(col(Template.id) == template_id, col(Template.version) == version, _live)
        .values(**changes)
        .returning(col(Template.id)),
        execution_options={"synchronize_session": False},
    )
    return saved.first() is not None
