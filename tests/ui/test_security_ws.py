"""Whoever reaches the websocket can call any handler: what strangers, viewers and thieves of a client token get."""

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass

import httpx
import pytest
import reflex as rx
import socketio.exceptions
from redis import asyncio as redis
from reflex_base.registry import RegistrationContext

from campaign_app import campaign_app  # noqa: F401  every page's state is known after this
from campaign_app.ui.app_state import AppState, _public_states
from campaign_app.ui.audience.contacts_state import Contacts
from campaign_app.ui.audience.import_state import ImportPage
from campaign_app.ui.audience.segment_state import SegmentEditor
from campaign_app.ui.auth.auth_state import AuthState
from campaign_app.ui.campaign_builder.review_state import BuilderReview
from campaign_app.ui.campaign_detail.page_state import CampaignPage
from campaign_app.ui.campaigns.new_state import CampaignNew
from campaign_app.ui.settings.audit_state import AuditLog
from campaign_app.ui.settings.profile_state import Profile
from campaign_app.ui.settings.user_forms_state import EditPerson, MadeUpPassword, NewPerson, PersonQuestions
from campaign_app.ui.settings.users_state import People
from campaign_app.ui.settings.workspace_state import WorkspaceSettings
from tests.stack import Stack
from tests.wsclient import Tab, handler

PASSWORD = "correct horse battery"
MARK = "Ines Keller-Secret"


@dataclass(frozen=True, slots=True)
class Product:
    """A running web process with an owner and a viewer, by their session tokens."""

    url: str
    owner: str
    viewer: str
    stack: Stack


