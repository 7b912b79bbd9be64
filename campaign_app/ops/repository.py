"""The SQL of the operations page. It runs every two seconds, so each statement uses an index."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.delivery.reporting import recipient_queries
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignStatus, Pauser
from campaign_app.models.delivery import Lease, LeaseState
from campaign_app.ops.schemas import CampaignLeases, Holder

_select: Any = sa.select  # its overloads support neither SQLModel's columns nor mixed entities


async def holders(session: AsyncSession, at: datetime) -> list[Holder]:
    """The workers that hold leases, and how many."""
    expired = sa.func.count(sa.case((col(Lease.expires_at) < at, 1), else_=None))
    statement = (
        _select(
            col(Lease.owner),
            col(Lease.host),
            sa.func.count(),
            expired,
            sa.func.max(Lease.heartbeat_at),
            sa.func.max(Lease.expires_at),
        )
        .where(col(Lease.campaign_id).in_(recipient_queries.under_way()), col(Lease.state) == LeaseState.HELD)
        .group_by(col(Lease.owner), col(Lease.host))
    )
    return [Holder(*row) for row in (await session.execute(statement)).all()]


async def running(session: AsyncSession, limit: int) -> tuple[list[CampaignLeases], int]:
    """The running campaigns with their leases, by priority, and the number of running campaigns."""
    is_running = (col(Campaign.status) == CampaignStatus.RUNNING, col(Campaign.deleted_at).is_(None))
    total = int((await session.execute(_select(sa.func.count()).select_from(Campaign).where(*is_running))).scalar_one())
    statement = _select(col(Campaign.id), col(Campaign.name)).where(*is_running)
    rows = (await session.execute(statement.order_by(col(Campaign.priority), col(Campaign.id)).limit(limit))).all()
    states = await _lease_states(session, [int(number) for number, _ in rows])

    def leases(number: int, name: str) -> CampaignLeases:
        (opened, first), (held, _), (done, _) = (
            states.get((number, state), (0, None)) for state in (LeaseState.OPEN, LeaseState.HELD, LeaseState.DONE)
        )
        return CampaignLeases(number, name, opened, held, done, first)

    return [leases(int(number), name) for number, name in rows], total


async def _lease_states(
    session: AsyncSession, campaign_ids: Sequence[int]
) -> dict[tuple[int, LeaseState], tuple[int, datetime | None]]:
    """(campaign, state) → number of leases, and when the first of them is available."""
    statement = (
        _select(col(Lease.campaign_id), col(Lease.state), sa.func.count(), sa.func.min(Lease.available_at))
        .where(col(Lease.campaign_id).in_(campaign_ids))
        .group_by(col(Lease.campaign_id), col(Lease.state))
    )
    rows = (await session.execute(statement)).all()
    return {(int(number), LeaseState(state)): (int(count), first) for number, state, count, first in rows}


async def accounts(session: AsyncSession) -> list[SendingAccount]:
    """The sending accounts in use, by name."""
    statement = (
        select(SendingAccount).where(col(SendingAccount.deleted_at).is_(None)).order_by(col(SendingAccount.name))
    )
    return list((await session.exec(statement)).all())


async def waiting_for(session: AsyncSession, account_ids: Sequence[int]) -> dict[int, int]:
    """Number of campaigns per account that were paused because of it and resume by themselves."""
    statement = (
        _select(col(Campaign.account_id), sa.func.count())
        .where(
            col(Campaign.account_id).in_(account_ids),
            col(Campaign.status) == CampaignStatus.PAUSED,
            col(Campaign.pauser) == Pauser.CIRCUIT,
            col(Campaign.launched_at).is_not(None),
        )
        .group_by(col(Campaign.account_id))
    )
    return {int(account_id): int(count) for account_id, count in (await session.execute(statement)).all()}
