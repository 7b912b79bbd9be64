"""Results, periods, dashboard and exports compared with numbers written by hand, on both databases."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from campaign_app.analytics import exports, periods, service
from campaign_app.core import db
from campaign_app.core.errors import Forbidden, NotFound
from campaign_app.models.campaign import (
    Campaign,
    CampaignCounter,
    CampaignDomain,
    CampaignLink,
    CampaignMinute,
    CampaignStatus,
)
from campaign_app.models.delivery import Delivery, DeliveryStatus, Reason
from campaign_app.models.user import Role
from tests.conftest import MakeActor

NOW = datetime(2026, 11, 17, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("redis_url")


async def seed() -> int:
    async with db.transaction() as session:
        campaign = Campaign(name="Restock", status=CampaignStatus.COMPLETED, launched_at=NOW, finished_at=NOW)
        session.add(campaign)
        await session.flush()
        assert campaign.id
        counter = CampaignCounter(campaign_id=campaign.id, total=10, sent=7, bounced=1, failed=1, skipped=1)
        counter.opened, counter.clicked, counter.unsubscribed, counter.machine_opens = 4, 2, 1, 3
        session.add(counter)
        for number, (sent, opened) in enumerate([(5, 1), (3, 3)]):
            minute = NOW - timedelta(minutes=10 - 5 * number)
            session.add(
                CampaignMinute(campaign_id=campaign.id, minute=minute, sent=sent, opened=opened, opens=opened + 1)
            )
        session.add(CampaignLink(campaign_id=campaign.id, position=0, url="https://a.example", clicks=3, people=2))
        session.add(CampaignDomain(campaign_id=campaign.id, domain="example.com", sent=8, opened=4))
        states = [(DeliveryStatus.SENT, Reason.NONE)] * 7 + [
            (DeliveryStatus.BOUNCED, Reason.BOUNCE_REPORT),
            (DeliveryStatus.FAILED, Reason.MAILBOX_FULL),
            (DeliveryStatus.SKIPPED, Reason.UNSUBSCRIBED),
        ]
        for number, (status, reason) in enumerate(states):
            address = f"=p{number}@example.com"
            session.add(
                Delivery(
                    campaign_id=campaign.id,
                    contact_id=number + 1,
                    status=status,
                    reason=reason,
                    address=address,
                    updated_at=NOW,
                )
            )
        return campaign.id


async def test_results_of_a_campaign(database: str, make_actor: MakeActor) -> None:
    actor, number = await make_actor(), await seed()
    async with db.reading() as session:
        found = await service.campaign_results(session, actor, number)
    assert (found.total, found.sent, found.opened) == (10, 8, 4)
    assert [(step.key, step.count) for step in found.funnel] == [
        ("sent", 8),
        ("opened", 4),
        ("clicked", 2),
        ("unsubscribed", 1),
    ]
    assert found.funnel[1].share == 0.5
    assert [point.sent for point in found.times] == [5, 0, 0, 0, 0, 3]
    assert sorted((row.status, row.count) for row in found.reasons) == [("bounced", 1), ("failed", 1), ("skipped", 1)]
    assert found.links[0].people == 2
    assert found.domains[0].domain == "example.com"


@time_machine.travel(NOW, tick=False)
async def test_a_period_and_the_dashboard(database: str, make_actor: MakeActor) -> None:
    actor = await make_actor()
    await seed()
    async with db.reading() as session:
        found = await service.overview(session, actor, 30)
        front = await service.dashboard(session, actor)
        table = await service.campaigns_table(session, actor, 7)
    assert len(found.days) == len(found.before) == 30
    assert found.days[-1].day == date(2026, 11, 17)
    assert (found.days[-1].sent, found.days[-1].opened) == (8, 4)
    assert found.totals.sent == 8
    assert found.totals_before.sent == 0
    assert found.heat[1][11] == 1.0  # a Tuesday, 11:50 and 11:55
    assert [row.name for row in front.finished] == ["Restock"]
    assert table[0].sent == 8


async def test_exports_stream_and_defuse(database: str, make_actor: MakeActor) -> None:
    actor, number = await make_actor(), await seed()
    async with db.reading() as session:
        for slug in (*exports.EXPORTS, "domains", "recipients"):
            body = b"".join([piece async for piece in exports.campaign(session, actor, number, slug)])
            assert body.startswith(b"\xef\xbb\xbf"), slug
            if slug == "recipients":
                assert body.count(b"\r\n") == 11
                assert b"'=p0@example.com" in body
        with pytest.raises(NotFound):
            await anext(exports.campaign(session, actor, number, "nonsense"))


async def test_who_may(database: str, make_actor: MakeActor) -> None:
    viewer, number = await make_actor(Role.VIEWER), await seed()
    async with db.reading() as session:
        assert (await service.campaign_results(session, viewer, number)).total == 10
        with pytest.raises(Forbidden):
            await anext(exports.campaign(session, viewer, number, "links"))


def test_slots_stay_few() -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    for span in (1, 239, 240, 5_000, 200_000):
        width = periods.slot_minutes(first, first + timedelta(minutes=span - 1))
        assert span / width <= periods.MAX_POINTS
    rows = [CampaignMinute(campaign_id=1, minute=first + timedelta(minutes=n), sent=1) for n in (0, 900)]
    points, width = periods.times(rows)
    assert sum(point.sent for point in points) == 2
    assert width == 5


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Apia", "UTC"])
def test_days_follow_the_zone(zone: str) -> None:
    hour = (datetime(2026, 11, 1, 0, tzinfo=UTC), {"sent": 4})
    points = periods.days([hour], date(2026, 10, 31), 2, zone)
    assert sum(point.sent for point in points) == 4
    assert points[0].sent == (4 if zone == "America/New_York" else 0)
