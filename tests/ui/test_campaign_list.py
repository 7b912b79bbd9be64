"""The list of campaigns: views, filters in the address, live rows, acts on one and on many."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaign_app.campaigns import service
from campaign_app.campaigns.schemas import CampaignRow
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Forbidden
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignStatus
from campaign_app.models.user import Role
from campaign_app.ui.campaigns.list_rows import percent_done, row_of
from campaign_app.ui.campaigns.list_state import CampaignList
from tests.conftest import MakeActor
from tests.ui.tabs import Tab

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
async def actor(sqlite_database: str, redis_url: str, make_actor: MakeActor) -> Actor:
    return await make_actor(Role.MARKETER)


@pytest.fixture
async def tab(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> Tab:
    return Tab(actor, monkeypatch)


async def store(actor: Actor, name: str, status: CampaignStatus = CampaignStatus.DRAFT, **counts: int) -> int:
    async with db.transaction() as session:
        row = Campaign(name=name, subject=f"About {name}", status=status, owner_id=actor.user_id)
        session.add(row)
        await session.flush()
        if counts:
            session.add(CampaignCounter(campaign_id=int(row.id or 0), **counts))
        return int(row.id or 0)


async def test_without_campaigns_the_steps_are_shown(tab: Tab) -> None:
    await tab.go("/campaigns").do(CampaignList.load)
    state = tab.state(CampaignList)
    assert state.nothing_at_all
    assert (state.has_account, state.has_contacts) == (False, False)


async def test_views_count_and_the_address_filters(tab: Tab, actor: Actor) -> None:
    await store(actor, "Restock", CampaignStatus.RUNNING, total=10, sent=5, pending=5)
    await store(actor, "Winter")
    await tab.go("/campaigns").do(CampaignList.load)
    state = tab.state(CampaignList)
    assert {view.value: view.count for view in state.views}["running"] == "1"
    assert {row.name for row in state.rows} == {"Restock", "Winter"}
    await tab.go("/campaigns?view=drafts").do(CampaignList.load)
    assert [row.name for row in state.rows] == ["Winter"]
    await tab.go("/campaigns?search=about+rest").do(CampaignList.load)
    assert [row.name for row in state.rows] == ["Restock"]
    await tab.go("/campaigns?status=running&sort=name").do(CampaignList.load)
    assert ([row.name for row in state.rows], state.sort) == (["Restock"], "name")


async def test_nonsense_in_the_address_is_ignored(tab: Tab, actor: Actor) -> None:
    await store(actor, "Restock")
    await tab.go("/campaigns?view=x&status=y&sort=-password&page=zzz").do(CampaignList.load)
    assert len(tab.state(CampaignList).rows) == 1


async def test_filters_go_into_the_address(tab: Tab) -> None:
    await tab.go("/campaigns?view=running").do(CampaignList.load)
    await tab.do(CampaignList.search, "  rest  ")
    await tab.do(CampaignList.choose, "status", "paused")
    await tab.do(CampaignList.choose_view, "all")
    assert tab.addresses == [
        "/campaigns?view=running&search=rest",
        "/campaigns?view=running&status=paused&search=rest",
        "/campaigns?search=rest",
    ]


async def test_pages_follow_each_other(tab: Tab, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CampaignList, "spec", replace(CampaignList.spec, page_size=2))
    for number in range(5):
        await store(actor, f"Campaign {number}")
    seen: list[str] = []
    address = "/campaigns?sort=name"
    for _ in range(3):
        await tab.go(address).do(CampaignList.load)
        seen += [row.name for row in tab.state(CampaignList).rows]
        await tab.do(CampaignList.turn, True)
        address = tab.addresses[-1]
    assert seen == [f"Campaign {number}" for number in range(5)]
    await tab.do(CampaignList.turn, False)
    await tab.go(tab.addresses[-1]).do(CampaignList.load)
    assert [row.name for row in tab.state(CampaignList).rows] == ["Campaign 2", "Campaign 3"]


async def test_progress_moves_its_row_only(tab: Tab, actor: Actor) -> None:
    running = await store(actor, "Restock", CampaignStatus.RUNNING, total=10, sent=1, pending=9)
    await store(actor, "Other", CampaignStatus.RUNNING, total=10, sent=1, pending=9)
    await tab.go("/campaigns").do(CampaignList.load)
    state = tab.state(CampaignList)
    counters = {"total": 10, "sent": 8, "failed": 1, "skipped": 1, "opened": 2}
    await state._on_progress(f"campaign:{running}", {"status": "completed", "counters": counters})
    rows = {row.name: row for row in state.rows}
    assert (rows["Restock"].progress, rows["Restock"].status, rows["Restock"].live) == ("100%", "completed", False)
    assert rows["Restock"].opened == "25.0%"
    assert rows["Other"].progress == "10%"


async def test_many_are_duplicated_and_deleted_and_the_rest_is_told(tab: Tab, actor: Actor) -> None:
    draft = await store(actor, "Draft")
    running = await store(actor, "Running", CampaignStatus.RUNNING, total=1, pending=1)
    await tab.go("/campaigns").do(CampaignList.load)
    await tab.do(CampaignList.check_page, True)
    state = tab.state(CampaignList)
    assert set(state.chosen) == {draft, running}
    assert (bool(state.why_not["pause"]), bool(state.why_not["delete"])) == (True, True)
    await tab.do(CampaignList.run, "duplicate", [])
    assert (state.chosen, state.total_text) == ([], "4 campaigns")
    await tab.do(CampaignList.ask, "delete", [draft, running], "")
    assert state.asked_words == "2 campaigns"
    await tab.do(CampaignList.answer)
    assert "Running was not changed" in tab.toasts[-1]
    assert draft not in [row.id for row in state.rows]
    assert running in [row.id for row in state.rows]


async def test_pause_and_resume_from_the_row(tab: Tab, actor: Actor) -> None:
    running = await store(actor, "Running", CampaignStatus.RUNNING, total=1, pending=1)
    await tab.go("/campaigns").do(CampaignList.load)
    await tab.do(CampaignList.run, "pause", [running])
    assert tab.state(CampaignList).rows[0].status == "paused"
    assert tab.state(CampaignList).rows[0].can_resume


async def test_everything_found_can_be_chosen(tab: Tab, actor: Actor) -> None:
    ids = [await store(actor, f"Campaign {number}") for number in range(3)]
    await tab.go("/campaigns?search=campaign").do(CampaignList.load)
    await tab.do(CampaignList.check_all)
    assert sorted(tab.state(CampaignList).chosen) == ids
    await tab.do(CampaignList.check, ids[0], False)
    assert tab.state(CampaignList).all_checked == "indeterminate"
    await tab.do(CampaignList.uncheck)
    assert tab.state(CampaignList).chosen == []


async def test_the_export_holds_the_chosen_ones_and_no_formula(tab: Tab, actor: Actor) -> None:
    chosen = await store(actor, "=cmd()", CampaignStatus.COMPLETED, total=2, sent=2, opened=1)
    await store(actor, "Not this one")
    await tab.go("/campaigns").do(CampaignList.load)
    await tab.do(CampaignList.check, chosen, True)
    await tab.do(CampaignList.run, "export", [])
    data = tab.toasts[-1].partition("base64,")[2].partition('"')[0]
    lines = base64.b64decode(data).decode("utf-8-sig").splitlines()
    assert [line.split(",")[:7] for line in lines[1:]] == [
        ["'=cmd()", "About =cmd()", "completed", "2", "2", "1", "0"],
    ]


VIEWER_MAY_NOT: list[tuple[Any, ...]] = [
    (CampaignList.run, "pause", [1]),
    (CampaignList.run, "resume", [1]),
    (CampaignList.run, "duplicate", [1]),
    (CampaignList.ask, "delete", [1], ""),
    (CampaignList.run, "export", [1]),
]


@pytest.mark.parametrize("event", VIEWER_MAY_NOT, ids=lambda event: event[1])
async def test_a_viewer_sees_the_list_and_can_change_nothing(
    actor: Actor, make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch, event: tuple[Any, ...]
) -> None:
    await store(actor, "Restock", CampaignStatus.RUNNING, total=1, pending=1)
    tab = Tab(await make_actor(Role.VIEWER, "Vera"), monkeypatch)
    await tab.go("/campaigns").do(CampaignList.load)
    assert len(tab.state(CampaignList).rows) == 1
    with pytest.raises(Forbidden):
        await tab.do(*event)


def line(status: CampaignStatus, **more: Any) -> CampaignRow:
    values: dict[str, Any] = {
        "id": 7,
        "name": "Restock",
        "subject": "",
        "channel": "email",
        "status_reason": "",
        "step_reached": 3,
        "send_at": None,
        "owner_id": 1,
        "owner_name": "Ines Keller",
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW - timedelta(minutes=44),
        "total": 0,
        "counts": {},
        "sent": 0,
        "opened": 0,
        "clicked": 0,
        "replied": 0,
    }
    return CampaignRow(status=status, **{**values, **more})


@pytest.mark.parametrize(
    ("campaign", "progress", "updated"),
    [
        (line(CampaignStatus.DRAFT), "Step 3 of 5", "44 min ago"),
        (line(CampaignStatus.SCHEDULED, send_at=NOW + timedelta(hours=4)), "Today 14:00", "44 min ago"),
        (line(CampaignStatus.RUNNING, total=200, counts={"sent": 123, "pending": 77}), "61%", "Now"),
        (line(CampaignStatus.COMPLETED, total=3, counts={"sent": 1, "bounced": 1, "skipped": 1}), "100%", "44 min ago"),
    ],
)
def test_a_line_says_what_matters_in_its_status(campaign: CampaignRow, progress: str, updated: str) -> None:
    row = row_of(campaign, NOW, "Europe/Berlin")
    assert (row.progress, row.updated) == (progress, updated)
    assert row.subject == "No subject yet"
    assert row.owner_letters == "IK"


def test_only_a_draft_opens_the_builder() -> None:
    assert row_of(line(CampaignStatus.DRAFT), NOW, "UTC").href == "/campaigns/7/edit"
    assert row_of(line(CampaignStatus.SCHEDULED), NOW, "UTC").href == "/campaigns/7"


def test_it_is_not_100_percent_before_all_are_done() -> None:
    assert percent_done({"sent": 9_999, "failed": 0, "skipped": 0, "uncertain": 0}, 10_000) == "99%"


async def test_rows_of_leaves_out_deleted_ones(actor: Actor) -> None:
    kept, gone = await store(actor, "Kept"), await store(actor, "Gone")
    async with db.transaction() as session:
        await service.delete(session, actor, gone)
    async with db.reading() as session:
        assert [row.id for row in await service.rows_of(session, actor, [kept, gone])] == [kept]
