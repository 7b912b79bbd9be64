"""Attacks on the second factor: use a code again, guess it, go on without it, ignore that it is required."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pyotp
import pytest

from campaign_app.auth import pending
from campaign_app.ui import app_state
from campaign_app.ui.app_state import AppState
from campaign_app.ui.settings.factor_state import Factor, RecoveryCodes, SetUpFactor
from campaign_app.ui.settings.users_state import People
from campaign_app.ui.settings.workspace_state import WorkspaceSettings
from tests.security import enumerate as found
from tests.security.installation import Installation, running, sign_in
from tests.stack import Person
from tests.wsclient import Tab, handler

PROFILE = "/settings/profile"
WRONG = "000000"
HERE, ELSEWHERE = "127.0.0.1", "127.0.9.1"  # two networks of one machine: /24 each
SETTINGS = {"company": "Meridian", "postal_address": "Street 1", "time_zone": "UTC", "public_url": ""}


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One of this module's own: factors and the switch stay on."""
    with running(tmp_path_factory.mktemp("second-factor") / "installation") as started:
        yield started
        assert "Traceback" not in started.stack.log("web")


def add(installation: Installation, name: str, role: str) -> Person:
    who = Person(f"{name}@example.com", "wander slowly uphill", role)
    arguments = ["--email", who.email, "--name", name, "--role", role, "--password", who.password]
    installation.stack.run("campaign_app.cli", "user", "create", *arguments)
    return who


async def set_up(installation: Installation, token: str) -> tuple[pyotp.TOTP, int, list[str]]:
    """Through the profile page: the app, the time step whose code was used for it, the recovery codes."""
    async with Tab(installation.url, token) as tab:
        await tab.open(PROFILE)
        await tab.until(lambda t: t.value(Factor, "factor_enabled") is False)
        await tab.call(handler(SetUpFactor, "open"), key="")
        await tab.until(lambda t: t.value(SetUpFactor, "shown_in"))
        await tab.call(handler(SetUpFactor, "reveal_secret"))
        await tab.until(lambda t: len(t.ordered("_set_value")) == 1)
        app = pyotp.TOTP(tab.ordered("_set_value")[0]["payload"]["value"].replace(" ", ""))
        step = int(time.time()) // app.interval
        await tab.call(handler(SetUpFactor, "submit"), form={"setup-code": app.generate_otp(step)})
        await tab.until(lambda t: t.value(RecoveryCodes, "shown_in"))
        await tab.call(handler(RecoveryCodes, "reveal"))
        await tab.until(lambda t: len(t.ordered("_set_value")) == 2)
        return app, step, tab.ordered("_set_value")[1]["payload"]["value"].split()


async def require(installation: Installation, token: str) -> None:
    """The owner switches it on."""
    async with Tab(installation.url, token) as tab:
        await tab.open("/settings")
        await tab.until(lambda t: t.value(WorkspaceSettings, "loading") is False)
        await tab.call(handler(WorkspaceSettings, "submit"), form=SETTINGS | {"require_factor": "on"})
        await tab.until(lambda t: t.said("Workspace saved"))


@asynccontextmanager
async def first_step(installation: Installation, who: Person, address: str = HERE) -> AsyncIterator[httpx.AsyncClient]:
    """A browser whose password was right."""
    transport = httpx.AsyncHTTPTransport(local_address=address)
    async with httpx.AsyncClient(base_url=installation.url, transport=transport, timeout=60) as browser:
        answer = await browser.post("/auth/login", data={"email": who.email, "password": who.password})
        assert answer.headers["location"] == "/login/code", answer.headers
        yield browser


async def give(browser: httpx.AsyncClient, code: str) -> str:
    """ "in", "wrong", "later" or "over"."""
    answer = (await browser.post("/auth/code", data={"code": code})).headers["location"]
    words = {"/": "in", "/login/code?error=code": "wrong", "/login?error=code_over": "over"}
    return "later" if "error=throttled" in answer else words[answer]


