"""The builder: every step saves, somebody else's save is told and not lost, the launch happens once."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from sqlmodel import select

from campaign_app.campaigns import service, templates_service
from campaign_app.campaigns.schemas import CampaignPatch
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Forbidden
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.models.contact import Contact, ContactList, ListMember
from campaign_app.models.delivery import Delivery
from campaign_app.models.suppression import Suppression, SuppressionReason
from campaign_app.models.template import Editor
from campaign_app.models.user import Role
from campaign_app.ui.campaign_builder.audience_state import BuilderAudience
from campaign_app.ui.campaign_builder.content_state import BuilderContent, BuilderQuestions, TemplatePicker
from campaign_app.ui.campaign_builder.pace_state import BuilderPace
from campaign_app.ui.campaign_builder.preview_state import BuilderPreview
from campaign_app.ui.campaign_builder.review_state import BuilderReview
from campaign_app.ui.campaign_builder.schedule_state import BuilderSchedule
from campaign_app.ui.campaign_builder.setup_state import BuilderSetup
from campaign_app.ui.campaign_builder.state import Builder
from campaign_app.ui.campaigns.new_state import CampaignNew
from tests.channels.accounts import smtp_row
from tests.conftest import MakeActor
from tests.settled import settle
from tests.ui.tabs import Tab

HTML = "<p>Hello {{ first_name }}</p>"


@pytest.fixture
async def actor(sqlite_database: str, redis_url: str, make_actor: MakeActor) -> Actor:
    """A marketer with an account, a list of three (one unsubscribed, one without an address) and a template."""
    async with db.transaction() as session:
        await settle(session)
        session.add(smtp_row(name="Main", host="localhost", port=25, from_address="anna@example.com"))
        session.add(ContactList(id=1, name="Customers", members=3))
        people = [("Marta", "marta@example.com"), ("", "jonas@example.com"), ("Nobody", "")]
        for number, (name, email) in enumerate(people, 1):
            identity = email or "+49301234567"
            session.add(Contact(id=number, identity=identity, email=email, domain="example.com", first_name=name))
            await session.flush()
            session.add(ListMember(list_id=1, contact_id=number))
        session.add(Suppression(address="jonas@example.com", reason=SuppressionReason.UNSUBSCRIBED))
        await templates_service.ensure_built_in(session)
    return await make_actor(Role.MARKETER)


@pytest.fixture
async def tab(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> Tab:
    return Tab(actor, monkeypatch)


async def make(actor: Actor, **fields: Any) -> Campaign:
    values = {"step_reached": 5, "audience": {"lists": [1]}, "subject": "Hello", "html": HTML, **fields}
    async with db.transaction() as session:
        return await service.create(session, actor, "Restock", **values)


async def stored(campaign_id: int | None) -> Campaign:
    async with db.reading() as session:
        return (await session.exec(select(Campaign).where(Campaign.id == campaign_id))).one()


async def save_elsewhere(actor: Actor, campaign: Campaign, **fields: Any) -> None:
    """What another browser does meanwhile."""
    async with db.transaction() as session:
        patch = CampaignPatch(**fields)
        await service.save_step(session, actor, int(campaign.id or 0), campaign.version, patch)


async def open_at(tab: Tab, campaign: Campaign, step: str) -> None:
    tab.go(f"/campaigns/{campaign.id}/edit?step={step}", campaign_id=campaign.id)
    await tab.do(Builder.load)


async def test_a_name_makes_a_draft_and_opens_the_builder(tab: Tab) -> None:
    tab.go("/campaigns/new")
    await tab.do(CampaignNew.load)
    await tab.do(CampaignNew.submit, {"name": "  "})
    assert "1 to 255" in tab.state(CampaignNew).errors["name"]
    await tab.do(CampaignNew.submit, {"name": "November offer"})
    assert tab.redirects == ["/campaigns/1/edit"]
    assert (await stored(1)).name == "November offer"


async def test_a_new_campaign_can_start_from_a_template(tab: Tab) -> None:
    tab.go("/campaigns/new?template=1")
    await tab.do(CampaignNew.load)
    await tab.do(CampaignNew.submit, {"name": "From a template"})
    assert (await stored(1)).html


async def test_each_field_of_the_first_step_is_saved(tab: Tab, actor: Actor) -> None:
    campaign = await make(actor)
    await open_at(tab, campaign, "setup")
    await tab.do(BuilderSetup.set_name, "Winter")
    await tab.do(BuilderSetup.set_from_name, "Anna")
    await tab.do(BuilderSetup.set_reply_to, "sales@example.com")
    saved = await stored(campaign.id)
    assert (saved.name, saved.from_name, saved.reply_to) == ("Winter", "Anna", "sales@example.com")
    assert tab.state(Builder).saved.startswith("Saved ")


async def test_the_only_account_is_chosen(tab: Tab, actor: Actor) -> None:
    campaign = await make(actor)
    await open_at(tab, campaign, "setup")
    assert tab.state(BuilderSetup).account == "1"
    assert (await stored(campaign.id)).account_id == 1


@pytest.mark.parametrize(("name", "words"), [(" ", "1 to 255"), ("x" * 256, "255")])
async def test_a_wrong_name_is_told_and_not_saved(tab: Tab, actor: Actor, name: str, words: str) -> None:
    campaign = await make(actor)
    await open_at(tab, campaign, "setup")
    await tab.do(BuilderSetup.set_name, name)
    assert words in tab.state(Builder).errors["name"]
    assert (await stored(campaign.id)).name == "Restock"
    await tab.do(Builder.advance)
    assert tab.redirects == []
    await tab.do(BuilderSetup.set_name, "Restock 2")
    assert not tab.state(Builder).errors


async def test_a_wrong_reply_address_is_told(tab: Tab, actor: Actor) -> None:
    await open_at(tab, await make(actor), "setup")
    await tab.do(BuilderSetup.set_reply_to, "not an address")
    assert "not an e-mail address" in tab.state(Builder).errors["reply_to"]


async def test_only_reached_steps_open(tab: Tab, actor: Actor) -> None:
    campaign = await make(actor, step_reached=2)
    await open_at(tab, campaign, "review")
    assert tab.state(Builder).step == "audience"
    await tab.do(Builder.advance)
    assert tab.redirects == [f"/campaigns/{campaign.id}/edit?step=content"]
    assert (await stored(campaign.id)).step_reached == 3


async def test_the_audience_is_counted_with_its_losses(tab: Tab, actor: Actor) -> None:
    campaign = await make(actor, audience={})
    await open_at(tab, campaign, "audience")
    assert tab.state(BuilderAudience).reachable == 0
    await tab.do(BuilderAudience.include, "list:1", True)
    state = tab.state(BuilderAudience)
    assert state.reachable == 1
    assert [(line.label, line.value) for line in state.lines] == [
        ("In the audience", "3"),
        ("Unsubscribed", "− 1"),
        ("No e-mail address", "− 1"),
    ]
    assert (await stored(campaign.id)).audience["lists"] == [1]


async def test_a_list_is_either_in_or_out(tab: Tab, actor: Actor) -> None:
    campaign = await make(actor)
    await open_at(tab, campaign, "audience")
    await tab.do(BuilderAudience.exclude, "list:1", True)
    assert (tab.state(BuilderAudience).included, tab.state(BuilderAudience).excluded) == ([], ["list:1"])
    await tab.do(BuilderAudience.choose_everyone, True)
    assert (await stored(campaign.id)).audience["everyone"] is True
    assert tab.state(BuilderAudience).reachable == 0


async def test_texts_are_saved_and_drawn_for_a_person(tab: Tab, actor: Actor) -> None:
    campaign = await make(actor)
    await open_at(tab, campaign, "content")
    before = tab.state(BuilderContent).text_revision
    await tab.do(BuilderContent.set_subject, "Hi {{ first_name }}")
    await tab.do(BuilderContent.set_html, "<p>For {{ first_name }}</p>")
    await tab.do(BuilderPreview.refresh)
    state = tab.state(BuilderPreview)
    assert state.rendered_subject == "Hi Marta"
    assert "For Marta" in state.rendered_html
    assert state.subject_count == "8 of 60"
    assert state.text_revision == before, "an echo must never go back into the editor"
    assert (await stored(campaign.id)).subject == "Hi {{ first_name }}"


async def test_missing_values_and_mistakes_are_shown(tab: Tab, actor: Actor) -> None:
    await open_at(tab, await make(actor), "content")
    await tab.do(BuilderContent.set_html, "<p>{{ last_name }}</p>")
    await tab.do(BuilderPreview.refresh)
    assert tab.state(BuilderPreview).missing == ["Last name"]
    await tab.do(BuilderContent.set_html, "<p>{% if %}</p>")
    await tab.do(BuilderPreview.refresh)
    assert "in the message, line 1" in tab.state(BuilderPreview).problem


async def test_the_next_person_of_the_audience(tab: Tab, actor: Actor) -> None:
    await open_at(tab, await make(actor, audience={"everyone": True}), "content")
    first = tab.state(BuilderPreview).person
    await tab.do(BuilderPreview.step_person, 1)
    assert tab.state(BuilderPreview).person != first
    await tab.do(BuilderPreview.find_person, "marta")
    assert [person.name for person in tab.state(BuilderPreview).people] == ["Marta"]


async def test_switching_editors_keeps_the_text_and_asks_before_losing(tab: Tab, actor: Actor) -> None:
    campaign = await make(actor)
    await open_at(tab, campaign, "content")
    await tab.do(BuilderContent.switch_editor, "html")
    assert (await stored(campaign.id)).editor is Editor.HTML
    assert HTML in tab.state(BuilderContent).html
    await tab.do(BuilderContent.switch_editor, "text")
    assert tab.state(BuilderContent).html == HTML, "our own frame is taken off again, nothing is asked"
    await tab.do(BuilderContent.switch_editor, "html")
    await tab.do(BuilderContent.set_html, "<table><tr><td>Kept {{ first_name }}</td></tr></table>")
    await tab.do(BuilderContent.switch_editor, "text")
    assert tab.state(BuilderContent).losses == ["Tables and columns"]
    assert tab.state(BuilderContent).editor == "html"
    await tab.do(BuilderQuestions.answer, "switch")
    assert tab.state(BuilderContent).html == "<p>Kept {{ first_name }}</p>"
    await tab.do(BuilderContent.put_back)
    assert "<table>" in (await stored(campaign.id)).html


async def test_a_template_replaces_the_message_and_can_be_undone(tab: Tab, actor: Actor) -> None:
    campaign = await make(actor)
    await open_at(tab, campaign, "content")
    await tab.do(TemplatePicker.show)
    picker = tab.state(TemplatePicker)
    assert picker.templates[0].thumbnail
    assert tab.shows(TemplatePicker)
    await tab.do(BuilderContent.use_template, picker.templates[0].id)
    assert not tab.shows(TemplatePicker)
    assert (await stored(campaign.id)).html != HTML
    await tab.do(BuilderContent.put_back)
    assert (await stored(campaign.id)).html == HTML


async def test_someone_else_saving_is_told_and_nothing_is_lost(tab: Tab, actor: Actor) -> None:
    campaign = await make(actor)
    await open_at(tab, campaign, "content")
    async with db.transaction() as session:
        await service.save_step(
            session, actor, int(campaign.id or 0), campaign.version, CampaignPatch(subject="Theirs")
        )
    await tab.do(BuilderContent.set_subject, "Mine")
    await tab.do(BuilderContent.set_html, "<p>Mine too</p>")
    assert "saved" in tab.state(Builder).conflict
    assert (await stored(campaign.id)).subject == "Theirs"
    await tab.do(Builder.keep_as_copy)
    copy = await stored(2)
    assert (copy.subject, copy.html) == ("Mine", "<p>Mine too</p>")
    assert tab.redirects == ["/campaigns/2/edit?step=content"]
    assert (await stored(campaign.id)).subject == "Theirs"


async def test_loading_the_others_version_ends_the_conflict(tab: Tab, actor: Actor) -> None:
    campaign = await make(actor)
    await open_at(tab, campaign, "content")
    async with db.transaction() as session:
        await service.save_step(
            session, actor, int(campaign.id or 0), campaign.version, CampaignPatch(subject="Theirs")
        )
    await tab.do(BuilderContent.set_subject, "Mine")
    await tab.do(Builder.load_theirs)
    assert (tab.state(Builder).conflict, tab.state(BuilderContent).subject) == ("", "Theirs")
    await tab.do(BuilderContent.set_subject, "Mine after all")
    assert (await stored(campaign.id)).subject == "Mine after all"


@time_machine.travel(datetime(2026, 3, 27, 8, 0, tzinfo=UTC), tick=False)
async def test_a_start_that_the_clocks_skip_is_moved_and_said(tab: Tab, actor: Actor) -> None:
    campaign = await make(actor)
    await open_at(tab, campaign, "schedule")
    await tab.do(BuilderSchedule.choose_zone, "Europe/Berlin")
    await tab.do(BuilderSchedule.choose_start, True)
    await tab.do(BuilderSchedule.set_day, "2026-03-29")
    await tab.do(BuilderSchedule.set_hour, "02:30")
    assert "does not exist" in tab.state(BuilderSchedule).start_note
    assert (await stored(campaign.id)).send_at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@time_machine.travel(datetime(2026, 10, 20, 8, 0, tzinfo=UTC), tick=False)
async def test_a_start_that_happens_twice_is_said(tab: Tab, actor: Actor) -> None:
    await open_at(tab, await make(actor, time_zone="Europe/Berlin"), "schedule")
    await tab.do(BuilderSchedule.choose_start, True)
    await tab.do(BuilderSchedule.set_day, "2026-10-25")
    await tab.do(BuilderSchedule.set_hour, "02:30")
    assert "happens twice" in tab.state(BuilderSchedule).start_note


@pytest.mark.parametrize(
    ("day", "hour", "words"), [("2020-01-01", "09:00", "has passed"), ("", "09:00", "date and a time")]
)
async def test_an_impossible_start_is_told(tab: Tab, actor: Actor, day: str, hour: str, words: str) -> None:
    await open_at(tab, await make(actor), "schedule")
    await tab.do(BuilderSchedule.choose_start, True)
    await tab.do(BuilderSchedule.set_hour, hour)
    await tab.do(BuilderSchedule.set_day, day)
    assert words in tab.state(Builder).errors["send_at"]


async def test_limits_and_windows_are_stored_and_estimated(tab: Tab, actor: Actor) -> None:
    campaign = await make(actor)
    await open_at(tab, campaign, "schedule")
    await tab.do(BuilderPace.set_rate, "31")
    await tab.do(BuilderPace.set_batch_size, "100")
    await tab.do(BuilderPace.set_batch_delay, "1.5")
    await tab.do(BuilderPace.choose_hours, False)
    await tab.do(BuilderPace.toggle_day, 4, False)
    await tab.do(BuilderPace.set_window, 0, "opens", "10:30")
    saved = await stored(campaign.id)
    assert (saved.rate_per_minute, saved.batch_size, saved.batch_delay_ms) == (31, 100, 1500)
    assert saved.windows["days"]["0"] == [["10:30", "18:00"]]
    assert set(saved.windows["days"]) == {"0", "1", "2", "3"}
    assert "1 message" in tab.state(BuilderSchedule).finish_why
    await tab.do(BuilderPace.set_rate, "")
    assert (await stored(campaign.id)).rate_per_minute is None


@pytest.mark.parametrize("value", ["0", "-3", "many", "10000001"])
async def test_an_impossible_rate_is_told(tab: Tab, actor: Actor, value: str) -> None:
    campaign = await make(actor, rate_per_minute=50)
    await open_at(tab, campaign, "schedule")
    await tab.do(BuilderPace.set_rate, value)
    assert "from 1 to" in tab.state(Builder).errors["rate_per_minute"]
    assert (await stored(campaign.id)).rate_per_minute == 50


async def test_review_says_what_stops_the_launch(tab: Tab, actor: Actor) -> None:
    await open_at(tab, await make(actor, subject="", html=""), "review")
    state = tab.state(BuilderReview)
    assert state.blocking
    assert not state.can_launch
    assert "this launch" in state.headline
    assert state.reason == state.blocking[0].title
    await tab.do(BuilderReview.ask_launch, True)
    assert state.launch_in == 0


async def test_a_double_click_launches_once(tab: Tab, actor: Actor) -> None:
    campaign = await make(actor)
    await open_at(tab, campaign, "review")
    assert tab.state(BuilderReview).question == "Send to 1 person?"
    await tab.do(BuilderReview.launch)
    await tab.do(BuilderReview.launch)
    assert (await stored(campaign.id)).status is CampaignStatus.RUNNING
    async with db.reading() as session:
        assert len((await session.exec(select(Delivery))).all()) == 3
    assert tab.redirects[-1] == f"/campaigns/{campaign.id}"


async def test_a_change_after_the_checks_stops_the_launch(tab: Tab, actor: Actor) -> None:
    campaign = await make(actor)
    await open_at(tab, campaign, "review")
    await save_elsewhere(actor, campaign, subject="Other")
    await tab.do(BuilderReview.launch)
    assert (await stored(campaign.id)).status is CampaignStatus.DRAFT
    assert "Not launched" in tab.toasts[-1]


async def test_a_start_time_schedules_instead(tab: Tab, actor: Actor) -> None:
    campaign = await make(actor, send_at=datetime(2090, 1, 1, 9, tzinfo=UTC))
    await open_at(tab, campaign, "review")
    assert tab.state(BuilderReview).act == "Schedule for 1 person"
    await tab.do(BuilderReview.launch)
    assert (await stored(campaign.id)).status is CampaignStatus.SCHEDULED


VIEWER_MAY_NOT = [
    (BuilderSetup.set_name, "x"),
    (BuilderAudience.include, "list:1", True),
    (BuilderContent.set_html, "x"),
    (BuilderSchedule.choose_start, True),
    (BuilderPace.set_rate, "1"),
    (Builder.advance,),
    (Builder.keep_as_copy,),
    (BuilderReview.launch,),
    (CampaignNew.submit, {"name": "x"}),
]


@pytest.mark.parametrize("event", VIEWER_MAY_NOT, ids=lambda event: event[0].fn.__name__)
async def test_a_viewer_can_call_none_of_it(
    actor: Actor, make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch, event: tuple[Any, ...]
) -> None:
    campaign = await make(actor)
    tab = Tab(await make_actor(Role.VIEWER, "Vera"), monkeypatch)
    await open_at(tab, campaign, "setup")
    assert tab.redirects == [f"/campaigns/{campaign.id}"]
    with pytest.raises(Forbidden):
        await tab.do(*event)
    assert (await stored(campaign.id)).status is CampaignStatus.DRAFT


async def test_a_running_campaign_cannot_be_opened_in_the_builder(tab: Tab, actor: Actor) -> None:
    campaign = await make(actor)
    async with db.transaction() as session:
        row = await session.get(Campaign, campaign.id)
        assert row is not None
        row.status = CampaignStatus.RUNNING
        session.add(row)
    await open_at(tab, campaign, "content")
    assert tab.redirects == [f"/campaigns/{campaign.id}"]
    assert "cannot be edited" in tab.toasts[-1]
