"""The gate before every event, the tie between state and cookie, and how errors reach a person."""

from typing import Any

import pytest
import reflex as rx
from reflex.state import OnLoadInternalState

from campaign_app.auth import service
from campaign_app.auth.current import current_actor
from campaign_app.core import crypto, db
from campaign_app.core.errors import Conflict, Forbidden, NotFound, Unauthenticated
from campaign_app.models.user import Role
from campaign_app.ui import app_state
from campaign_app.ui.app_state import AppState
from campaign_app.ui.auth.auth_state import AuthState, error_text
from tests.ui.tabs import arrive, through_gate, tree

PASSWORD = "correct horse battery staple"


class Secrets(AppState):
    rows: list[str] = []
    loading: bool = False

    @rx.event
    async def load(self) -> None:
        await self.require("campaigns:read")
        self.rows = ["Marta Lindqvist"]

    @rx.event
    async def launch(self) -> None:
        await self.require("campaigns:start")

    @rx.event
    async def fail(self) -> None:
        async with self.busy():
            raise NotFound("gone")


@pytest.fixture
async def owner_token(sqlite_database: str, redis_url: str) -> str:
    async with db.transaction() as session:
        await service.create_owner(session, "ines@example.com", "Ines Keller", PASSWORD)
    async with db.transaction() as session:
        signed_in = await service.sign_in(session, "ines@example.com", PASSWORD, "127.0.0.1", "test")
    return signed_in.token


def _page(root: rx.State) -> Secrets:
    found = root.get_substate(Secrets.get_full_name().split(".")[1:])
    assert isinstance(found, Secrets)
    return found


LOAD_PAGE = f"{OnLoadInternalState.get_full_name()}.on_load_internal"
LOAD = f"{Secrets.get_full_name()}.load"


async def test_a_stranger_gets_nothing_but_the_sign_in_page(sqlite_database: str) -> None:
    answer = await through_gate(tree(), LOAD)
    assert "/login" in str(answer.events[0].payload)


async def test_a_stranger_is_led_back_afterwards(sqlite_database: str) -> None:
    answer = await through_gate(tree(path="/campaigns/7"), LOAD)
    assert "next=%2Fcampaigns%2F7" in str(answer.events[0].payload)


@pytest.mark.parametrize("token", ["unknown", "x" * 500])
async def test_an_unknown_token_is_a_stranger(sqlite_database: str, token: str) -> None:
    assert (await through_gate(tree(token), LOAD)).events


async def test_a_signed_in_person_passes(owner_token: str) -> None:
    root = tree(owner_token)
    assert await through_gate(root, LOAD) is None
    await Secrets.load.fn(_page(root))
    assert _page(root).rows == ["Marta Lindqvist"]


async def test_signing_out_ends_it_at_once(owner_token: str) -> None:
    root = tree(owner_token)
    async with db.transaction() as session:
        await service.sign_out(session, crypto.digest(owner_token))
    assert (await through_gate(root, LOAD)).events
    with pytest.raises(Unauthenticated):
        await Secrets.load.fn(_page(root))


@pytest.mark.parametrize("state", [rx.State, AuthState, Secrets])
async def test_variables_cannot_be_set_from_outside(sqlite_database: str, state: type[rx.State]) -> None:
    assert (await through_gate(tree(), f"{state.get_full_name()}.setvar")).events


@pytest.mark.parametrize(
    ("name", "payload"), [("hydrate", {}), ("hydrate_and_load", {}), ("set_is_hydrated", {"value": True})]
)
async def test_hydration_passes_without_a_session(sqlite_database: str, name: str, payload: dict[str, Any]) -> None:
    assert await through_gate(tree(), f"{rx.State.get_full_name()}.{name}", **payload) is None


async def test_only_sign_in_and_first_start_are_public() -> None:
    assert app_state._public_states == {AuthState.get_full_name()}


@pytest.mark.parametrize("other", ["", "another"])
async def test_another_cookie_on_the_same_tab_finds_a_fresh_state(owner_token: str, other: str) -> None:
    root = tree(owner_token)
    await through_gate(root, LOAD)
    await Secrets.load.fn(_page(root))
    arrive(root, other)
    await through_gate(root, f"{rx.State.get_full_name()}.hydrate")
    assert _page(root).rows == []
    assert (await root.get_state(AppState)).person_name == ""


async def test_the_same_cookie_keeps_the_state(owner_token: str) -> None:
    root = tree(owner_token)
    await through_gate(root, LOAD)
    await Secrets.load.fn(_page(root))
    await through_gate(root, f"{rx.State.get_full_name()}.hydrate")
    assert _page(root).rows == ["Marta Lindqvist"]