async def test_a_code_and_its_first_step_are_used_once(attacked: Installation) -> None:
    who = attacked.people["viewer"]
    app, step, codes = await set_up(attacked, attacked.viewer)
    next_one = app.generate_otp(max(step + 1, int(time.time()) // app.interval))
    async with first_step(attacked, who) as one, first_step(attacked, who) as two, first_step(attacked, who) as three:
        tokens = [browser.cookies[pending.COOKIE] for browser in (one, two, three)]
        answers = await asyncio.gather(*(give(browser, next_one) for browser in (one, two, three)))
        assert sorted(answers) == ["in", "wrong", "wrong"]
    for used in (next_one, app.generate_otp(step)):
        async with first_step(attacked, who) as thief:
            assert await give(thief, used) == "wrong"
    async with first_step(attacked, who) as browser:
        assert await give(browser, codes[0]) == "in"
        browser.cookies.set(pending.COOKIE, tokens[answers.index("in")], path="/auth/code")
        assert await give(browser, codes[1]) == "over"
    async with first_step(attacked, who) as thief:
        assert await give(thief, codes[0]) == "wrong"


async def test_guessing_is_slowed_down_from_everywhere(attacked: Installation) -> None:
    who = add(attacked, "tara", "marketer")
    _, _, codes = await set_up(attacked, await sign_in(attacked.url, who))
    for address in (HERE, ELSEWHERE):
        async with first_step(attacked, who, address) as attacker:
            answers = [await give(attacker, WRONG) for _ in range(40)]
        assert answers[:5] == 5 * ["wrong"]
        assert answers.count("wrong") <= 10  # the delays of 2, 4, 8, 16, 32 s are not over while this runs
        assert set(answers) == {"wrong", "later"}
    async with first_step(attacked, who) as attacker:
        while await give(attacker, WRONG) == "later":  # noqa: ASYNC110  (from now on a new, longer delay)
            await asyncio.sleep(0.2)
        assert await give(attacker, codes[0]) == "later"  # what is right says no more than what is wrong


async def answers_of(installation: Installation, cookies: dict[str, str]) -> dict[str, int]:
    """The status of every route but those of signing in, asked with these cookies."""
    header = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}
    answers = {}
    async with httpx.AsyncClient(base_url=installation.url, headers=header, timeout=60) as browser:
        for route in found.routes():
            path = route.path
            for name in found.places(route):
                path = path.replace("{" + name + "}", "1")
            for method in sorted(route.methods) if not path.startswith("/auth/") else ():
                answer = await browser.request(method, path, content=b"x" if method == "POST" else None)
                answers[f"{method} {path}"] = answer.status_code
        for path in ("/_upload", "/files/nothing"):
            answers[f"POST {path}"] = (await browser.post(path, content=b"x")).status_code
    return answers


def closed(answers: dict[str, int], status: int) -> set[str]:
    """What is refused for want of a session (401) or a factor (403); a hook asks for neither."""
    return {name for name, answer in answers.items() if answer == status and " /hooks/" not in name}


async def refusals(tab: Tab, name: str) -> list[dict[str, Any]]:
    """What the gate answers to an event."""
    before = len(tab.events)
    await tab.call(name)
    try:
        await tab.until(lambda t: len(t.events) > before)
    except AssertionError:
        return []
    return tab.events[before:]


def protected() -> list[str]:
    """Every handler that a stranger cannot call."""
    names = [handler(state, name) for state, name, _ in found.handlers()]
    return [name for name in names if name.rpartition(".")[0] not in app_state._public_states]


async def test_the_first_step_opens_nothing(attacked: Installation) -> None:
    who = add(attacked, "nina", "viewer")
    await set_up(attacked, await sign_in(attacked.url, who))
    async with first_step(attacked, who) as browser:
        token = browser.cookies[pending.COOKIE]
    half = {pending.COOKIE: token, "beacon_session": token}
    as_nobody, as_half = await answers_of(attacked, {}), await answers_of(attacked, half)
    assert as_half == as_nobody
    refused = closed(as_half, 401)
    print(f"\n{len(as_half)} requests, {len(refused)} refused")
    assert refused == {name for name in as_half if " /files/" in name or " /_upload" in name}
    cookie = "; ".join(f"{name}={value}" for name, value in half.items())
    names = protected()
    async with Tab(attacked.url, headers={"Cookie": cookie}) as tab:
        await tab.open("/settings/users", load=False)
        for name in names:
            events = await refusals(tab, name)
            assert [event["name"] for event in events] == ["_redirect"], (name, events)
            assert events[0]["payload"]["path"].startswith("/login"), name
        assert not tab.value(People, "rows")
    print(f"{len(names)} handlers")
    assert len(names) > 150


async def only_the_set_up_opens(installation: Installation, token: str) -> int:
    """No handler and no route but those of the set-up; how many handlers were tried."""
    names = protected()
    for path, kind, mark in (("/settings/users", "_redirect", PROFILE), (PROFILE, "_toast", "second factor first")):
        async with Tab(installation.url, token) as tab:
            await tab.open(path, load=False)
            for name in names if kind == "_redirect" else [one for one in names if one not in app_state._set_up_events]:
                events = await refusals(tab, name)
                assert [event["name"] for event in events] == [kind], (path, name, events)
                assert mark in str(events[0]["payload"]), (path, name, events)
            assert not tab.value(People, "rows")
            assert not tab.value(AppState, "permissions")
    as_nobody = await answers_of(installation, {})
    answers = await answers_of(installation, {"beacon_session": token})
    refused = closed(as_nobody, 401)
    assert closed(answers, 403) == refused - {"GET /files/second-factor.svg"}
    assert all(answers[name] == status for name, status in as_nobody.items() if name not in refused)
    assert answers["GET /files/second-factor.svg"] == 409  # nothing was begun
    return len(names)


async def test_who_lacks_a_required_one_can_only_set_it_up(attacked: Installation) -> None:
    ada, olga = add(attacked, "ada", "admin"), add(attacked, "olga", "owner")
    signed_in_before = await sign_in(attacked.url, ada)
    boss = await sign_in(attacked.url, olga)
    await set_up(attacked, boss)
    await require(attacked, boss)
    for token in (signed_in_before, await sign_in(attacked.url, ada)):
        tried = await only_the_set_up_opens(attacked, token)
    print(f"\n{tried} handlers")
    await set_up(attacked, signed_in_before)
    async with Tab(attacked.url, signed_in_before) as tab:
        await tab.open("/settings/users")
        await tab.until(lambda t: t.value(People, "rows"))
    # An owner who lost everything gets in from the command line, and still only to the set-up.
    attacked.stack.run("campaign_app.cli", "user", "reset-second-factor", olga.email)
    async with Tab(attacked.url, boss) as tab:
        await tab.open("/settings/users")
        await tab.until(lambda t: t.ordered("_redirect"))
        assert tab.ordered("_redirect")[0]["payload"]["path"].startswith("/login")
    again = await sign_in(attacked.url, olga)
    await only_the_set_up_opens(attacked, again)
    await set_up(attacked, again)
    async with Tab(attacked.url, again) as tab:
        await tab.open("/settings/users")
        await tab.until(lambda t: t.value(People, "rows"))


async def test_who_lacks_a_required_one_can_sign_out(attacked: Installation) -> None:
    """The one before may have switched it on; signing out asks for nothing in either case."""
    token = await sign_in(attacked.url, add(attacked, "otto", "admin"))
    async with attacked.browser(token) as browser:
        assert (await browser.post("/auth/logout")).headers["location"] == "/login"
    async with attacked.browser(token) as browser:
        assert (await browser.get("/files/contacts.csv")).status_code == 401
