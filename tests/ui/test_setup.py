"""The set-up step, the workspace's settings and the dashboard's first steps, without a browser."""

from dataclasses import replace

import pytest

from campaign_app.audience import service as people
from campaign_app.audience.schemas import ContactInput
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM, Actor
from campaign_app.core.config import settings
from campaign_app.models.user import Role
from campaign_app.ui import routes
from campaign_app.ui.dashboard.dashboard_state import DashboardPage
from campaign_app.ui.settings.workspace_state import WorkspaceSettings
from campaign_app.ui.setup.setup_state import SetUp
from campaign_app.workspace import service
from campaign_app.workspace.schemas import Workspace
from tests.channels.accounts import smtp_row
from tests.conftest import MakeActor
from tests.settled import PUBLIC_URL, settle
from tests.ui.tabs import Tab

pytestmark = pytest.mark.usefixtures("redis_url")
HERE, BERLIN = "http://127.0.0.1:8300", "Europe/Berlin"
FORM = {
    "public_url": "mail.meridian-supply.com",
    "company": "Meridian",
    "postal_address": "Street 1",
    "time_zone": BERLIN,
}


@pytest.fixture
async def owner(sqlite_database: str, make_actor: MakeActor) -> Actor:
    return await make_actor()


@pytest.fixture
def tab(owner: Actor, monkeypatch: pytest.MonkeyPatch) -> Tab:
    return Tab(owner, monkeypatch).go(routes.WORKSPACE_SETUP)


async def stored() -> Workspace:
    async with db.reading() as session:
        return await service.get(session)


async def opened(tab: Tab, origin: str = HERE, zone: str = BERLIN) -> SetUp:
    await tab.do(SetUp.load)
    await tab.do(SetUp.arrive, origin, zone)
    return tab.state(SetUp)


async def test_the_dashboard_asks_first_and_only_once(tab: Tab) -> None:
    await tab.do(DashboardPage.load)
    await tab.do(SetUp.skip)
    await tab.do(DashboardPage.load)
    assert tab.redirects == [routes.WORKSPACE_SETUP, routes.DASHBOARD]
    assert await stored() == Workspace(introduced=True)


async def test_who_may_not_set_it_up_is_not_asked(
    sqlite_database: str, make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = Tab(await make_actor(Role.MARKETER), monkeypatch).go(routes.DASHBOARD)
    await tab.do(DashboardPage.load)
    assert tab.redirects == []
    await tab.do(SetUp.load)
    assert tab.redirects == [routes.DASHBOARD]


async def test_what_the_browser_knows_is_proposed(tab: Tab) -> None:
    state = await opened(tab, "https://mail.meridian-supply.com:443")
    assert (state.values["public_url"], state.values["time_zone"], state.address_note) == (PUBLIC_URL, BERLIN, "")


@pytest.mark.parametrize("origin", [HERE, "http://beacon.internal", "http://10.0.0.4:8000", "null"])
async def test_an_address_that_recipients_cannot_open_is_not_proposed(tab: Tab, origin: str) -> None:
    state = await opened(tab, origin)
    assert state.values["public_url"] == ""
    assert origin in state.address_note


async def test_the_page_is_shown_whoever_comes_first(tab: Tab) -> None:
    await tab.do(SetUp.arrive, HERE, BERLIN)
    await tab.do(SetUp.load)
    page = tab.state(SetUp)
    assert (page.loading, page.values["time_zone"]) == (False, BERLIN)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "x" * 9_999, "../../etc/passwd"])
async def test_a_zone_that_nobody_knows_is_not_proposed(tab: Tab, zone: str) -> None:
    assert (await opened(tab, HERE, zone)).values["time_zone"] == "UTC"


async def test_it_is_saved_and_goes_on(tab: Tab) -> None:
    await opened(tab)
    await tab.do(SetUp.submit, FORM)
    assert tab.redirects == [routes.DASHBOARD]
    found = await stored()
    assert (found.public_url, found.company, found.time_zone, found.introduced) == (
        PUBLIC_URL,
        "Meridian",
        BERLIN,
        True,
    )


