"""The kit for forms and dialogs, seen in forms of the product."""

import pytest
from pydantic import BaseModel, Field

from campaign_app.audience import service as people
from campaign_app.audience.schemas import ContactInput
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM, Actor
from campaign_app.core.errors import Forbidden, Invalid
from campaign_app.models.user import Role
from campaign_app.ui.audience.contact_form_state import ContactForm
from campaign_app.ui.audience.list_forms_state import ListForm, ListQuestions
from campaign_app.ui.audience.lists_state import Lists
from campaign_app.ui.campaigns.new_state import CampaignNew
from campaign_app.ui.kit.forms_state import TICKET, validated
from tests.conftest import MakeActor
from tests.ui.tabs import Tab

pytestmark = pytest.mark.usefixtures("sqlite_database", "redis_url")


@pytest.fixture
async def actor(make_actor: MakeActor) -> Actor:
    return await make_actor(Role.ADMIN)


@pytest.fixture
def tab(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> Tab:
    return Tab(actor, monkeypatch).go("/lists")


async def names() -> list[str]:
    async with db.reading() as session:
        return [row.name for row in await people.lists(session, SYSTEM)]


async def test_a_second_click_saves_nothing(tab: Tab) -> None:
    await tab.do(ListForm.open, "")
    sent = {"list-name": "Gardeners", TICKET: str(tab.state(ListForm).ticket)}
    await tab.do(ListForm.submit, sent)
    await tab.do(ListForm.submit, sent | {"list-name": "Gardeners again"})
    assert await names() == ["Gardeners"]
    assert (tab.shows(ListForm), tab.state(ListForm).errors, len(tab.toasts)) == (False, {}, 1)


async def test_a_second_answer_finds_the_question_closed(tab: Tab) -> None:
    async with db.transaction() as session:
        made = await people.create_list(session, SYSTEM, "Gardeners")
    await tab.do(Lists.load)
    await tab.do(ListQuestions.answer, "delete")  # nothing was asked
    assert await names() == ["Gardeners"]
    await tab.do(ListQuestions.ask, "delete", made.id, made.name)
    await tab.do(ListQuestions.answer, "another")
    for _ in range(2):
        await tab.do(ListQuestions.answer, "delete")
    assert (await names(), tab.shows(ListQuestions), len(tab.toasts)) == ([], False, 1)


async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(tab: Tab) -> None:
    async with db.transaction() as session:
        await people.create_list(session, SYSTEM, "Gardeners")
    await tab.do(ListForm.open, "")
    await tab.do(ListForm.submit, {"list-name": "Gardeners", "list-description": "Twice"})
    form = tab.state(ListForm)
    assert (form.errors, form.saving, tab.shows(ListForm)) == ({"name": "This name is taken."}, False, True)
    assert form.values == {"name": "Gardeners", "description": "Twice"}
    await tab.do(ListForm.open, "")  # begins anew
    assert (form.errors, form.values) == ({}, {})


async def test_a_form_is_not_drawn_again_under_somebody_who_types(tab: Tab) -> None:
    await tab.go("/campaigns/new").do(CampaignNew.load)
    form = tab.state(CampaignNew)
    assert form.revision == 0  # the name may have been typed before the page had loaded
    await tab.do(CampaignNew.submit, {"name": " "})
    await tab.go("/campaigns/new").do(CampaignNew.load)
    assert (form.revision, form.errors) == (1, {})


async def test_a_dialog_outlives_its_socket_but_not_its_page(tab: Tab) -> None:
    await tab.do(ListForm.open, "")
    revision = tab.state(ListForm).revision
    await tab.reconnect().do(Lists.load)
    assert (tab.shows(ListForm), tab.state(ListForm).revision) == (True, revision)
    tab.go("/contacts")
    assert not tab.shows(ListForm)
    await tab.go("/lists").do(Lists.load)
    assert not tab.shows(ListForm)


async def test_a_question_outlives_its_socket(tab: Tab) -> None:
    async with db.transaction() as session:
        made = await people.create_list(session, SYSTEM, "Gardeners")
    await tab.do(ListQuestions.ask, "delete", made.id, made.name)
    await tab.reconnect().do(Lists.load)
    assert tab.shows(ListQuestions)
    await tab.do(ListQuestions.answer, "delete")
    assert await names() == []


async def test_somebody_elses_save_is_told_and_nothing_typed_is_lost(tab: Tab) -> None:
    async with db.transaction() as session:
        rosa = await people.create_contact(session, SYSTEM, ContactInput(email="rosa@example.com"))
    await tab.go("/contacts").do(ContactForm.open, rosa.id)
    async with db.transaction() as session:
        await people.update_contact(session, SYSTEM, rosa.id, ContactInput(email="rosa@example.com", company="Lind"))
    await tab.do(ContactForm.submit, {"contact-email": "rosa@example.com", "contact-company": "Acme"})
    form = tab.state(ContactForm)
    assert "while you were editing" in form.conflict
    assert (tab.shows(ContactForm), form.values["company"]) == (True, "Acme")


async def test_a_value_that_is_too_long_is_said_at_its_field(tab: Tab) -> None:
    await tab.go("/contacts").do(ContactForm.open, "")
    await tab.do(ContactForm.submit, {"contact-email": "ida@example.com", "contact-language": "x" * 17})
    assert tab.state(ContactForm).errors == {"language": "At most 16 characters. Shorten it."}


async def test_custom_attributes_are_pairs_of_fields(tab: Tab) -> None:
    await tab.go("/contacts").do(ContactForm.open, "")
    for _ in range(2):
        await tab.do(ContactForm.add_attribute)
    await tab.do(
        ContactForm.submit, {"contact-email": "ida@example.com", "attribute-0-0": "Shoe size", "attribute-0-1": "39"}
    )
    async with db.reading() as session:
        contact = await people.get_contact(session, SYSTEM, int(tab.redirects[-1].rpartition("/")[2]))
    assert contact.attributes == {"shoe_size": "39"}


async def test_who_may_not_save_may_not_open(make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = Tab(await make_actor(Role.VIEWER), monkeypatch).go("/lists")
    for handler, arguments in (
        (ListForm.open, ("",)),
        (ListForm.submit, ({"list-name": "Mine"},)),
        (ListQuestions.ask, ("delete", 1, "Theirs")),
        (ListQuestions.answer, ("delete",)),
    ):
        with pytest.raises(Forbidden):
            await viewer.do(handler, *arguments)
    assert (viewer.shows(ListForm), await names()) == (False, [])


class _Model(BaseModel):
    name: str = Field(min_length=1, max_length=5)
    count: int = 0


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"name": "abcdef"}, {"name": "At most 5 characters. Shorten it."}),
        ({"name": ""}, {"name": "Fill this in."}),
        ({}, {"name": "Fill this in."}),
        ({"name": "a", "count": "many"}, {"count": "This value is not possible here."}),
    ],
)
def test_a_model_says_what_is_wrong_in_words(given: dict[str, str], wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid) as told:
        validated(_Model, **given)
    assert told.value.fields == wrong
