"""The page of one campaign: its numbers in words, its recipients, who may steer it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from campaign_app.campaigns import templates_service
from campaign_app.channels.email_smtp.settings import Tls
from campaign_app.core import clock, db
from campaign_app.core.actor import SYSTEM, Actor
from campaign_app.core.errors import Forbidden
from campaign_app.delivery.launch.refusals import BRAKE
from campaign_app.models.campaign import Campaign, CampaignActivity, CampaignCounter, CampaignStatus, Pauser
from campaign_app.models.contact import Contact
from campaign_app.models.delivery import Delivery, DeliveryStatus, Reason
from campaign_app.models.user import Role
from campaign_app.ui import live
from campaign_app.ui.app_state import AppState
from campaign_app.ui.campaign_detail import figures, labels
from campaign_app.ui.campaign_detail.content_state import CampaignContent
from campaign_app.ui.campaign_detail.page_state import CampaignPage, CampaignQuestions
from campaign_app.ui.campaign_detail.recipients_state import Recipients, explanation
from campaign_app.ui.campaign_detail.results_state import CampaignResults
from campaign_app.ui.campaign_detail.template_state import SaveAsTemplate
from campaign_app.ui.campaign_detail.why_state import WhyDialog
from tests.channels.accounts import smtp_row
from tests.conftest import MakeActor
from tests.ui.tabs import Tab

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PEOPLE = 60
COUNT = st.integers(0, 500)


@pytest.fixture
async def actor(sqlite_database: str, redis_url: str, make_actor: MakeActor) -> Actor:
    return await make_actor(Role.MARKETER)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Topics that were watched; no hub runs in these tests."""
    topics: list[str] = []

    async def watch(_state: AppState, topic: str) -> None:
        topics.append(topic)

    monkeypatch.setattr(live, "watch", watch)
    return topics


async def store(status: CampaignStatus = CampaignStatus.PAUSED) -> int:
    """A campaign to 60 people: 57 sent, one bounced, one left out, one without an answer."""
    async with db.transaction() as session:
        account = smtp_row(
            name="Main", host="127.0.0.1", port=2525, tls=Tls.NONE, from_address="news@acme.example", from_name="Acme"
        )
        session.add(account)
        await session.flush()
        campaign = Campaign(name="Restock", subject="Hello", status=status, account_id=account.id)
        session.add(campaign)
        await session.flush()
        number = int(campaign.id or 0)
        ends = {
            57: (DeliveryStatus.BOUNCED, Reason.NONE, "550 no such user"),
            58: (DeliveryStatus.SKIPPED, Reason.UNSUBSCRIBED, ""),
            59: (DeliveryStatus.UNCERTAIN, Reason.NONE, ""),
        }
        for index in range(PEOPLE):
            address = f"reader{index:02}@acme.example"
            person = Contact(identity=address, email=address, domain="acme.example", first_name=f"Reader {index:02}")
            session.add(person)
            await session.flush()
            ended, reason, response = ends.get(index, (DeliveryStatus.SENT, Reason.NONE, "250 ok"))
            session.add(
                Delivery(
                    campaign_id=number,
                    contact_id=person.id,
                    address=address,
                    domain="acme.example",
                    status=ended,
                    reason=reason,
                    response=response,
                    updated_at=NOW,
                )
            )
        session.add(CampaignCounter(campaign_id=number, total=PEOPLE, sent=57, bounced=1, skipped=1, uncertain=1))
        return number


@given(pending=COUNT, sent=COUNT, failed=COUNT, skipped=COUNT, in_flight=COUNT)
def test_the_parts_of_the_bar_are_everybody(in_flight: int, **counts: int) -> None:
    total = sum(counts.values())
    parts = figures.shares({**counts, "total": total}, in_flight)
    assert parts.settled + parts.sending + parts.queued == total
    assert min(parts.sending, parts.queued) >= 0
    assert (figures.percent(parts) == "100%") == (total > 0 and parts.settled == total)


