"""The account pages: forms checked in place, tests in the server's words, secrets that stay on the server."""

from typing import Any

import pytest

from campaign_app.channels import service
from campaign_app.channels.email import dkim
from campaign_app.channels.schemas import AccountForm
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import AppError, Forbidden
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignMinute, CampaignStatus
from campaign_app.models.user import Role
from campaign_app.ui import routes
from campaign_app.ui.accounts.account_state import FIRST_ERROR, AccountPage, AccountQuestions
from campaign_app.ui.accounts.check_state import AccountCheck
from campaign_app.ui.accounts.list_state import AccountList, find
from campaign_app.ui.accounts.providers.dkim_state import AccountDkim, DkimForm, DkimQuestions
from tests.channels.model_server import Behaviour, running
from tests.conftest import MakeActor
from tests.ui.tabs import Tab

SECRET = "s3cret-pässword"
FORM = {
    "act": "save", "name": "News", "host": "127.0.0.1", "port": "2525", "tls": "none", "auth": "auto", "username": "jo",
    "password": SECRET, "from_address": "news@example.com", "from_name": "Example", "reply_to": "", "connections": "5",
    "limit_per_minute": "", "limit_per_day": "2,000", "pipelining": "auto",
}  # fmt: skip


class Background:
    """A state as its background events see it: changed only inside `async with`."""

    def __init__(self, state: Any) -> None:
        object.__setattr__(self, "state", state)
        object.__setattr__(self, "inside", False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.state, name)

    def __setattr__(self, name: str, value: Any) -> None:
        assert self.inside, f"{name} is changed outside of `async with self`"
        setattr(self.state, name, value)

    async def __aenter__(self) -> "Background":
        object.__setattr__(self, "inside", True)
        return self

    async def __aexit__(self, *_: object) -> None:
        object.__setattr__(self, "inside", False)


async def in_background(tab: Tab, state: Any, handler: Any, *arguments: Any) -> None:
    async for step in handler.fn(Background(tab.state(state)), *arguments):
        await tab._follow(step)


@pytest.fixture
async def owner(sqlite_database: str, redis_url: str, make_actor: MakeActor) -> Actor:
    return await make_actor()


@pytest.fixture
def tab(owner: Actor, monkeypatch: pytest.MonkeyPatch) -> Tab:
    return Tab(owner, monkeypatch)


async def stored(account_id: int = 1) -> SendingAccount:
    async with db.reading() as session:
        found = await session.get(SendingAccount, account_id)
    assert found is not None
    return found


async def open_new(tab: Tab) -> AccountPage:
    tab.go("/accounts/new", account_id="new")
    await tab.do(AccountPage.load)
    return tab.state(AccountPage)


async def open_saved(tab: Tab, **changes: str) -> AccountPage:
    await open_new(tab)
    await tab.do(AccountPage.submit, {**FORM, **changes})
    tab.go("/accounts/1", account_id="1")
    await tab.do(AccountCheck.clear)
    await tab.do(AccountPage.load)
    await tab.do(AccountDkim.load)
    return tab.state(AccountPage)


def everything_sent(tab: Tab) -> str:
    return repr([tab.state(kind).dict() for kind in (AccountPage, AccountCheck, AccountDkim, DkimForm)])


async def test_a_new_account_is_saved_and_opened(tab: Tab) -> None:
    page = await open_new(tab)
    assert page.is_new
    assert page.values["port"] == "587"
    await tab.do(AccountPage.submit, FORM)
    assert tab.redirects == ["/accounts/1"]
    account = await stored()
    assert (account.name, account.settings["tls"], account.limit_per_day, account.limit_per_minute) == (
        "News",
        "none",
        2000,
        None,
    )


async def test_a_preset_fills_the_server_in(tab: Tab) -> None:
    page = await open_new(tab)
    await tab.do(AccountPage.choose_preset, "sendgrid")
    assert "apikey" in page.preset_hint
    assert any("smtp.sendgrid.net" in sent for sent in tab.toasts)
    await tab.do(AccountPage.choose_preset, "nonsense")
    assert page.preset == "other"
    await tab.do(AccountPage.choose, "tls", "implicit")
    assert page.choices["tls"] == "implicit"
    assert "465" in tab.toasts[-1]


async def test_what_is_wrong_stands_at_its_field(tab: Tab) -> None:
    page = await open_new(tab)
    await tab.do(AccountPage.submit, {**FORM, "host": "http://x", "from_address": "me", "name": ""})
    assert set(page.errors) == {"host", "from_address", "name"}
    assert FIRST_ERROR in tab.toasts[-1]
    await tab.do(AccountPage.submit, {**FORM, "port": "many", "connections": "-3"})
    assert set(page.errors) == {"port", "connections"}
    assert tab.redirects == []


