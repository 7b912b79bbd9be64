"""Pages of the audience as a tab sees them: imports are matched and checked, contacts chosen and changed in bulk."""

from collections.abc import AsyncIterator

import pytest

from campaign_app.audience import imports, service
from campaign_app.audience.schemas import ContactInput
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM, Actor
from campaign_app.core.errors import Forbidden
from campaign_app.models.contact_import import ContactImport, ImportStatus
from campaign_app.models.user import Role
from campaign_app.ui import live
from campaign_app.ui.app_state import AppState
from campaign_app.ui.audience.contact_form_state import ContactForm
from campaign_app.ui.audience.contacts_state import Contacts
from campaign_app.ui.audience.import_state import LEAVE_OUT, ImportPage
from campaign_app.ui.audience.list_forms_state import ListForm
from campaign_app.ui.audience.segment_state import SegmentEditor
from campaign_app.ui.audience.suppression_forms_state import SuppressionForm, SuppressionQuestions
from campaign_app.ui.audience.suppressions_state import Suppressions
from tests.conftest import MakeActor
from tests.ui.tabs import Tab

FILE = (
    "E-Mail;Vorname;Kundennummer;Telefon\n"
    "rosa@example.com;Rosa;17;0151 20004895\n"
    "nonsense;Olaf;18;\n"
    "nele@example.com;Nele;19;12\n"
)


@pytest.fixture
async def actor(sqlite_database: str, redis_url: str, make_actor: MakeActor) -> Actor:
    return await make_actor(Role.MARKETER)