def test_a_rate_is_said_only_when_something_moves() -> None:
    assert (figures.rate(4200.4), figures.rate(0.2)) == ("4,200 per minute", "–")


def test_times_carry_their_day_when_it_is_another_one() -> None:
    assert figures.clock(NOW + timedelta(hours=2), NOW, "Europe/Berlin") == "12:00"
    assert figures.clock(NOW + timedelta(hours=26), NOW, "Europe/Berlin") == "Tue 24 Nov 12:00"
    assert figures.took(NOW, NOW + timedelta(hours=2, minutes=17)) == "Took 2 h 17 min"
    assert figures.took(None, NOW) == ""


@pytest.mark.parametrize(
    ("status", "reason", "response", "words"),
    [
        (DeliveryStatus.SENT, "", "250 ok", "Accepted, 250 ok"),
        (DeliveryStatus.PENDING, "", "", ""),
        (DeliveryStatus.SKIPPED, Reason.UNSUBSCRIBED, "", Reason.UNSUBSCRIBED.label),
        (DeliveryStatus.UNCERTAIN, "", "", "No answer from the server. Not sent again until a person decides"),
    ],
)
def test_every_outcome_is_explained(status: str, reason: str, response: str, words: str) -> None:
    assert explanation(status, reason, response) == words


async def test_the_page_shows_what_is_stored_and_watches(
    actor: Actor, watched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await store()
    tab = Tab(actor, monkeypatch).go(f"/campaigns/{number}", campaign_id=number)
    await tab.do(CampaignPage.load)
    page = tab.state(CampaignPage)
    assert (page.name, page.status, page.sender) == ("Restock", "paused", "news@acme.example")
    assert (page.done_text, page.percent) == ("60 of 60", "100%")
    assert (page.can_resume, page.can_pause, page.can_edit) == (True, False, False)
    assert watched == [f"campaign:{number}"]
    assert (page.tab, len(tab.state(Recipients).rows), tab.state(CampaignResults).loading) == ("recipients", 50, True)


async def test_the_address_names_the_tab_and_only_that_is_read(
    actor: Actor, watched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await store()
    tab = Tab(actor, monkeypatch).go(f"/campaigns/{number}?tab=results", campaign_id=number)
    await tab.do(CampaignPage.load)
    assert (tab.state(CampaignPage).tab, tab.state(CampaignResults).loading) == ("results", False)
    assert tab.state(Recipients).rows == []
    await tab.do(CampaignPage.choose_tab, "content")
    assert tab.addresses[-1] == f"/campaigns/{number}?tab=content"  # the browser shows it without a new page
    assert not tab.state(CampaignContent).loading
    await tab.do(CampaignPage.choose_tab, "recipients")
    assert tab.addresses[-1] == f"/campaigns/{number}"
    assert len(tab.state(Recipients).rows) == 50
    await tab.do(CampaignPage.choose_tab, "nothing of these")
    assert tab.state(CampaignPage).tab == "recipients"


async def test_a_viewer_sees_the_whole_page_and_cannot_steer(
    actor: Actor, watched: list[str], make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await store()
    tab = Tab(await make_actor(Role.VIEWER), monkeypatch).go(f"/campaigns/{number}", campaign_id=number)
    await tab.do(CampaignPage.load)
    assert tab.state(CampaignPage).sender == "news@acme.example"
    for handler, word in ((CampaignPage.steer, "resume"), (CampaignPage.decide_uncertain, "requeue")):
        with pytest.raises(Forbidden):
            await tab.do(handler, word)
    with pytest.raises(Forbidden):
        await tab.do(CampaignQuestions.answer, "delete")
    async with db.reading() as session:
        campaign = await session.get(Campaign, number)
        assert campaign is not None
        assert campaign.status is CampaignStatus.PAUSED


async def test_a_draft_opens_in_the_builder(actor: Actor, watched: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    number = await store(CampaignStatus.DRAFT)
    tab = Tab(actor, monkeypatch).go(f"/campaigns/{number}", campaign_id=number)
    await tab.do(CampaignPage.load)
    assert tab.redirects == [f"/campaigns/{number}/edit"]
    assert watched == []


def progress(status: str = "running", **counters: int) -> dict[str, Any]:
    line = {
        "id": 1,
        "name": "Reader 01",
        "address": "reader01@acme.example",
        "status": "sent",
        "reason": "",
        "response": "250 ok",
        "at": clock.now().isoformat(),
    }
    counters = {"total": PEOPLE, "sent": 20, "pending": 40, **counters}
    return {
        "status": status,
        "counters": counters,
        "in_flight": 3,
        "rate_per_minute": 240,
        "seconds_left": 10.0,
        "last": [line],
    }


async def test_progress_moves_the_numbers_and_the_table_unless_somebody_reads_it(
    actor: Actor, watched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await store(CampaignStatus.RUNNING)
    tab = Tab(actor, monkeypatch).go(f"/campaigns/{number}", campaign_id=number)
    await tab.do(Recipients.load)
    await tab.do(CampaignPage.load)
    page, table = tab.state(CampaignPage), tab.state(Recipients)
    await page._on_progress("", progress())
    assert (page.shares.sent, page.shares.sending, page.shares.queued) == (20, 3, 37)
    assert (page.rate, page.left) == ("240 per minute", "10 s")
    assert [row.name for row in table.rows] == ["Reader 01"]
    await tab.do(Recipients.show_all)
    assert len(table.rows) == 50
    await page._on_progress("", progress(sent=21, pending=39))
    assert (page.shares.sent, len(table.rows), table.stale) == (21, 50, True)


async def test_recipients_are_paged_filtered_and_explained(
    actor: Actor, watched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await store()
    tab = Tab(actor, monkeypatch).go(f"/campaigns/{number}", campaign_id=number)
    await tab.do(Recipients.load)
    table = tab.state(Recipients)
    assert (table.range_text, table.has_next, table.has_previous) == ("1–50 of 60", True, False)
    await tab.do(Recipients.turn, True)
    assert (table.range_text, table.has_next, table.has_previous) == ("51–60 of 60", False, True)
    await tab.do(Recipients.turn, False)
    assert table.range_text == "1–50 of 60"
    await tab.do(Recipients.toggle_status, "bounced")
    assert [(row.name, row.status) for row in table.rows] == [("Reader 57", "bounced")]
    assert "550 no such user" in table.rows[0].reason
    await tab.do(Recipients.toggle_status, "bounced")
    assert table.filters["status"] == ""
    await tab.do(Recipients.search, "reader58")
    assert [row.reason for row in table.rows] == [Reason.UNSUBSCRIBED.label]
    await tab.do(WhyDialog.show, table.rows[0].id)
    why = tab.state(WhyDialog)
    assert (why.name, why.status, tab.shows(WhyDialog)) == ("Reader 58", "skipped", True)
    assert any(rule.mark == "blocking" for rule in why.rules)


async def test_a_campaigns_message_becomes_a_template(
    actor: Actor, watched: list[str], monkeypatch: pytest.MonkeyPatch, make_actor: MakeActor
) -> None:
    number = await store()
    tab = Tab(actor, monkeypatch).go(f"/campaigns/{number}", campaign_id=number)
    await tab.do(SaveAsTemplate.open, number)
    dialog = tab.state(SaveAsTemplate)
    assert (tab.shows(SaveAsTemplate), dialog.values["name"]) == (True, "Restock")
    await tab.do(SaveAsTemplate.submit, {"template-name": ""})
    assert dialog.errors["name"]
    await tab.do(SaveAsTemplate.submit, {"template-name": "Restock", "template-category": "Offers"})
    assert (tab.shows(SaveAsTemplate), "Restock is in the template library" in tab.toasts[-1]) == (False, True)
    await tab.do(SaveAsTemplate.submit, {"template-name": "Restock"})
    assert dialog.errors["name"] == "This name is taken"
    async with db.reading() as session:
        (made,) = await templates_service.list_templates(session, actor, category="Offers")
    assert (made.name, made.subject) == ("Restock", "Hello")
    viewer = Tab(await make_actor(Role.VIEWER), monkeypatch).go(f"/campaigns/{number}", campaign_id=number)
    for handler, arguments in ((SaveAsTemplate.open, (number,)), (SaveAsTemplate.submit, ({"template-name": "X"},))):
        with pytest.raises(Forbidden):
            await viewer.do(handler, *arguments)


async def test_the_servers_name_for_a_message_is_shown(
    actor: Actor, watched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await store()
    async with db.transaction() as session:
        row = (await session.exec(select(Delivery).where(Delivery.status == DeliveryStatus.SENT).limit(1))).one()
        row.response, row.attempts = "250 2.0.0 Ok: queued as 4Wq1xF3Zbxz9t", 1
        session.add(row)
    tab = Tab(actor, monkeypatch).go(f"/campaigns/{number}", campaign_id=number)
    await tab.do(WhyDialog.show, row.id)
    why = tab.state(WhyDialog)
    assert why.provider_id == "4Wq1xF3Zbxz9t"
    assert why.message_id.endswith("@acme.example>")


async def test_a_campaign_that_is_over_before_any_news_of_it_shows_what_came_of_it(
    actor: Actor, watched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await store(CampaignStatus.RUNNING)
    async with db.transaction() as session:
        await session.execute(sa.update(Delivery).values(status=DeliveryStatus.PENDING))
    tab = Tab(actor, monkeypatch).go(f"/campaigns/{number}", campaign_id=number)
    await tab.do(Recipients.load)
    table = tab.state(Recipients)
    assert {row.status for row in table.rows} == {"pending"}
    await tab.do(Recipients.freeze)
    async with db.transaction() as session:
        await session.execute(sa.update(Delivery).values(status=DeliveryStatus.SENT))
    await table._settle()
    assert ({row.status for row in table.rows}, table.stale) == ({"pending"}, True)  # somebody reads them
    await tab.do(Recipients.thaw)
    assert ({row.status for row in table.rows}, table.stale) == ({"sent"}, False)
    async with db.transaction() as session:
        await session.execute(sa.update(Delivery).values(status=DeliveryStatus.BOUNCED))
    await table._settle()
    assert {row.status for row in table.rows} == {"bounced"}


@pytest.mark.parametrize("name", [SYSTEM.name, BRAKE.name])
def test_a_person_who_is_called_like_a_part_of_the_system_is_shown_as_a_person(name: str) -> None:
    campaign = Campaign(name="x", status=CampaignStatus.PAUSED, paused_at=NOW, paused_by=name, pauser=Pauser.PERSON)
    assert labels.time_left(campaign, NOW, "UTC") == ("Paused", f"09:00 by {name}")
    line = CampaignActivity(campaign_id=1, at=NOW, kind="pause", actor_name=name, title="Paused")
    assert (labels.activity_row(line, "UTC").title, labels.activity_row(line, "UTC").detail) == (
        f"Paused by {name}",
        "",
    )
    line.by_person = False
    assert (labels.activity_row(line, "UTC").title, labels.activity_row(line, "UTC").detail) == ("Paused", "Automatic")


def test_what_the_system_paused_says_which_part_of_it_did() -> None:
    said = {pauser: figures.by(pauser, "Ines") for pauser in Pauser}
    assert said == {
        Pauser.PERSON: " by Ines",
        Pauser.BRAKE: ", stopped by the safety brake",
        Pauser.CIRCUIT: ", until the account works again",
        Pauser.SYSTEM: ", automatically",
    }
    assert figures.by(Pauser.PERSON, "") == figures.by(None, "") == ""
