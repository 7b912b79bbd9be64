"""Invariants hold on demo data, and each violation is found. On both databases."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import clock, db
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignDomain, CampaignMinute, CampaignStatus
from campaign_app.models.delivery import Delivery, DeliveryEvent, DeliveryStatus, EventKind, Lease, LeaseState
from campaign_app.models.suppression import Suppression, SuppressionReason
from campaign_app.ops import invariants, jobs
from campaign_app.ops.demo import seed

pytestmark = [pytest.mark.usefixtures("redis_url"), pytest.mark.timeout(300)]


async def seeded() -> None:
    async with db.transaction() as session:
        await seed.seed(session, 2525)


async def broken() -> set[str]:
    return {violation.invariant for violation in await invariants.check_now()}


async def wrong_counter(session: AsyncSession) -> None:
    await session.execute(sa.update(CampaignCounter).where(col(CampaignCounter.campaign_id) == 1).values(sent=1))


async def wrong_sum(session: AsyncSession) -> None:
    await session.execute(sa.update(CampaignCounter).where(col(CampaignCounter.campaign_id) == 1).values(total=1))


async def forgotten_lease(session: AsyncSession) -> None:
    old = clock.now() - timedelta(hours=1)
    session.add(Lease(campaign_id=1, first_id=1, last_id=2, state=LeaseState.HELD, available_at=old, expires_at=old))


async def pending_in_a_finished_one(session: AsyncSession) -> None:
    first = (await session.exec(select(Delivery).where(Delivery.campaign_id == 1).limit(1))).one()
    counter = await session.get(CampaignCounter, 1)
    assert counter is not None
    setattr(counter, first.status.value, getattr(counter, first.status.value) - 1)
    counter.pending += 1
    first.status = DeliveryStatus.PENDING
    session.add_all([first, counter])


async def sent_to_suppressed(session: AsyncSession) -> None:
    late = (
        select(Delivery)
        .where(col(Delivery.sent_at) > clock.now() - timedelta(days=5), Delivery.status == DeliveryStatus.SENT)
        .limit(1)
    )
    delivery = (await session.exec(late)).one()
    await session.execute(sa.delete(Suppression).where(col(Suppression.address) == delivery.address))
    before = clock.now() - timedelta(days=30)
    session.add(Suppression(address=delivery.address, reason=SuppressionReason.MANUAL, created_at=before))


BREAKS: list[tuple[Callable[[AsyncSession], Awaitable[None]], set[str]]] = [
    (wrong_counter, {"Counters equal the ledger", "The states of a campaign sum to its total"}),
    (wrong_sum, {"The states of a campaign sum to its total"}),
    (forgotten_lease, {"No held lease is forgotten"}),
    (pending_in_a_finished_one, {"A finished campaign is settled"}),
    (sent_to_suppressed, {"Suppressed addresses get nothing"}),
]


async def check_history() -> None:
    """Roll-ups and counters agree with the events."""
    async with db.reading() as session:
        for campaign_id in (await session.exec(select(CampaignCounter.campaign_id))).all():
            counter = await session.get(CampaignCounter, campaign_id)
            assert counter is not None
            people = sa.and_(col(DeliveryEvent.campaign_id) == campaign_id, col(DeliveryEvent.machine) == "")
            opens = sa.select(sa.func.count()).where(people, col(DeliveryEvent.kind) == EventKind.OPEN)
            opened = sa.select(sa.func.count(sa.distinct(DeliveryEvent.delivery_id))).where(
                people, col(DeliveryEvent.kind) == EventKind.OPEN
            )
            assert (await session.execute(opens)).scalar_one() == counter.opens
            assert (await session.execute(opened)).scalar_one() == counter.opened
            minutes = sa.select(sa.func.sum(CampaignMinute.sent), sa.func.sum(CampaignMinute.opened)).where(
                col(CampaignMinute.campaign_id) == campaign_id
            )
            domains = sa.select(sa.func.sum(CampaignDomain.sent), sa.func.sum(CampaignDomain.opened)).where(
                col(CampaignDomain.campaign_id) == campaign_id
            )
            truth = (counter.sent + counter.bounced, counter.opened)
            assert tuple((await session.execute(minutes)).one()) == truth
            assert tuple((await session.execute(domains)).one()) == truth


async def test_demo_data_holds_and_every_break_is_seen(database: str) -> None:
    await seeded()
    assert await broken() == set()
    await check_history()
    for damage, expected in BREAKS:
        async with db.engines().write.connect() as connection, AsyncSession(connection) as session:
            await damage(session)
            await session.flush()
            found = {violation.invariant for violation in await invariants.check(session)}
            await session.rollback()
        assert found == expected, damage.__name__


@pytest.mark.logs("invariant violated")
async def test_the_job_counts_violations(sqlite_database: str) -> None:
    assert await jobs.check_invariants({}) == 0
    async with db.transaction() as session:
        session.add(Campaign(id=1, name="Broken"))
        await session.flush()
        session.add(CampaignCounter(campaign_id=1, total=3, sent=2))
    assert await jobs.check_invariants({}) == 2


async def test_seeded_once_and_ready_to_launch(sqlite_database: str) -> None:
    async with db.reading() as session:
        assert not await seed.is_seeded(session)
    await seeded()
    async with db.reading() as session:
        assert await seed.is_seeded(session)
        draft = (await session.exec(select(Campaign).where(Campaign.name == "November restock offer"))).one()
        assert draft.status is CampaignStatus.DRAFT
        assert draft.account_id
        assert draft.audience["lists"]
    async with db.transaction() as session:
        await seed.keep_port(session, 2600)
    from campaign_app.models.account import SendingAccount

    async with db.reading() as session:
        assert (await session.exec(select(SendingAccount))).one().settings["port"] == 2600


async def test_all_questions_are_about_one_instant(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a message is sent between two queries, nothing is violated."""
    await seeded()
    real = invariants.states_sum_to_total

    async def meanwhile(session: AsyncSession) -> list[str]:
        found = await real(session)
        if db.is_postgres():  # SQLite's reader always has a snapshot, and a second connection would wait for it
            async with db.transaction() as other:
                await wrong_counter(other)
        return found

    monkeypatch.setitem(invariants.INVARIANTS, "The states of a campaign sum to its total", meanwhile)
    assert await broken() == set()
