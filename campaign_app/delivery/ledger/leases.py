"""SQL of leases outside the sending path: what is left, who holds what, settling, opening and closing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import clock, db
from campaign_app.delivery.ledger import encoding, in_session, writing
from campaign_app.delivery.ledger.lease_store import ANY_TIME, LeaseHandle
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.models.delivery import Delivery, DeliveryStatus, Lease, LeaseState


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is left of a running campaign: when its next open lease is available, how many leases are held."""

    available_at: datetime | None
    held: int


async def outlook(session: AsyncSession, campaign_id: int) -> Outlook | None:
    """What is left of a campaign, by the clock of this process; None when it is not running."""
    statement = (
        sa.select(
            col(Campaign.status),
            sa.func.min(sa.case((col(Lease.state) == LeaseState.OPEN, Lease.available_at), else_=None)),
            sa.func.count(sa.case((col(Lease.state) == LeaseState.HELD, 1), else_=None)),
            sa.func.now() if db.is_postgres() else sa.null(),
        )
        .outerjoin_from(Campaign, Lease, col(Lease.campaign_id) == col(Campaign.id))
        .where(col(Campaign.id) == campaign_id)
        .group_by(col(Campaign.id), col(Campaign.status))
    )
    row = (await session.execute(statement)).first()
    if row is None or row[0] is not CampaignStatus.RUNNING:
        return None
    available_at: datetime | None = row[1]
    if available_at is not None and row[3] is not None:
        available_at = max(ANY_TIME, available_at + (clock.now() - row[3]))
    return Outlook(available_at, int(row[2]))


async def states(session: AsyncSession, campaign_id: int) -> dict[LeaseState, int]:
    """How many leases of a campaign are open, held, done."""
    statement = (
        sa.select(col(Lease.state), sa.func.count())
        .where(col(Lease.campaign_id) == campaign_id)
        .group_by(col(Lease.state))
    )
    return {LeaseState(state): int(number) for state, number in (await session.execute(statement)).all()}


async def held_by_journal(session: AsyncSession, label: str) -> list[Lease]:
    """The leases whose worker keeps this journal (before 0.2 the file's name alone was its label)."""
    labels = (label, label.rpartition("/")[2])
    statement = (
        select(Lease).where(Lease.state == LeaseState.HELD, col(Lease.journal).in_(labels)).order_by(col(Lease.id))
    )
    return list((await session.exec(statement)).all())


async def expired(session: AsyncSession, before: datetime) -> list[Lease]:
    """Held leases that were not kept up. On PostgreSQL its own clock decides, as it does for the heartbeats."""
    moment: Any = before
    if db.is_postgres():
        moment = sa.func.now() - sa.literal(clock.now() - before, sa.Interval())
    held = sa.text("lease.state = 'held'")  # literally what the partial index says, or no planner uses it
    statement = select(Lease).where(held, col(Lease.expires_at) < moment).limit(500)
    return list((await session.exec(statement)).all())


async def lock_held(session: AsyncSession, lease_id: int, epoch: int) -> Lease | None:
    """The lease, locked, if it is still held under this epoch."""
    statement = (
        select(Lease)
        .where(Lease.id == lease_id, Lease.epoch == epoch, Lease.state == LeaseState.HELD)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).first()


def may_have_been_sent(lease: Lease) -> sa.ColumnElement[bool]:
    """Rows of a lost lease that its worker had read, and of which nothing is known."""
    read_until = max((at for at in (lease.heartbeat_at, lease.claimed_at) if at), default=None)
    return sa.and_(
        col(Delivery.id).between(lease.first_id, lease.read_through_id),
        sa.or_(col(Delivery.next_attempt_at).is_(None), col(Delivery.next_attempt_at) <= read_until),
    )


async def release_lease(session: AsyncSession, lease: Lease, *, cancelled: bool) -> None:
    """End a settled lease: open again if rows are left, else done. Its worker can change nothing any more."""
    handle = LeaseHandle(int(lease.id or 0), lease.epoch, lease.campaign_id, lease.first_id, lease.last_id)
    sql, batch = in_session.sql(), encoding.empty(in_session.sql(), clock.now())
    ended = writing.end_lease(sql, handle, batch, cancelled=cancelled, fence=True)
    _, skipped = await in_session.run(session, ended)
    batch.count(lease.campaign_id, {"pending": -skipped, "skipped": skipped})
    await in_session.run(session, writing.count(sql, batch.counters, (), ()))


async def outside_held(session: AsyncSession, campaign_id: int) -> sa.ColumnElement[bool]:
    """A condition: the delivery is in no held lease. Lock the campaign first, so that no lease is claimed meanwhile."""
    held = await session.exec(
        select(Lease.first_id, Lease.last_id).where(
            Lease.campaign_id == campaign_id, col(Lease.state) == LeaseState.HELD
        )
    )
    return sa.and_(sa.true(), *(sa.not_(col(Delivery.id).between(first, last)) for first, last in held.all()))


async def close_open(session: AsyncSession, campaign_id: int) -> None:
    """Close a campaign's open leases."""
    await session.execute(
        sa.update(Lease)
        .where(col(Lease.campaign_id) == campaign_id, col(Lease.state) == LeaseState.OPEN)
        .values(state=LeaseState.DONE),
        execution_options={"synchronize_session": False},
    )


async def reopen(session: AsyncSession, campaign_id: int, at: datetime) -> int:
    """Open every finished lease that has a pending row. Returns how many."""
    pending = sa.exists(
        sa.select(sa.literal(1))
        .select_from(Delivery)
        .where(
            col(Delivery.campaign_id) == campaign_id,
            col(Delivery.status) == DeliveryStatus.PENDING,
            col(Delivery.id).between(Lease.first_id, Lease.last_id),
        )
    )
    result: Any = await session.execute(
        sa.update(Lease)
        .where(col(Lease.campaign_id) == campaign_id, col(Lease.state) == LeaseState.DONE, pending)
        .values(state=LeaseState.OPEN, available_at=at, owner="", host="", journal=""),
        execution_options={"synchronize_session": False},
    )
    return int(result.rowcount)