async def test_saving_again_keeps_password_and_key(tab: Tab) -> None:
    page = await open_saved(tab)
    await tab.do(DkimForm.open, "")
    await tab.do(DkimForm.submit, {"dkim_domain": "example.com", "dkim_selector": "s1"})
    await tab.do(AccountPage.submit, {**FORM, "password": "", "from_name": "Other"})
    assert page.errors == {}
    account = await stored()
    assert account.settings["from_name"] == "Other"
    assert account.secrets.keys() == {"password", "dkim_key"}
    await tab.do(AccountPage.submit, {**FORM, "password": "", "host": "evil.example.net"})
    assert set(page.errors) == {"password"}


async def test_secrets_never_reach_the_browser(tab: Tab) -> None:
    await open_saved(tab)
    await tab.do(DkimForm.open, "")
    await tab.do(DkimForm.submit, {"dkim_domain": "example.com", "dkim_selector": "s1"})
    key = dkim.generate_key(dkim.KeyKind.ED25519)
    await tab.do(DkimForm.bring_own, True)
    await tab.do(DkimForm.submit, {"dkim_domain": "example.com", "dkim_selector": "s2", "dkim_key": key})
    sent = everything_sent(tab) + repr(tab.toasts)
    assert tab.state(AccountDkim).record_text in sent
    assert SECRET not in sent
    assert key.splitlines()[1] not in sent
    assert "PRIVATE KEY" not in sent


async def test_the_connection_is_tested_with_what_the_form_says(tab: Tab) -> None:
    async with running(Behaviour(mechanisms=("PLAIN",), users={"jo": SECRET})) as (port, _):
        page = await open_saved(tab, port=str(port))
        check = tab.state(AccountCheck)
        await in_background(tab, AccountCheck, AccountCheck.test_form, {**FORM, "act": "save"})
        assert not check.tested
        form = {**FORM, "act": "test", "port": str(port), "password": ""}
        await in_background(tab, AccountCheck, AccountCheck.test_form, form)
        assert (check.tested, check.works, check.testing) == (True, True, False)
        assert "C: AUTH PLAIN (hidden)" in check.transcript
        assert page.standing.checked == "Now"
        assert "log-in by PLAIN" in page.standing.offers
        await in_background(tab, AccountCheck, AccountCheck.test_form, {**form, "password": "wrong"})
        assert not check.works
        assert "refuses the log-in" in check.summary
        assert (await stored()).last_error == "", "another password says nothing about the saved account"
        await in_background(tab, AccountCheck, AccountCheck.test_form, {**form, "host": ""})
        assert set(page.errors) == {"host", "password"}
        await in_background(tab, AccountCheck, AccountCheck.test_form, {**form, "port": "x"})
        assert set(page.errors) == {"port"}
        assert not check.testing
    assert SECRET not in everything_sent(tab)


async def test_a_connection_tested_in_the_form_counts_when_the_account_is_saved(tab: Tab) -> None:
    async with running(Behaviour(mechanisms=("PLAIN",), users={"jo": SECRET})) as (port, _):
        form = {**FORM, "port": str(port)}
        tab.go("/accounts/new", account_id="new")
        await tab.do(AccountPage.load)
        await in_background(tab, AccountCheck, AccountCheck.test_form, {**form, "act": "test"})
        await tab.do(AccountPage.submit, form)
    account = await stored()
    assert account.last_checked_at is not None
    assert "AUTH" in account.capabilities
    tab.go("/accounts/1", account_id="1")
    await tab.do(AccountPage.load)
    assert tab.state(AccountPage).standing.checked == "Now"
    assert tab.state(AccountPage)._tested is None  # it counts once
    assert SECRET not in everything_sent(tab)


async def test_a_test_message(tab: Tab) -> None:
    async with running(Behaviour(mechanisms=("PLAIN",), users={"jo": SECRET})) as (port, witness):
        await open_saved(tab, port=str(port))
        check = tab.state(AccountCheck)
        await in_background(tab, AccountCheck, AccountCheck.send_test, {"test-to": "jo@example.org"})
        assert check.outcome_ok
        assert check.outcome_detail == "250 2.0.0 queued"
        assert witness.accepted["jo@example.org"] == 1
        await in_background(tab, AccountCheck, AccountCheck.send_test, {"test-to": "nobody"})
        assert "Test not sent" in tab.toasts[-1]
        assert not check.sending
    await in_background(tab, AccountCheck, AccountCheck.send_test, {"test-to": "jo@example.org"})
    assert not check.outcome_ok
    assert "Test the connection" in check.outcome
    assert "refuses connections" in tab.state(AccountPage).standing.last_error


