"""SQL of pre-flight. Every query is about a set of contacts, never about one person."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import addresses, audiences
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign
from campaign_app.models.contact import Contact
from campaign_app.models.delivery import Delivery, DeliveryStatus
from campaign_app.models.suppression import Suppression
from campaign_app.rendering.templating import CONTACT_FIELDS

_select: Any = sa.select  # SQLModel's column types are not SQLAlchemy's
_GOT_IT = (
    DeliveryStatus.SENT,
    DeliveryStatus.DELIVERED,
    DeliveryStatus.READ,
    DeliveryStatus.REPLIED,
)


@dataclass(frozen=True, slots=True)
class Holes:
    """How many reachable people lack each variable, and how many lack at least one required variable."""

    by_name: dict[str, int]
    skipped: int


async def _reachable(session: AsyncSession, audience: dict[str, Any], kind: str) -> tuple[Any, Any]:
    """(the audience as a subquery, the same without suppressed people and people without an address)."""
    people = (await audiences.recipients_query(session, audience, kind)).subquery()
    joined = people.outerjoin(Suppression, addresses.is_suppressed(kind, people.c.address))
    return people, (joined, sa.and_(col(Suppression.id).is_(None), people.c.address != ""))


def _is_empty(people: Any, name: str) -> sa.ColumnElement[bool]:
    if name in {"name", "full_name"}:
        return sa.func.trim(people.c.first_name + people.c.last_name) == ""
    if name in CONTACT_FIELDS or name == "domain":
        return sa.func.trim(people.c[name]) == ""
    return sa.func.coalesce(sa.func.trim(people.c.attributes[name].as_string()), "") == ""


async def holes(
    session: AsyncSession, audience: dict[str, Any], kind: str, names: Collection[str], required: Collection[str]
) -> Holes:
    """Count empty values of these variables with one query of the audience."""
    if not names:
        return Holes({}, 0)
    people, (joined, condition) = await _reachable(session, audience, kind)
    columns = [sa.func.count().filter(_is_empty(people, name)).label(f"v{place}") for place, name in enumerate(names)]
    needed = [_is_empty(people, name) for name in required]
    columns.append(sa.func.count().filter(sa.or_(*needed) if needed else sa.false()).label("skipped"))
    row = (await session.execute(sa.select(*columns).select_from(joined).where(condition))).one()
    return Holes({name: int(row[place]) for place, name in enumerate(names)}, int(row[-1]))


async def sample(session: AsyncSession, audience: dict[str, Any], kind: str, limit: int) -> list[Any]:
    """Some of the reachable people, with all their fields."""
    people, (joined, condition) = await _reachable(session, audience, kind)
    found = await session.execute(
        sa.select(people).select_from(joined).where(condition).order_by(people.c.id).limit(limit)
    )
    return [row._mapping for row in found]


async def written_to_since(
    session: AsyncSession, campaign: Campaign, since: datetime
) -> tuple[int, list[tuple[str, int]]]:
    """(how many of the audience got another campaign since then, [(campaign, people)] with the largest first)."""
    recent = (
        sa.select(col(Campaign.id))
        .where(
            col(Campaign.id) != campaign.id,
            col(Campaign.started_at).is_not(None),
            sa.or_(col(Campaign.finished_at).is_(None), col(Campaign.finished_at) >= since),
        )
        .scalar_subquery()
    )
    people = (await audiences.recipients_query(session, campaign.audience)).with_only_columns(col(Contact.id))
    matching = sa.and_(
        col(Delivery.campaign_id).in_(recent),
        col(Delivery.status).in_(_GOT_IT),
        col(Delivery.sent_at) >= since,
        col(Delivery.contact_id).in_(people),
    )
    total = (
        await session.execute(_select(sa.func.count(sa.distinct(col(Delivery.contact_id)))).where(matching))
    ).scalar_one()
    if not total:
        return 0, []
    shares = await session.execute(
        _select(Campaign.name, sa.func.count())
        .join(Delivery, col(Delivery.campaign_id) == col(Campaign.id))
        .where(matching)
        .group_by(Campaign.id, Campaign.name)
        .order_by(sa.func.count().desc())
        .limit(3)
    )
    return int(total), [(name, int(number)) for name, number in shares]


async def account(session: AsyncSession, account_id: int | None) -> SendingAccount | None:
    """The sending account, or None when it was deleted."""
    found = await session.get(SendingAccount, account_id, populate_existing=True) if account_id else None
    return None if found is None or found.deleted_at else found
