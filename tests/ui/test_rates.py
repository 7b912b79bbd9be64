"""Rates of opens and clicks are shares of the messages sent, in the same number on every page."""

from datetime import UTC, datetime

import pytest
import time_machine

from campaign_app.core import db
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignMinute, CampaignStatus
from campaign_app.models.user import Role
from campaign_app.ui.analytics.analytics_state import AnalyticsPage
from campaign_app.ui.campaign_detail.results_state import CampaignResults
from campaign_app.ui.campaign_detail.side_state import CampaignSide
from campaign_app.ui.campaigns.list_state import CampaignList
from campaign_app.ui.dashboard.dashboard_state import DashboardPage
from tests.conftest import MakeActor
from tests.ui.tabs import Tab

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
COUNTERS = {"total": 12, "sent": 3, "delivered": 1, "read": 2, "replied": 1, "bounced": 3, "failed": 1, "skipped": 1}
OPENED, CLICKED = "40.0%", "20.0%"  # 4 and 2 of the ten that a server took


async def store() -> int:
    async with db.transaction() as session:
        campaign = Campaign(name="Restock", status=CampaignStatus.COMPLETED, launched_at=NOW, finished_at=NOW)
        campaign.started_at = NOW
        session.add(campaign)
        await session.flush()
        number = int(campaign.id or 0)
        session.add(CampaignCounter(campaign_id=number, **COUNTERS, opened=4, clicked=2))
        session.add(CampaignMinute(campaign_id=number, minute=NOW, sent=10, opened=4, clicked=2))
        return number


@time_machine.travel(NOW, tick=False)
async def test_one_definition_on_every_page(
    sqlite_database: str, redis_url: str, make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab, number = Tab(await make_actor(Role.MANAGER), monkeypatch), await store()
    await tab.go("/campaigns").do(CampaignList.load)
    row = tab.state(CampaignList).rows[0]
    assert (row.opened, row.clicked) == (OPENED, CLICKED)
    live = {"status": "completed", "counters": {**COUNTERS, "opened": 4, "clicked": 2}}
    await tab.state(CampaignList)._on_progress(f"campaign:{number}", live)
    row = tab.state(CampaignList).rows[0]
    assert (row.opened, row.clicked) == (OPENED, CLICKED)

    await tab.go(f"/campaigns/{number}", campaign_id=number).do(CampaignSide.load)
    assert tab.state(CampaignSide).opened_text == f"4 · {OPENED}"
    await tab.do(CampaignResults.load)
    shares = {bar.label: bar.rate for bar in tab.state(CampaignResults).funnel}
    assert (shares["Opened by people"], shares["Clicked"]) == (OPENED, CLICKED)

    await tab.go("/").do(DashboardPage.load)
    assert [(line.opened, line.clicked) for line in tab.state(DashboardPage).finished] == [(OPENED, CLICKED)]
    await tab.go("/analytics").do(AnalyticsPage.load)
    page = tab.state(AnalyticsPage)
    assert [(line.opened, line.clicked) for line in page.campaigns] == [(OPENED, CLICKED)]
    assert {cell.key: cell.value for cell in page.cells}["opened"] == OPENED