async def test_dkim_key_record_and_removal(tab: Tab) -> None:
    await open_saved(tab)
    state = tab.state(AccountDkim)
    assert (state.signs, state.domain, state.selector) == (False, "example.com", "beacon")
    await tab.do(DkimForm.open, "")
    await tab.do(DkimForm.submit, {"dkim_domain": "not a domain", "dkim_selector": ""})
    assert set(tab.state(DkimForm).errors) == {"dkim_domain", "dkim_selector"}
    await tab.do(DkimForm.submit, {"dkim_domain": "Example.com.", "dkim_selector": "s1"})
    assert (state.signs, state.record_name) == (True, "s1._domainkey.example.com")
    await tab.do(DkimForm.bring_own, True)
    await tab.do(DkimForm.submit, {"dkim_domain": "example.com", "dkim_selector": "s1", "dkim_key": ""})
    assert set(tab.state(DkimForm).errors) == {"dkim_key"}
    await tab.do(DkimQuestions.ask, "remove", "", "")
    await tab.do(DkimQuestions.answer, "remove")
    assert not state.signs
    with pytest.raises(AppError):
        async with db.reading() as session:
            from campaign_app.channels.email import dkim_service

            await dkim_service.check_dns(session, await tab.state(AccountPage).require("accounts:read"), 1)


async def test_deleting_asks_and_is_refused_while_in_use(tab: Tab) -> None:
    await open_saved(tab)
    async with db.transaction() as session:
        campaign = Campaign(name="Autumn", account_id=1, status=CampaignStatus.SCHEDULED)
        session.add(campaign)
    await tab.do(AccountQuestions.ask, "delete", "", "")
    with pytest.raises(AppError, match="Autumn"):
        await tab.do(AccountQuestions.answer, "delete")
    assert not tab.shows(AccountQuestions)
    async with db.transaction() as session:
        campaign.status = CampaignStatus.DRAFT
        session.add(campaign)
    await tab.do(AccountQuestions.ask, "delete", "", "")
    await tab.do(AccountQuestions.answer, "delete")
    assert tab.redirects[-1] == routes.ACCOUNTS
    assert (await stored()).deleted_at is not None


@pytest.mark.parametrize(
    ("kind", "says"), [("off", "one command at a time"), ("envelope", "only sender and recipient")]
)
async def test_broken_grouping_is_said_and_can_be_tried_again(tab: Tab, kind: str, says: str) -> None:
    page = await open_saved(tab)
    assert page.standing.broken == ""
    async with db.transaction() as session:
        found = {"PIPELINING": "", "pipelining_broken": kind, "pipelining_words": "554 SMTP synchronization error"}
        await service.record_capabilities(session, 1, found)
    await tab.do(AccountPage.load)
    assert "PIPELINING" in page.standing.broken_title + page.standing.broken
    assert says in page.standing.broken
    assert "synchronization" in page.standing.broken_words
    await tab.do(AccountPage.forget_weakness)
    assert page.standing.broken == ""
    async with db.transaction() as session:
        await service.record_capabilities(session, 1, found)
    edited = {**FORM, "password": "", "pipelining": "envelope"}
    await tab.do(AccountPage.submit, edited)
    await tab.do(AccountPage.load)
    assert page.standing.broken == "", "an account that was edited is tried anew"


async def test_the_list_shows_health_and_use(tab: Tab, owner: Actor) -> None:
    await tab.do(AccountList.load)
    assert tab.state(AccountList).rows == []
    await open_saved(tab)
    async with db.transaction() as session:
        session.add(campaign := Campaign(name="C", account_id=1))
        await session.flush()
        from campaign_app.core.clock import now

        session.add(CampaignMinute(campaign_id=campaign.id, minute=now(), sent=500))
    await tab.do(AccountList.load)
    (line,) = tab.state(AccountList).rows
    assert (line.used, line.share, line.words, line.per_minute) == ("500 of 2,000", 25.0, "Healthy", "–")
    assert tab.state(AccountList).summary == "500 messages sent today"
    async with db.reading() as session:
        assert [hit.name for hit in await find(session, owner, "example")] == ["News"]
        assert await find(session, owner, "zzz") == []


async def test_others_may_look_or_not_at_all(tab: Tab, make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch) -> None:
    await open_saved(tab)
    marketer = Tab(await make_actor(Role.MARKETER), monkeypatch)
    await open_new(marketer)
    assert marketer.redirects == [routes.ACCOUNTS]
    marketer.go("/accounts/1", account_id="1")
    await marketer.do(AccountPage.load)
    assert ("Server", "127.0.0.1, port 2525") in marketer.state(AccountPage).facts
    for handler, arguments in (
        (AccountPage.submit, (FORM,)),
        (AccountQuestions.answer, ("delete",)),
        (AccountPage.forget_weakness, ()),
        (DkimForm.submit, ({},)),
        (DkimQuestions.answer, ("remove",)),
    ):
        with pytest.raises(Forbidden):
            await marketer.do(handler, *arguments)
    with pytest.raises(Forbidden):
        await in_background(marketer, AccountCheck, AccountCheck.test_form, {**FORM, "act": "test"})
    viewer = Tab(await make_actor(Role.VIEWER), monkeypatch)
    with pytest.raises(Forbidden):
        await viewer.do(AccountList.load)


def test_the_form_of_a_person_cannot_reach_other_fields() -> None:
    with pytest.raises(ValueError, match="extra"):
        AccountForm(provider="smtp", circuit_failures=0)  # type: ignore[call-arg]