@pytest.fixture(scope="module")
def product(redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Real web server, real Redis; nothing has to be built."""
    stack = Stack(var=tmp_path_factory.mktemp("web"), redis_url=f"{redis_server}/3")
    try:
        stack.prepare()
        stack.start("web", "tests.backend")
        stack.wait_for(f"{stack.url}/api/health", "web")
        owner, viewer = asyncio.run(_people(stack.url, stack.setup_link()))
        yield Product(stack.url, owner, viewer, stack)
    finally:
        stack.stop_all()


async def _people(url: str, link: str) -> tuple[str, str]:
    async with httpx.AsyncClient(timeout=60, base_url=url) as browser:
        form = {"email": "ines@example.com", "name": MARK, "password": PASSWORD}
        await browser.get(link)
        await browser.post("/auth/setup", data=form)
        owner = browser.cookies["beacon_session"]
    async with Tab(url, owner) as tab:
        await tab.open("/settings/users")
        await tab.until(lambda t: t.value(People, "rows"))
        form = {"new-email": "vera@example.com", "new-name": "Vera", "new-role": "viewer"}
        await tab.call(handler(NewPerson, "submit"), form=form)
        await tab.until(lambda t: t.value(MadeUpPassword, "subject") == "Vera")
        await tab.call(handler(MadeUpPassword, "reveal"))
        await tab.until(lambda t: t.ordered("_set_value"))
        password = _revealed(tab)
    return owner, await sign_in(url, "vera@example.com", password)


def _revealed(tab: Tab) -> str:
    found = re.search(r"[a-z2-9]{4}(-[a-z2-9]{4}){3}", repr(tab.events))
    assert found, tab.events
    assert found[0] not in repr(tab.state)  # it was handed to the field and kept in no var
    return found[0]


async def sign_in(url: str, email: str, password: str = PASSWORD) -> str:
    async with httpx.AsyncClient(timeout=60, base_url=url) as browser:
        answer = await browser.post("/auth/login", data={"email": email, "password": password})
        assert answer.headers["location"] == "/", answer.headers
        return browser.cookies["beacon_session"]


@pytest.fixture
async def owner(product: Product) -> AsyncIterator[Tab]:
    """The owner's tab on the page of people."""
    async with Tab(product.url, product.owner) as tab:
        await tab.open("/settings/users")
        await tab.until(lambda t: t.value(People, "rows"))
        yield tab


def every_state(root: type[rx.State] = AppState) -> Iterator[type[rx.State]]:
    if root.__module__.startswith("campaign_app."):  # other tests bring states that the server does not know
        yield root
    for state in root.get_substates():
        yield from every_state(state)


async def test_a_stranger_gets_nothing_from_any_page(product: Product) -> None:
    paths = {str(page["route"]) for _, page in RegistrationContext.ensure_context().decorated_pages}
    assert {"/settings/users", "/settings/audit", "/login"} <= paths
    for path in sorted(paths - {"/login", "/login/code", "/setup"}):
        async with Tab(product.url) as tab:
            await tab.open(re.sub(r"\[.*?\]", "1", path))
            await tab.until(lambda t: t.ordered("_redirect"))
            assert tab.ordered("_redirect")[0]["payload"]["path"].startswith("/login")
            assert not tab.said(MARK)


async def test_the_page_of_the_second_step_tells_a_stranger_nothing(product: Product) -> None:
    async with Tab(product.url) as tab:
        await tab.open("/login/code?error=code")
        await tab.until(lambda t: t.value(AuthState, "error"))
        assert not tab.said(MARK)
        assert not tab.ordered("_redirect")


async def test_a_stranger_can_run_no_handler(product: Product) -> None:
    async with Tab(product.url) as tab:
        await tab.open("/login")
        await tab.until(lambda t: t.value(AppState, "permissions") is not None)
        called = 0
        for state in every_state():
            if state.get_full_name() in _public_states:
                continue
            for name in state.event_handlers:
                before = len(tab.ordered("_redirect"))
                await tab.call(handler(state, name))
                await tab.until(lambda t, n=before: len(t.ordered("_redirect")) > n)
                called += 1
        assert called > 20
        assert {event["payload"]["path"].partition("?")[0] for event in tab.ordered("_redirect")} == {"/login"}
        assert not tab.said(MARK)
        assert not tab.said("toast")


@pytest.mark.parametrize("cookie", ["made-up", "0" * 43, ""])
async def test_a_made_up_cookie_is_no_cookie(product: Product, cookie: str) -> None:
    async with Tab(product.url, headers={"Cookie": f"beacon_session={cookie}; other=1"}) as tab:
        await tab.open("/settings/users")
        await tab.until(lambda t: t.ordered("_redirect"))
        assert not tab.said(MARK)


async def test_another_site_gets_no_socket(product: Product) -> None:
    async with Tab(product.url, product.owner, headers={"Origin": "https://evil.example"}) as tab:
        with pytest.raises(socketio.exceptions.ConnectionError):
            await tab.open("/settings/users")


async def test_our_own_site_gets_one(product: Product) -> None:
    async with Tab(product.url, product.owner, headers={"Origin": product.url}) as tab:
        await tab.open("/settings/users")
        await tab.until(lambda t: t.value(People, "rows"))


async def test_the_cookie_never_comes_back_to_scripts(owner: Tab, product: Product) -> None:
    assert owner.said(MARK)
    assert not owner.said(product.owner)


@pytest.mark.parametrize(
    ("state", "name", "payload"),
    [
        (People, "load", {}),
        (EditPerson, "open", {"key": 1}),
        (EditPerson, "submit", {"form": {"edit-name": "Eve", "edit-email": "eve@example.com"}}),
        (People, "let_in", {"user_id": 1}),
        (PersonQuestions, "ask", {"what": "off", "key": 1, "subject": ""}),
        (PersonQuestions, "answer", {"what": "off"}),
        (NewPerson, "submit", {"form": {"new-email": "eve@example.com", "new-name": "Eve"}}),
        (PersonQuestions, "answer", {"what": "reset"}),
        (MadeUpPassword, "reveal", {}),
        (WorkspaceSettings, "submit", {"form": {"company": "Evil"}}),
        (AuditLog, "load", {}),
        (AuditLog, "search", {"words": "a"}),
        (AuditLog, "check", {}),
        (BuilderReview, "launch", {}),
        (CampaignPage, "steer", {"act": "resume"}),
        (CampaignPage, "decide_uncertain", {"decision": "requeue"}),
        (Contacts, "run", {"name": "delete", "ids": [1]}),
        (ImportPage, "start", {}),
        (SegmentEditor, "submit", {"form": {"segment-name": "Mine"}}),
    ],
)
async def test_a_viewer_cannot_call_what_the_role_lacks(
    product: Product, state: type[rx.State], name: str, payload: dict[str, object]
) -> None:
    async with Tab(product.url, product.viewer) as tab:
        await tab.open("/settings/profile")
        await tab.until(lambda t: t.value(Profile, "name") == "Vera")
        await tab.call(handler(state, name), **payload)
        await tab.until(lambda t: t.said("Not allowed"))
        assert not tab.said(MARK)
        assert not tab.value(state, "rows")
    async with httpx.AsyncClient(timeout=60, base_url=product.url) as browser:
        again = await browser.post("/auth/login", data={"email": "ines@example.com", "password": PASSWORD})
        assert again.headers["location"] == "/"  # still active, password unchanged


async def test_private_methods_and_vars_cannot_be_reached(owner: Tab) -> None:
    for name in ("_read", "require", "busy", "setvar", "_show"):
        await owner.call(handler(People, name), cursor="")
    await owner.call("reflex___state____state.setvar", var_name="person_role", value="owner")
    await owner.call(handler(EditPerson, "open"), key=1)
    await owner.until(lambda t: t.value(EditPerson, "shown_in"))
    assert owner.value(AppState, "person_role") == "owner"


async def leave_a_full_state(product: Product) -> str:
    """The owner's client token, after the owner closed the tab with people and log in its state."""
    async with Tab(product.url, product.owner) as tab:
        await tab.open("/settings/users")
        await tab.until(lambda t: t.value(People, "rows"))
        await tab.call(handler(AuditLog, "load"))
        await tab.until(lambda t: t.value(AuditLog, "rows"))
        return tab.token


@pytest.mark.parametrize("thief", ["stranger", "viewer"])
@pytest.mark.parametrize("quietly", [False, True])
async def test_a_stolen_client_token_gives_an_empty_state(product: Product, thief: str, quietly: bool) -> None:
    token = await leave_a_full_state(product)
    cookie = product.viewer if thief == "viewer" else ""
    if quietly:  # first an event that needs none of the stolen states, then everything
        async with Tab(product.url, cookie, token) as tab:
            await tab.open("/settings/profile", load=False)
            await tab.call(handler(Profile, "load"))
            await tab.until(lambda t: t.state or t.events)
            assert not tab.said(MARK)
    async with Tab(product.url, cookie, token) as tab:
        await tab.open("/settings/profile")
        await tab.until(lambda t: t.value(People, "rows") is not None)
        await tab.until(lambda t: t.ordered("_redirect") if thief == "stranger" else t.value(Profile, "sessions"))
        assert tab.token == token
        assert not tab.said(MARK)
        assert tab.value(People, "rows") == []
        assert tab.value(AuditLog, "rows") == []


async def test_who_is_switched_off_is_out_of_an_open_tab(product: Product) -> None:
    async with Tab(product.url, product.owner) as boss:
        await boss.open("/settings/users")
        await boss.until(lambda t: t.value(People, "rows"))
        form = {"new-email": "tom@example.com", "new-name": "Tom", "new-role": "marketer"}
        await boss.call(handler(NewPerson, "submit"), form=form)
        await boss.until(lambda t: t.value(MadeUpPassword, "subject") == "Tom")
        await boss.call(handler(MadeUpPassword, "reveal"))
        await boss.until(lambda t: t.ordered("_set_value"))
        cookie = await sign_in(product.url, "tom@example.com", _revealed(boss))
        async with Tab(product.url, cookie) as tab:
            await tab.open("/settings/profile")
            await tab.until(lambda t: t.value(Profile, "name") == "Tom")
            await boss.call(handler(People, "load"))
            await boss.until(lambda t: any(row["name"] == "Tom" for row in t.value(People, "rows")))
            tom = next(row["id"] for row in boss.value(People, "rows") if row["name"] == "Tom")
            await boss.call(handler(PersonQuestions, "ask"), what="off", key=tom, subject="")
            await boss.call(handler(PersonQuestions, "answer"), what="off")
            await boss.until(lambda t: t.said("is switched off"))
            await tab.call(handler(Profile, "load"))
            await tab.until(lambda t: t.ordered("_redirect"))


async def watched_campaign(product: Product, tab: Tab) -> str:
    """A campaign whose page is open in the tab; its topic."""
    await tab.open("/campaigns/new")
    await tab.until(lambda t: t.value(AppState, "person_name") == MARK)
    await tab.call(handler(CampaignNew, "submit"), form={"name": MARK})
    await tab.until(lambda t: any("/edit" in event["payload"].get("path", "") for event in t.ordered("_redirect")))
    path = next(event["payload"]["path"] for event in tab.ordered("_redirect") if "/edit" in event["payload"]["path"])
    campaign_id = path.split("/")[2]
    with closing(sqlite3.connect(product.stack.var / "beacon.db", timeout=30)) as database:
        database.execute("UPDATE campaign SET status = 'paused' WHERE id = ?", [campaign_id])  # drafts are not watched
        database.commit()
    return f"campaign:{campaign_id}"


async def publish(product: Product, topic: str, sent: int) -> None:
    counters = dict.fromkeys(("total", "pending", "failed", "skipped", "uncertain", "bounced"), 0)
    news = {"status": "paused", "status_reason": "", "counters": {**counters, "sent": sent}, "in_flight": 0, "last": []}
    async with redis.from_url(product.stack.redis_url) as client:
        await client.publish(f"progress:{topic}", json.dumps(news))


async def linked(product: Product, token: str, is_linked: bool) -> None:
    """Return when the server has noticed that a tab came or went."""
    async with redis.from_url(product.stack.redis_url) as client, asyncio.timeout(15):
        while bool(await client.exists(f"token_manager_socket_record_{token}")) != is_linked:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_progress_reaches_only_the_living_session_that_asked(product: Product) -> None:
    async with Tab(product.url, product.owner) as tab:
        topic = await watched_campaign(product, tab)
    campaign_id = topic.partition(":")[2]
    path = f"/campaigns/{campaign_id}"
    async with Tab(product.url, product.owner) as tab:
        await tab.open(path, campaign_id=campaign_id)
        await tab.until(lambda t: t.value(CampaignPage, "name") == MARK)
        await publish(product, topic, 4_711)
        await tab.until(lambda t: t.said("4,711"))
        token = tab.token
    await linked(product, token, False)
    async with Tab(product.url, token=token) as thief:  # says nothing, only listens
        await thief.open(path, load=False)
        await linked(product, token, True)
        assert thief.token == token
        await publish(product, topic, 4_712)
        async with Tab(product.url, product.owner) as tab:
            await tab.open(path, campaign_id=campaign_id)
            await tab.until(lambda t: t.value(CampaignPage, "name") == MARK)
            for sent in (4_713, 4_714):  # the second comes 0.2 s after the first: the thief's turn is over by then
                await publish(product, topic, sent)
                await tab.until(lambda t, sent=sent: t.said(f"{sent:,}"))
        assert not thief.state
        await thief.call(handler(Profile, "load"))
        await thief.until(lambda t: t.ordered("_redirect"))
        assert not thief.said("4,71")
        assert not thief.said(MARK)