async def test_a_page_is_a_new_visit_and_a_new_socket_is_none(owner_token: str) -> None:
    root = tree(owner_token, "/lists")
    hydrate = f"{rx.State.get_full_name()}.hydrate_and_load"

    async def visit(*events: tuple[str, dict[str, Any]]) -> int:
        for name, payload in events:
            assert await through_gate(root, name, **payload) is None
        return (await root.get_state(AppState)).visit

    first = await visit((hydrate, {"hashes": []}), (LOAD_PAGE, {}))
    assert await visit((hydrate, {}), (LOAD_PAGE, {})) == first  # a new socket loads the page again
    assert await visit((f"{AppState.get_full_name()}.note_color_mode", {"mode": "dark"})) == first
    assert await visit((LOAD_PAGE, {})) == first + 1  # a link to the same page
    arrive(root, owner_token, "/contacts")
    assert await visit((LOAD_PAGE, {})) == first + 2
    assert await visit((hydrate, {"hashes": []}), (LOAD_PAGE, {})) == first + 3  # the page was loaded anew
    arrive(root, owner_token, "/lists")
    assert await visit((hydrate, {}), (LOAD_PAGE, {})) == first + 4  # the socket broke, and the page is another one


async def test_other_colours_are_no_new_visit(owner_token: str) -> None:
    root = tree(owner_token, "/lists")
    await through_gate(root, LOAD_PAGE)
    person = await root.get_state(AppState)
    before = person.visit
    AppState.note_color_mode.fn(person, "dark")
    await through_gate(root, LOAD_PAGE)
    assert person.visit == before


async def test_entering_fills_in_the_person(owner_token: str) -> None:
    root = tree(owner_token)
    await through_gate(root, LOAD)
    person = await root.get_state(AppState)
    await AppState.enter.fn(person)
    assert (person.person_name, person.person_initials, person.person_role) == ("Ines Keller", "IK", "owner")
    assert "campaigns:start" in person.permissions


async def test_a_role_is_asked_by_every_handler(owner_token: str) -> None:
    async with db.transaction() as session:
        owner = await current_actor(crypto.digest(owner_token))
        assert owner is not None
        created = await service.create_user(
            session, owner, service.NewUser(email="v@example.com", name="Vera", role=Role.VIEWER)
        )
    async with db.transaction() as session:
        viewer = await service.sign_in(session, "v@example.com", created.password, "127.0.0.1", "test")
    root = tree(viewer.token)
    assert await through_gate(root, f"{Secrets.get_full_name()}.launch") is None
    await Secrets.load.fn(_page(root))
    with pytest.raises(Forbidden):
        await Secrets.launch.fn(_page(root))


async def test_secrets_of_the_gate_never_reach_the_browser(owner_token: str) -> None:
    root = tree(owner_token)
    await through_gate(root, LOAD)
    person = await root.get_state(AppState)
    assert person._bound
    assert "_bound" not in str(root.dict())
    assert owner_token not in str(root.dict())


def test_methods_for_states_are_no_event_handlers() -> None:
    for state in (AppState, Secrets):
        assert not {"require", "busy", "query"} & set(state.event_handlers)


async def test_busy_ends_when_the_handler_fails(owner_token: str) -> None:
    page = _page(tree(owner_token))
    with pytest.raises(NotFound):
        await Secrets.fail.fn(page)
    assert page.loading is False


def test_an_error_of_ours_is_explained() -> None:
    toast = app_state.on_exception(Conflict("It is running. Pause it first.", hint="Then try again."))
    shown = str(toast)
    assert "It is running" in shown
    assert "Pause it first. Then try again." in shown


def test_a_lost_session_leads_to_the_sign_in_page() -> None:
    assert "/login" in str(app_state.on_exception(Unauthenticated("x")))


@pytest.mark.logs("event handler failed")
def test_any_other_error_names_a_number_and_hides_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError("password=hunter2")
    except ValueError as error:
        shown = str(app_state.on_exception(error))
    assert "hunter2" not in shown
    reference = caplog.records[-1].args[0]  # type: ignore[index]
    assert str(reference) in shown


@pytest.mark.parametrize(
    ("name", "letters"), [("Ines Keller", "IK"), ("tom", "TO"), ("a.b@example.com", "AB"), ("", "?"), ("…", "?")]
)
def test_initials(name: str, letters: str) -> None:
    assert app_state.initials(name) == letters


@pytest.mark.parametrize(
    ("code", "wait", "words"),
    [
        ("", "", ""),
        ("throttled", "15 min", "Wait 15 min"),
        ("throttled", "<b> min", "a minute"),
        ("<script>", "", "not right"),
    ],
)
def test_words_of_the_sign_in_page(code: str, wait: str, words: str) -> None:
    assert words in error_text(code, wait)
    assert "<" not in error_text(code, wait)