async def test_the_address_may_be_left_out_and_a_wrong_one_is_marked(tab: Tab) -> None:
    await opened(tab)
    await tab.do(SetUp.submit, FORM | {"public_url": HERE})
    assert list(tab.state(SetUp).errors) == ["public_url"]
    assert not (await stored()).introduced
    await tab.do(SetUp.submit, FORM | {"public_url": ""})
    assert tab.redirects == [routes.DASHBOARD]
    assert (await stored()).public_url == ""


async def test_the_environment_wins_and_the_page_says_so(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEACON_BASE_URL", "https://news.meridian-supply.com")
    settings.cache_clear()
    state = await opened(tab)
    assert (state.values["public_url"], state.address_fixed) == ("https://news.meridian-supply.com", True)
    assert "BEACON_BASE_URL" in state.address_note
    await tab.do(SetUp.submit, FORM | {"public_url": "https://other.de"})
    assert (await stored()).public_url == ""
    await tab.do(WorkspaceSettings.load)
    page = tab.state(WorkspaceSettings)
    assert (page.values["public_url"], page.address_fixed) == ("https://news.meridian-supply.com", True)


async def test_the_settings_change_it_and_say_what_is_wrong(tab: Tab) -> None:
    await tab.do(WorkspaceSettings.load)
    page = tab.state(WorkspaceSettings)
    assert "campaigns do not start" in page.address_problem
    await tab.do(WorkspaceSettings.submit, FORM | {"needs_postal_address": ""})
    assert (page.values["public_url"], page.address_problem) == (PUBLIC_URL, "")
    assert not (await stored()).needs_postal_address
    await tab.do(WorkspaceSettings.submit, FORM | {"public_url": "http://localhost:8000"})
    assert "could not open" in page.errors["public_url"]
    await tab.do(WorkspaceSettings.submit, FORM | {"public_url": "http://mail.meridian-supply.com"})
    assert page.address_problem.startswith("Its links begin with http://")


def done(tab: Tab) -> dict[str, bool]:
    return {step.title: step.done for step in tab.state(DashboardPage).steps}


async def test_the_first_steps_say_what_is_missing(tab: Tab) -> None:
    await tab.do(SetUp.skip)
    await tab.do(DashboardPage.load)
    assert list(done(tab).values()) == [False] * 5
    assert tab.state(DashboardPage).steps_left.startswith("0 of 5 steps are done")
    async with db.transaction() as session:
        await settle(session, public_url=PUBLIC_URL, postal_address="Street 1", company="Meridian")
        account = smtp_row(name="Main", host="h", port=25, from_address="a@b.de")
        session.add(account)
        await people.create_contact(session, SYSTEM, ContactInput(email="a@meridian-supply.com"))
    await tab.do(DashboardPage.load)
    assert list(done(tab).values()) == [True, True, False, True, False]  # the account was never tested


async def test_a_missing_address_is_on_the_dashboard_once_there_is_a_real_account(tab: Tab) -> None:
    await tab.do(SetUp.skip)
    await tab.do(DashboardPage.load)
    page = tab.state(DashboardPage)
    assert page.notes == []
    async with db.transaction() as session:
        session.add(smtp_row(name="Main", host="127.0.0.1", port=25, from_address="a@b.de"))
    await tab.do(DashboardPage.load)
    assert [(note.title, note.href) for note in page.notes] == [
        ("Recipients cannot open the links", routes.SETTINGS),
        ("Your postal address is missing", routes.SETTINGS),
    ]


async def test_the_persons_own_zone_decides_the_day(owner: Actor, tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    async with db.reading() as session:
        assert await service.zone_of(session, owner) == "UTC"
        assert await service.zone_of(session, replace(owner, time_zone=BERLIN)) == BERLIN
