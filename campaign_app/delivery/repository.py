"""SQL of campaigns while they are sent: status, account, counters."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import load_only
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import clock, db
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignStatus
from campaign_app.models.delivery import Lease, LeaseState

_STANDING: tuple[Any, ...] = (
    Campaign.id, Campaign.status, Campaign.status_reason, Campaign.launched_at, Campaign.windows,
    Campaign.rate_per_minute, Campaign.batch_size, Campaign.batch_delay_ms,
)  # fmt: skip


_PACE: tuple[Any, ...] = (SendingAccount.id, SendingAccount.limit_per_minute, SendingAccount.limit_per_day)


async def get_campaign(session: AsyncSession, campaign_id: int, *, lock: bool = False) -> Campaign | None:
    """A campaign that is not deleted. `lock`: nobody else changes it until the transaction ends."""
    statement = select(Campaign).where(Campaign.id == campaign_id, col(Campaign.deleted_at).is_(None))
    if lock:
        statement = statement.with_for_update(key_share=True)
    return (await session.exec(statement.execution_options(populate_existing=True))).first()


async def get_counter(session: AsyncSession, campaign_id: int) -> CampaignCounter | None:
    """The campaign's counter row."""
    statement = select(CampaignCounter).where(CampaignCounter.campaign_id == campaign_id)
    return (await session.exec(statement.execution_options(populate_existing=True))).first()


async def standing(
    session: AsyncSession, campaign_ids: Collection[int]
) -> Sequence[tuple[Campaign, SendingAccount | None, CampaignCounter | None]]:
    """The rows that progress needs, in one statement and without the messages: it is asked five times a second."""
    statement = (
        select(Campaign, SendingAccount, CampaignCounter)
        .join(SendingAccount, col(SendingAccount.id) == col(Campaign.account_id), isouter=True)
        .join(CampaignCounter, col(CampaignCounter.campaign_id) == col(Campaign.id), isouter=True)
        .where(col(Campaign.id).in_(campaign_ids), col(Campaign.deleted_at).is_(None))
        .options(load_only(*_STANDING), load_only(*_PACE))
    )
    return (await session.exec(statement)).all()


async def instant(session: AsyncSession) -> datetime:
    """Now, by PostgreSQL's clock, which all hosts share. With SQLite there is one host."""
    if not db.is_postgres():
        return clock.now()
    found: datetime = (await session.execute(sa.select(sa.func.now()))).scalar_one()
    return found


async def campaigns_with_status(session: AsyncSession, status: CampaignStatus) -> list[int]:
    """Ids of the campaigns in a status, by priority."""
    statement = (
        sa.select(col(Campaign.id))
        .where(col(Campaign.status) == status, col(Campaign.deleted_at).is_(None))
        .order_by(col(Campaign.priority), col(Campaign.id))
    )
    return [int(found) for found in (await session.execute(statement)).scalars() if found is not None]


async def cancelled_with_open_leases(session: AsyncSession) -> list[int]:
    """Cancelled campaigns with an open lease, which came back after the cancel."""
    statement = (
        sa.select(col(Campaign.id))
        .join(Lease, col(Lease.campaign_id) == col(Campaign.id))
        .where(col(Campaign.status) == CampaignStatus.CANCELLED, col(Lease.state) == LeaseState.OPEN)
        .distinct()
    )
    return [int(found) for found in (await session.execute(statement)).scalars() if found is not None]


async def paused_with_nothing_left(session: AsyncSession) -> list[int]:
    """Paused campaigns whose last messages were answered after the pause."""
    statement = (
        sa.select(col(Campaign.id))
        .join(CampaignCounter, col(CampaignCounter.campaign_id) == col(Campaign.id))
        .where(
            col(Campaign.status) == CampaignStatus.PAUSED,
            col(CampaignCounter.pending) == 0,
            col(CampaignCounter.total) > 0,
        )
    )
    return [int(found) for found in (await session.execute(statement)).scalars() if found is not None]
