"""Invariants: conditions that must always hold. Each is one query for violations. Run by cron, tests and `doctor`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import addresses
from campaign_app.core import clock, db
from campaign_app.delivery import repository as deliveries
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignStatus
from campaign_app.models.delivery import Delivery, DeliveryStatus, Lease, LeaseState
from campaign_app.models.suppression import Suppression

LEASE_GRACE = timedelta(minutes=10)
SHOW = 5


@dataclass(frozen=True, slots=True)
class Violation:
    """A violated invariant, with the first few objects that violate it."""

    invariant: str
    detail: str


Finder = Callable[[AsyncSession], Awaitable[list[str]]]


async def states_sum_to_total(session: AsyncSession) -> list[str]:
    """The counters of a campaign's states sum to its total."""
    states = [getattr(CampaignCounter, status.value) for status in DeliveryStatus]
    total = sum(states[1:], start=states[0])
    query = select(CampaignCounter.campaign_id, CampaignCounter.total, total).where(total != CampaignCounter.total)
    rows = (await session.exec(query)).all()
    return [f"campaign {campaign}: states sum to {summed}, total is {whole}" for campaign, whole, summed in rows]


async def counters_equal_ledger(session: AsyncSession) -> list[str]:
    """Each counter equals the number of deliveries in that state."""
    counted = (
        select(Delivery.campaign_id, Delivery.status, sa.func.count().label("number"))
        .group_by(col(Delivery.campaign_id), col(Delivery.status))
        .order_by(col(Delivery.campaign_id))
    )
    ledger: dict[int, dict[str, int]] = {}
    for campaign_id, status, number in (await session.exec(counted)).all():
        ledger.setdefault(campaign_id, {})[status] = number
    found = []
    for counter in (await session.exec(select(CampaignCounter))).all():
        truth = ledger.get(counter.campaign_id, {})
        wrong = {s.value for s in DeliveryStatus if getattr(counter, s.value) != truth.get(s, 0)}
        if wrong:
            found.append(f"campaign {counter.campaign_id}: {', '.join(sorted(wrong))}")
    return found


async def no_lease_forgotten(session: AsyncSession) -> list[str]:
    """No held lease expired long ago, because the sweep settles them."""
    late = await deliveries.instant(session) - LEASE_GRACE
    query = select(Lease.id, Lease.campaign_id).where(Lease.state == LeaseState.HELD, col(Lease.expires_at) < late)
    return [f"lease {lease} of campaign {campaign}" for lease, campaign in (await session.exec(query)).all()]


async def finished_means_settled(session: AsyncSession) -> list[str]:
    """A completed or cancelled campaign has no pending deliveries."""
    query = (
        select(Campaign.id)
        .join(CampaignCounter, col(CampaignCounter.campaign_id) == col(Campaign.id))
        .where(
            col(Campaign.status).in_([CampaignStatus.COMPLETED, CampaignStatus.CANCELLED]),
            col(CampaignCounter.pending) > 0,
        )
    )
    return [f"campaign {campaign}" for campaign in (await session.exec(query)).all()]


async def suppressed_stay_out(session: AsyncSession) -> list[str]:
    """No message was sent to an address after it was suppressed (with a minute's tolerance for mail under way)."""
    minute = sa.literal(clock.now() - timedelta(days=7))
    query = (
        select(Delivery.id)
        .join(Campaign, col(Campaign.id) == col(Delivery.campaign_id))
        .join(Suppression, addresses.is_suppressed(col(Campaign.address_kind), col(Delivery.address)))
        .where(col(Delivery.sent_at) > minute, col(Suppression.created_at) < col(Delivery.sent_at))
        .limit(1_000)
    )
    ids = (await session.exec(query)).all()
    if not ids:
        return []
    pairs = (
        select(Delivery.id, Delivery.sent_at, Suppression.created_at)
        .join(Campaign, col(Campaign.id) == col(Delivery.campaign_id))
        .join(Suppression, addresses.is_suppressed(col(Campaign.address_kind), col(Delivery.address)))
        .where(col(Delivery.id).in_(ids))
    )
    late = [
        delivery
        for delivery, sent, suppressed in (await session.exec(pairs)).all()
        if sent is not None and sent - suppressed > timedelta(minutes=1)
    ]
    return [f"delivery {delivery}" for delivery in late]


INVARIANTS: dict[str, Finder] = {
    "The states of a campaign sum to its total": states_sum_to_total,
    "Counters equal the ledger": counters_equal_ledger,
    "No held lease is forgotten": no_lease_forgotten,
    "A finished campaign is settled": finished_means_settled,
    "Suppressed addresses get nothing": suppressed_stay_out,
}


async def check(session: AsyncSession) -> list[Violation]:
    """The invariants that are violated in this transaction."""
    violations = []
    for name, find in INVARIANTS.items():
        found = await find(session)
        if found:
            more = f" and {len(found) - SHOW} more" if len(found) > SHOW else ""
            violations.append(Violation(name, "; ".join(found[:SHOW]) + more))
    return violations


async def check_now() -> list[Violation]:
    """The invariants that are violated now. All queries see the same snapshot, because a campaign that is being sent
    would else seem to violate them.
    """
    async with db.reading() as session:
        if db.is_postgres():
            await session.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        return await check(session)
