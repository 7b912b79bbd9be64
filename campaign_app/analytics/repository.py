"""Every SQL statement of analytics. It reads roll-ups; deliveries only by their partial index or in batches."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.kit.pagination import SortKey, batches
from campaign_app.models.campaign import (
    Campaign,
    CampaignCounter,
    CampaignDomain,
    CampaignLink,
    CampaignMinute,
    CampaignStatus,
)
from campaign_app.models.contact import Contact
from campaign_app.models.delivery import Delivery

_select: Any = sa.select
SUMS = ("sent", "failed", "opens", "clicks", "opened", "clicked", "unsubscribed")
BATCH = 1_000


async def counter(session: AsyncSession, campaign_id: int) -> CampaignCounter:
    """The campaign's counters; all zero before its launch."""
    return await session.get(CampaignCounter, campaign_id) or CampaignCounter(campaign_id=campaign_id)


async def minutes(session: AsyncSession, campaign_id: int) -> Sequence[CampaignMinute]:
    """The minutes of a campaign in which something happened."""
    statement = (
        select(CampaignMinute).where(CampaignMinute.campaign_id == campaign_id).order_by(col(CampaignMinute.minute))
    )
    return (await session.exec(statement)).all()


async def links(session: AsyncSession, campaign_id: int) -> Sequence[CampaignLink]:
    """The links, most clicked first."""
    statement = (
        select(CampaignLink)
        .where(CampaignLink.campaign_id == campaign_id)
        .order_by(col(CampaignLink.people).desc(), col(CampaignLink.clicks).desc(), col(CampaignLink.position))
    )
    return (await session.exec(statement)).all()


async def domains(session: AsyncSession, campaign_id: int, limit: int | None) -> Sequence[CampaignDomain]:
    """Mailbox domains, largest first."""
    statement = (
        select(CampaignDomain)
        .where(CampaignDomain.campaign_id == campaign_id)
        .order_by(
            (col(CampaignDomain.sent) + col(CampaignDomain.failed)).desc(),
            col(CampaignDomain.domain),
        )
    )
    return (await session.exec(statement.limit(limit) if limit else statement)).all()


async def reasons(session: AsyncSession, campaign_id: int) -> list[tuple[str, Any, int]]:
    """(status, reason, recipients) of deliveries that are neither pending nor sent, by the partial index."""
    statement = (
        _select(Delivery.status, Delivery.reason, sa.func.count())
        .where(
            col(Delivery.campaign_id) == campaign_id,
            sa.text("delivery.status NOT IN ('pending', 'sent')"),
            col(Delivery.status).in_(("failed", "bounced", "skipped", "uncertain")),
        )
        .group_by(col(Delivery.status), col(Delivery.reason))
        .order_by(sa.func.count().desc())
    )
    return [(status.value, reason, int(count)) for status, reason, count in (await session.execute(statement)).all()]


async def hours(session: AsyncSession, start: datetime, end: datetime) -> list[tuple[datetime, dict[str, int]]]:
    """Sums over all campaigns by hour (UTC), from `start` up to but without `end`."""
    if session.get_bind().dialect.name == "postgresql":
        hour: Any = sa.func.to_char(
            sa.func.timezone("UTC", col(CampaignMinute.minute)), sa.literal_column("'YYYY-MM-DD HH24'")
        )
    else:
        hour = sa.func.substr(sa.cast(col(CampaignMinute.minute), sa.String), 1, 13)
    sums = [sa.func.sum(getattr(CampaignMinute, name)) for name in SUMS]
    statement = (
        _select(hour, *sums)
        .join(Campaign, col(Campaign.id) == col(CampaignMinute.campaign_id))
        .where(
            col(CampaignMinute.minute) >= start, col(CampaignMinute.minute) < end, col(Campaign.deleted_at).is_(None)
        )
        .group_by(hour)
    )
    return [
        (
            datetime.strptime(row[0], "%Y-%m-%d %H").replace(tzinfo=UTC),
            dict(zip(SUMS, (int(value or 0) for value in row[1:]), strict=True)),
        )
        for row in (await session.execute(statement)).all()
    ]


async def campaigns(
    session: AsyncSession, statuses: Sequence[CampaignStatus], since: datetime | None, limit: int
) -> list[tuple[Campaign, CampaignCounter]]:
    """Campaigns with these statuses and their counters, last changed first; `since`: launched or finished after it."""
    statement = (
        _select(Campaign, CampaignCounter)
        .outerjoin(CampaignCounter, col(CampaignCounter.campaign_id) == col(Campaign.id))
        .where(col(Campaign.deleted_at).is_(None), col(Campaign.status).in_(statuses))
        .order_by(col(Campaign.updated_at).desc(), col(Campaign.id).desc())
        .limit(limit)
    )
    if since is not None:
        statement = statement.where(sa.or_(col(Campaign.finished_at) >= since, col(Campaign.launched_at) >= since))
    return [
        (campaign, found or CampaignCounter(campaign_id=campaign.id))
        for campaign, found in (await session.execute(statement)).all()
    ]


async def contact_count(session: AsyncSession) -> int:
    """How many contacts there are."""
    return int((await session.execute(_select(sa.func.count()).select_from(Contact))).scalar_one())


async def uncertain(session: AsyncSession, limit: int) -> list[tuple[Campaign, int]]:
    """Campaigns with uncertain messages that nobody has decided about."""
    statement = (
        _select(Campaign, CampaignCounter.uncertain)
        .join(CampaignCounter, col(CampaignCounter.campaign_id) == col(Campaign.id))
        .where(col(CampaignCounter.uncertain) > 0, col(Campaign.deleted_at).is_(None))
        .order_by(col(Campaign.updated_at).desc())
        .limit(limit)
    )
    return [(campaign, int(count)) for campaign, count in (await session.execute(statement)).all()]


async def recipients(session: AsyncSession, campaign_id: int) -> AsyncIterator[Sequence[Any]]:
    """Every delivery of a campaign with its contact's name, in batches by id."""
    statement = (
        _select(Delivery, Contact.first_name, Contact.last_name)
        .outerjoin(Contact, col(Contact.id) == col(Delivery.contact_id))
        .where(col(Delivery.campaign_id) == campaign_id)
    )
    async for rows in batches(session, statement, [SortKey(col(Delivery.id))], BATCH):
        yield [row[:3] for row in rows]
        session.expunge_all()
