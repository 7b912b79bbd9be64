"""Texts that Reflex would take for a variable: they stay texts, wherever they come from and wherever they are shown."""

from pathlib import Path
from urllib.parse import quote

import pytest

from campaign_app.ui.audience.contact_form_state import ContactForm
from campaign_app.ui.audience.contacts_state import Contacts
from campaign_app.ui.audience.list_forms_state import ListForm, ListQuestions
from campaign_app.ui.audience.lists_state import Lists
from campaign_app.ui.auth.auth_state import AuthState
from campaign_app.ui.campaign_detail.page_state import CampaignQuestions
from campaign_app.ui.campaigns.new_state import CampaignNew
from tests.security.installation import Installation
from tests.security.values import MARKED
from tests.wsclient import Tab, handler

MEGABYTE = 1 << 20
NAMES = [MARKED, f"{MARKED}1</reflex.Var>", "<reflex.Var></reflex.Var>", "<reflex.Var>77</reflex.Var>9", "<reflex.Var>"]


@pytest.mark.parametrize("name", NAMES)
async def test_an_address_to_go_on_to_is_only_an_address(name: str, installation: Installation) -> None:
    before = _memory(installation)
    async with Tab(installation.url, installation.owner) as tab:
        await tab.open(f"/login?next={quote('/' + name)}", load=False)
        tab._path = f"/login?next=/{name}"
        await tab.call(handler(AuthState, "open_login"))
        await tab.until(lambda t: t.ordered("_redirect"))
        assert tab.ordered("_redirect")[-1]["payload"]["path"] == f"/{name}"
    assert _memory(installation) < before + 100 * MEGABYTE


@pytest.mark.parametrize("name", NAMES)
async def test_a_list_keeps_its_name_in_rows_and_toasts(name: str, installation: Installation) -> None:
    async with Tab(installation.url, installation.owner) as tab:
        await tab.open("/lists")
        await tab.call(handler(ListForm, "open"), key="")
        await tab.call(handler(ListForm, "submit"), form={"list-name": name})
        await tab.until(lambda t: t.ordered("_toast"))
        assert tab.ordered("_toast")[-1]["payload"]["title"] == f"List {name} saved"
        row = next(row for row in tab.value(Lists, "rows") if row["name"] == name)
        await tab.call(handler(ListQuestions, "ask"), what="delete", key=row["id"], subject=name)
        await tab.call(handler(ListQuestions, "answer"), what="delete")
        await tab.until(lambda t: len(t.ordered("_toast")) > 1)
        assert tab.ordered("_toast")[-1]["payload"]["title"] == f"List {name} deleted"


@pytest.mark.parametrize("name", NAMES)
async def test_a_contact_keeps_its_name(name: str, installation: Installation) -> None:
    async with Tab(installation.url, installation.owner) as tab:
        await tab.open("/contacts")
        await tab.until(lambda t: t.value(Contacts, "loading") is False)
        await tab.call(handler(ContactForm, "open"), key="")
        form = {"contact-email": f"p{NAMES.index(name)}@example.com", "contact-first-name": name}
        await tab.call(handler(ContactForm, "submit"), form=form)
        await tab.until(lambda t: t.ordered("_redirect"))
    async with Tab(installation.url, installation.owner) as tab:
        await tab.open("/contacts")
        await tab.until(lambda t: name in repr(t.value(Contacts, "rows")))


@pytest.mark.parametrize("name", NAMES)
async def test_a_campaign_keeps_its_name(name: str, installation: Installation) -> None:
    async with Tab(installation.url, installation.owner) as tab:
        await tab.open("/campaigns/new")
        await tab.call(handler(CampaignNew, "submit"), form={"name": name})
        await tab.until(lambda t: t.ordered("_redirect"))
        number = tab.ordered("_redirect")[-1]["payload"]["path"].split("/")[2]
    async with Tab(installation.url, installation.owner) as tab:
        await tab.open(f"/campaigns/{number}", load=False, campaign_id=number)
        await tab.call(handler(CampaignQuestions, "ask"), what="delete", key="", subject="")
        await tab.call(handler(CampaignQuestions, "answer"), what="delete")
        await tab.until(lambda t: t.ordered("_toast"))
        assert "Something went wrong" not in repr(tab.events)


def _memory(installation: Installation) -> int:
    """Resident bytes of the web process and its children."""
    waiting, total = [installation.stack.processes["web"].pid], 0
    while waiting:
        pid = waiting.pop()
        waiting += [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4_096
    return total
