"""Every SQL statement about sending accounts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.channels.schemas import Use
from campaign_app.kit import days
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignMinute, CampaignStatus
from campaign_app.models.delivery import SENT_STATUSES

_UNDER_WAY = (CampaignStatus.SCHEDULED, CampaignStatus.RUNNING, CampaignStatus.PAUSED)


async def all_accounts(session: AsyncSession) -> Sequence[SendingAccount]:
    """All accounts that are not deleted, by name."""
    statement = select(SendingAccount).where(col(SendingAccount.deleted_at).is_(None))
    return (await session.exec(statement.order_by(sa.func.lower(SendingAccount.name), col(SendingAccount.id)))).all()


async def get(session: AsyncSession, account_id: int, *, lock: bool = False) -> SendingAccount | None:
    """An account that is not deleted. `lock` keeps others from changing it until the commit."""
    statement = select(SendingAccount).where(SendingAccount.id == account_id, col(SendingAccount.deleted_at).is_(None))
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.exec(statement)).first()


async def name_taken(session: AsyncSession, name: str, except_id: int | None) -> bool:
    """Whether another account has this name."""
    statement = select(SendingAccount.id).where(
        col(SendingAccount.deleted_at).is_(None), sa.func.lower(SendingAccount.name) == name.lower()
    )
    if except_id is not None:
        statement = statement.where(SendingAccount.id != except_id)
    return (await session.exec(statement)).first() is not None


async def update(session: AsyncSession, account_id: int, version: int, values: Mapping[str, Any]) -> bool:
    """Change it if its version is still `version`. The version then increases by one."""
    statement = (
        sa.update(SendingAccount)
        .where(
            col(SendingAccount.id) == account_id,
            col(SendingAccount.version) == version,
            col(SendingAccount.deleted_at).is_(None),
        )
        .values(**values, version=version + 1)
    )
    result = await (await session.connection()).execute(statement)
    return bool(result.rowcount)


async def campaigns_under_way(session: AsyncSession, account_id: int) -> Sequence[str]:
    """Names of the campaigns that will still send through it."""
    statement = (
        select(Campaign.name)
        .where(
            Campaign.account_id == account_id,
            col(Campaign.status).in_(_UNDER_WAY),
            col(Campaign.deleted_at).is_(None),
        )
        .order_by(col(Campaign.id))
    )
    return (await session.exec(statement)).all()


def _sent(wanted: sa.ColumnElement[bool], *begins: datetime) -> Any:
    """(account id, messages sent since each of `begins`), from the per-minute roll-up."""
    owner, minute = col(Campaign.account_id), col(CampaignMinute.minute)
    sums = [sa.func.coalesce(sa.func.sum(CampaignMinute.sent).filter(minute >= begin), 0) for begin in begins]
    return (
        sa.select(owner, *sums)
        .join(CampaignMinute, col(CampaignMinute.campaign_id) == col(Campaign.id))
        .where(wanted, minute >= min(begins))
        .group_by(owner)
    )


async def sent_since(session: AsyncSession, account_id: int, since: datetime) -> int:
    """Messages an account has sent since a time."""
    row = (await session.execute(_sent(col(Campaign.account_id) == account_id, since))).first()
    return int(row[1]) if row else 0


async def use(session: AsyncSession, at: datetime, zone: str, account_id: int | None = None) -> dict[int, Use]:
    """Messages of each account, from roll-ups and counters. "Today" is that of `zone`."""
    today, limits_day = days.start_of(days.day_of(at, zone), zone), days.limit_day(at)
    found: dict[int, dict[str, int]] = {}
    owner = col(Campaign.account_id)
    wanted = owner.is_not(None) if account_id is None else owner == account_id
    for number, sent, used in (await session.execute(_sent(wanted, today, limits_day))).all():
        found[int(number)] = {"sent_today": int(sent), "limit_used": int(used)}
    c = CampaignCounter
    gone = sa.func.sum(sum((col(getattr(c, status)) for status in SENT_STATUSES[1:]), col(c.sent)))
    month = (
        sa.select(owner, gone, sa.func.sum(c.bounced))
        .join(c, col(c.campaign_id) == col(Campaign.id))
        .where(wanted, col(Campaign.started_at) >= at - timedelta(days=30))
        .group_by(owner)
    )
    for number, sent, bounced in (await session.execute(month)).all():
        found.setdefault(int(number), {}).update(sent_month=int(sent), bounced_month=int(bounced))
    return {number: Use(**values) for number, values in found.items()}