@pytest.fixture
def tab(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> Tab:
    async def watch(_state: AppState, _topic: str) -> None:
        """No hub runs in these tests."""

    monkeypatch.setattr(live, "watch", watch)
    return Tab(actor, monkeypatch)


async def _upload(content: bytes = FILE.encode()) -> int:
    async def stream() -> AsyncIterator[bytes]:
        yield content

    async with db.transaction() as session:
        return int((await imports.create_from_upload(session, SYSTEM, "fair.csv", stream())).id or 0)


async def _people() -> dict[str, int]:
    made = {}
    async with db.transaction() as session:
        for name in ("Rosa", "Olaf", "Nele"):
            person = ContactInput(email=f"{name.lower()}@example.com", first_name=name, company="Acme")
            made[name] = (await service.create_contact(session, SYSTEM, person)).id
    return made


async def test_columns_are_proposed_checked_and_sent_elsewhere(tab: Tab) -> None:
    number = await _upload()
    await tab.go(f"/imports/{number}", import_id=number).do(ImportPage.load)
    page = tab.state(ImportPage)
    assert [(line.heading, line.goes_to) for line in page.columns] == [
        ("E-Mail", "email"),
        ("Vorname", "first_name"),
        ("Kundennummer", "attribute"),
        ("Telefon", "phone"),
    ]
    assert page.facts.startswith("3 rows, semicolon")
    assert page.can_import == "2 of 3 rows can be imported"
    assert [line.row for line in page.check_lines if line.error] == [3]
    await tab.do(ImportPage.show_rows, "all")
    assert len(page.check_lines) == 3
    await tab.do(ImportPage.send_to, 0, LEAVE_OUT)
    assert page.columns[0].check == "Left out"
    await tab.do(ImportPage.send_to, 3, LEAVE_OUT)
    assert not page.ready
    assert "e-mail address or the phone number" in page.problem
    await tab.do(ImportPage.send_to, 0, "email")
    await tab.do(ImportPage.send_to, 1, "attribute")
    assert (page.ready, page.problem, page.columns[1].attribute) == (True, "", "vorname")


async def test_a_file_that_can_be_read_in_several_ways_waits_for_a_choice(tab: Tab) -> None:
    number = await _upload("Email,First name\nann@example.com,Muñoz\n".encode("cp1252"))
    await tab.go(f"/imports/{number}", import_id=number).do(ImportPage.load)
    page = tab.state(ImportPage)
    assert (page.asks_encoding, page.encoding, page.ready) == (True, "", False)
    assert {line.samples for line in page.encodings} >= {"Muñoz", "Muńoz"}
    await tab.do(ImportPage.read_in, "cp1250")
    assert (page.asks_encoding, page.encoding, page.ready) == (False, "cp1250", True)
    assert "Muńoz" in [column.sample for column in page.columns]


async def test_the_row_with_the_headings_can_be_chosen(tab: Tab) -> None:
    number = await _upload(b"Fair 2026\nVisitors,Hall\nEmail,First name\nann@example.com,Ann\n")
    await tab.go(f"/imports/{number}", import_id=number).do(ImportPage.load)
    page = tab.state(ImportPage)
    assert (page.rows_above, page.heading_rows[2]) == ("2", ("2", "Row 3: Email, First name"))
    await tab.do(ImportPage.headings_in, "1")
    assert (page.rows_above, [column.heading for column in page.columns]) == ("1", ["Visitors", "Hall"])


async def test_an_import_is_queued_with_what_was_chosen(tab: Tab) -> None:
    number = await _upload()
    await tab.go(f"/imports/{number}", import_id=number).do(ImportPage.load)
    await tab.do(ImportPage.choose_list, "new")
    await tab.do(ImportPage.name_list, "Fair")
    await tab.do(ImportPage.choose_country, "AT")
    await tab.do(ImportPage.start)
    page = tab.state(ImportPage)
    assert (page.step, page.status, page.working) == ("run", "queued", False)
    async with db.reading() as session:
        stored = await session.get(ContactImport, number)
        assert stored is not None
        assert (stored.status, stored.country) == (ImportStatus.QUEUED, "AT")
        assert stored.mapping["0"] == "email"
        assert [row.name for row in await service.lists(session, SYSTEM)] == ["Fair"]


async def test_progress_and_its_end_are_shown(tab: Tab) -> None:
    number = await _upload()
    await tab.go(f"/imports/{number}", import_id=number).do(ImportPage.load)
    await tab.do(ImportPage.start)
    page = tab.state(ImportPage)
    running = {"status": "running", "rows_done": 2, "rows_total": 3, "created": 1, "rejected": 1, "seconds_left": 4}
    await page._on_progress("", running)
    assert (page.percent, page.done_text, page.added, page.rejected) == ("66%", "2 of 3 rows", 1, 1)
    assert page.left == "about 4 s left"
    async with db.transaction() as session:
        stored = await session.get(ContactImport, number)
        assert stored is not None
        stored.status, stored.rows_done, stored.rows_total = ImportStatus.COMPLETED, 3, 3
        stored.result = {"contacts_created": 2, "rejected": {"email not valid": 1}, "duplicates_merged": 0}
        session.add(stored)
    await page._on_progress("", {"status": "completed"})
    assert (page.status, page.percent, page.left) == ("completed", "100%", "")
    assert (page.added, page.updated, page.rejected, page.waiting) == (2, 0, 1, 0)
    assert page.reasons == [("Left out: email not valid", "1")]


async def test_the_contact_list_searches_and_counts_in_words(tab: Tab) -> None:
    await _people()
    await tab.go("/contacts").do(Contacts.load)
    state = tab.state(Contacts)
    assert (state.total_text, state.range_text, state.narrowed) == ("3 contacts", "1–3 of 3", False)
    await tab.do(Contacts.search, "ros")
    assert (state.total_text, [row.name for row in state.rows]) == ("1 contact", ["Rosa"])
    await tab.do(Contacts.search, "nobody of that name")
    assert (state.rows, state.narrowed) == ([], True)
    await tab.go("/contacts?search=nele").do(Contacts.load)
    assert [row.name for row in state.rows] == ["Nele"]


async def test_the_choice_is_tagged_and_forgotten(tab: Tab) -> None:
    people = await _people()
    await tab.go("/contacts").do(Contacts.load)
    await tab.do(Contacts.check, people["Rosa"], True)
    await tab.do(Contacts.check, people["Nele"], True)
    await tab.do(Contacts.check, people["Nele"], False)
    await tab.do(Contacts.ask, "tag", [], "")
    await tab.do(Contacts.set_value, " vip ")
    await tab.do(Contacts.answer)
    state = tab.state(Contacts)
    assert (state.chosen, state.asked_action, state.working) == ([], "", False)
    assert [row.name for row in state.rows if row.tags == ["vip"]] == ["Rosa"]
    await tab.do(Contacts.search, "ros")
    await tab.do(Contacts.check_all)  # of what the filters leave
    await tab.do(Contacts.ask, "delete", [], "")
    assert state.asked_words == "all 1 contact"
    await tab.do(Contacts.answer)
    assert (state.everything, state.rows) == (False, [])
    await tab.do(Contacts.clear)
    assert state.total_text == "2 contacts"


async def test_a_wrong_address_is_said_at_its_field(tab: Tab) -> None:
    await tab.go("/contacts").do(ContactForm.open, "")
    await tab.do(ContactForm.submit, {"contact-email": "not an address"})
    form = tab.state(ContactForm)
    assert form.errors["email"]
    assert (tab.shows(ContactForm), form.saving) == (True, False)
    await tab.do(ContactForm.submit, {"contact-email": "ida@example.com"})
    assert (tab.shows(ContactForm), form.errors) == (False, {})
    assert tab.redirects[-1].startswith("/contacts/")


async def test_a_segment_counts_and_is_saved_once(tab: Tab) -> None:
    await _people()
    await tab.go("/segments/new", segment_id="new").do(SegmentEditor.load)
    await tab.do(SegmentEditor.add_rule, "")
    editor = tab.state(SegmentEditor)
    assert editor.lines[1].error
    await tab.do(SegmentEditor.change, "0", "field", "first_name")
    await tab.do(SegmentEditor.change, "0", "value", "Rosa")
    assert (editor.count_text, editor.count_words, editor.lines[1].error) == ("1", "contact fits now", "")
    await tab.do(SegmentEditor.submit, {"segment-name": ""})
    assert editor.errors["name"]
    await tab.do(SegmentEditor.submit, {"segment-name": "Only Rosa"})
    assert tab.redirects[-1].startswith("/segments/")


async def test_after_a_rule_went_the_others_are_drawn_anew(tab: Tab) -> None:
    await tab.go("/segments/new", segment_id="new").do(SegmentEditor.load)
    editor = tab.state(SegmentEditor)
    for value in ("Acme", "Lind"):
        await tab.do(SegmentEditor.add_rule, "")
        await tab.do(SegmentEditor.change, editor.lines[-1].path, "value", value)
    before = editor.rules_revision
    await tab.do(SegmentEditor.remove, "0")
    assert editor.rules_revision > before  # the input at "0" would keep showing Acme
    assert [line.value for line in editor.lines if not line.group] == ["Lind"]


async def test_pasted_addresses_are_added_and_the_rest_is_said(tab: Tab) -> None:
    await tab.go("/suppressions").do(Suppressions.load)
    await tab.do(SuppressionForm.open, "")
    pasted = "one@example.com, two@example.com\nnobody@nowhere"
    await tab.do(SuppressionForm.submit, {"suppress-addresses": pasted})
    state = tab.state(Suppressions)
    assert (len(state.rows), tab.shows(SuppressionForm)) == (2, False)
    assert any("2 addresses added" in toast for toast in tab.toasts)
    assert any("1 entry not added" in toast for toast in tab.toasts)
    await tab.do(SuppressionForm.open, "")
    await tab.do(SuppressionForm.submit, {"suppress-addresses": "nobody@nowhere"})
    assert "nobody@nowhere" in tab.state(SuppressionForm).errors["addresses"]
    await tab.do(SuppressionQuestions.ask, "remove", "one@example.com", "")
    await tab.do(SuppressionQuestions.answer, "remove")
    assert [row.address for row in state.rows] == ["two@example.com"]


async def test_a_viewer_changes_nobody(actor: Actor, make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch) -> None:
    people = await _people()
    tab = Tab(await make_actor(Role.VIEWER), monkeypatch).go("/contacts")
    await tab.do(Contacts.load)
    await tab.do(Contacts.check, people["Rosa"], True)
    tab.state(Contacts).asked_action, tab.state(Contacts).value = "delete", "x"
    with pytest.raises(Forbidden):
        await tab.do(Contacts.answer)
    for form in (ContactForm, SuppressionForm, ListForm):
        with pytest.raises(Forbidden):
            await tab.do(form.open, "")
        with pytest.raises(Forbidden):
            await tab.do(form.submit, {"contact-email": "ida@example.com"})
    assert len(tab.state(Contacts).rows) == 3
