"""The card of the second factor, its removal on the page of people, and the gate while a required one is missing."""

import base64
from datetime import UTC, datetime

import pyotp
import pytest
import sqlalchemy as sa

from campaign_app.auth import factor_policy, second_factor
from campaign_app.auth.errors import FactorRequired
from campaign_app.auth.permissions import actor_of
from campaign_app.auth.schemas import SignedIn
from campaign_app.core import crypto, db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Conflict, Forbidden
from campaign_app.models.user import Role
from campaign_app.ui import app_state, routes
from campaign_app.ui.app_state import AppState
from campaign_app.ui.auth.auth_state import AuthState
from campaign_app.ui.live_delivery import Admission
from campaign_app.ui.settings.factor_state import DisableFactor, Factor, NewCodes, RecoveryCodes, SetUpFactor
from campaign_app.ui.settings.profile_state import PersonForm
from campaign_app.ui.settings.user_forms_state import PersonQuestions
from campaign_app.ui.settings.users_state import People
from campaign_app.ui.settings.workspace_state import WorkspaceSettings
from tests.auth.conftest import PASSWORD, add, enter, protect
from tests.ui.tabs import Tab, through_gate, tree

pytestmark = pytest.mark.usefixtures("redis_url")
FORM = {"company": "Meridian", "postal_address": "Street 1", "time_zone": "UTC", "public_url": ""}


@pytest.fixture
async def boss(sqlite_database: str) -> Actor:
    """The owner, who has no factor yet."""
    return actor_of(await add("tom@example.com", Role.OWNER, "Tom Berg"))


@pytest.fixture
def tab(boss: Actor, monkeypatch: pytest.MonkeyPatch) -> Tab:
    return Tab(boss, monkeypatch).go(routes.PROFILE)


async def begun(tab: Tab) -> pyotp.TOTP:
    """The dialog is open: the app has read the secret."""
    await tab.do(Factor.load)
    await tab.do(SetUpFactor.open, "")
    await tab.do(SetUpFactor.reveal_secret)
    return pyotp.TOTP(tab.toasts.pop().partition(" ")[2].replace(" ", ""))


async def set_up(tab: Tab) -> list[str]:
    """The recovery codes that the page shows."""
    app = await begun(tab)
    await tab.do(SetUpFactor.submit, {"setup-code": app.at(datetime.now(UTC))})
    return await shown_codes(tab)


async def shown_codes(tab: Tab) -> list[str]:
    await tab.do(RecoveryCodes.reveal)
    return tab.toasts.pop().partition(" ")[2].split()


async def test_it_is_set_up_and_the_secret_is_in_no_var(tab: Tab) -> None:
    app = await begun(tab)
    card = tab.state(Factor)
    assert (tab.shows(SetUpFactor), card.factor_enabled, tab.shows(RecoveryCodes)) == (True, False, False)
    assert tab.state(SetUpFactor).qr.startswith("/files/second-factor.svg?at=")
    await tab.do(SetUpFactor.submit, {"setup-code": "000000"})
    assert "not right" in tab.state(SetUpFactor).errors["code"]
    assert tab.shows(SetUpFactor)
    await tab.do(SetUpFactor.submit, {"setup-code": app.at(datetime.now(UTC))})
    assert not tab.shows(SetUpFactor)
    assert (card.factor_enabled, card.codes_left, tab.shows(RecoveryCodes)) == (True, 10, True)
    assert "Second factor switched on" in tab.toasts.pop()
    codes = await shown_codes(tab)
    assert len(codes) == 10
    kept = str(tab.root.dict())
    assert app.secret not in kept
    assert codes[0] not in kept


async def test_codes_are_saved_and_then_gone(tab: Tab) -> None:
    codes = await set_up(tab)
    await tab.do(RecoveryCodes.save)
    _, data = tab.toasts[-1].split(" ")[0].split("base64,")
    assert base64.b64decode(data).decode().split()[-10:] == codes
    await tab.do(RecoveryCodes.close, True)
    assert tab.shows(RecoveryCodes)
    await tab.do(RecoveryCodes.close, False)
    assert not tab.shows(RecoveryCodes)
    assert tab.state(RecoveryCodes)._codes == ""


async def test_new_codes_take_the_place_of_the_old_ones(tab: Tab) -> None:
    old = await set_up(tab)
    card = tab.state(Factor)
    await tab.do(NewCodes.open, "")
    await tab.do(NewCodes.submit, {"codes-code": "000000"})
    assert tab.shows(NewCodes)
    assert "code" in tab.state(NewCodes).errors
    await tab.do(NewCodes.submit, {"codes-code": old[0]})
    assert (tab.shows(NewCodes), tab.state(NewCodes).errors, card.codes_left) == (False, {}, 10)
    assert not set(await shown_codes(tab)) & set(old)


async def test_switching_off_asks_for_both_and_marks_what_is_wrong(tab: Tab) -> None:
    codes = await set_up(tab)
    card = tab.state(Factor)
    await tab.do(DisableFactor.open, "")
    form = tab.state(DisableFactor)
    await tab.do(DisableFactor.submit, {"disable-factor-password": "wrong", "disable-code": codes[0]})
    assert set(form.errors) == {"factor-password"}
    await tab.do(DisableFactor.submit, {"disable-factor-password": PASSWORD, "disable-code": "000000"})
    assert set(form.errors) == {"code"}
    assert card.factor_enabled
    await tab.do(DisableFactor.submit, {"disable-factor-password": PASSWORD, "disable-code": codes[0]})
    assert (card.factor_enabled, card.factor_missing, tab.shows(DisableFactor)) == (False, False, False)
    assert PASSWORD not in str(tab.root.dict())
    assert "Second factor switched off" in tab.toasts.pop()


async def test_dialogs_open_and_close(tab: Tab) -> None:
    await begun(tab)
    await tab.do(SetUpFactor.close, True)
    assert tab.shows(SetUpFactor)
    await tab.do(SetUpFactor.close, False)
    assert (tab.shows(SetUpFactor), tab.state(SetUpFactor).qr) == (False, "")


async def test_a_set_up_goes_on_when_the_page_connects_anew(tab: Tab, boss: Actor) -> None:
    app = await begun(tab)
    await tab.reconnect().do(Factor.load)
    card = tab.state(Factor)
    assert tab.shows(SetUpFactor)
    await tab.do(SetUpFactor.reveal_secret)
    assert app.secret in tab.toasts.pop().replace(" ", "")
    async with db.transaction() as session:  # in another tab
        await second_factor.confirm(session, boss, app.at(datetime.now(UTC)))
    await tab.do(Factor.load)
    assert (tab.shows(SetUpFactor), card.factor_enabled, card.loading) == (False, True, False)


async def test_one_in_use_is_not_replaced_in_passing(tab: Tab) -> None:
    await set_up(tab)
    for handler, arguments in ((SetUpFactor.open, ("",)), (SetUpFactor.reveal_secret, ())):
        with pytest.raises(Conflict):
            await tab.do(handler, *arguments)
    assert not tab.shows(SetUpFactor)


async def removed(tab: Tab, user_id: int | None) -> str:
    """The words of the page after the question was answered with yes."""
    await tab.do(People.load)
    await tab.do(PersonQuestions.ask, "factor", user_id, "")
    assert tab.shows(PersonQuestions)
    await tab.do(PersonQuestions.answer, "factor")
    assert not tab.shows(PersonQuestions)
    return tab.toasts.pop()


async def test_somebodys_real_factor_is_removed(tab: Tab) -> None:
    user = await add("ines@example.com")
    await protect(user)
    words = await removed(tab, user.id)
    assert "Ines Keller signs in without a code now" in words
    assert (await enter("ines@example.com")).token
    async with db.reading() as session:
        assert not (await second_factor.state(session, actor_of(user))).enabled
        kept = sa.text("SELECT count(*) FROM recovery_code WHERE user_id = :id")
        assert (await session.execute(kept, {"id": user.id})).scalar_one() == 0
    assert "Ines Keller has no second factor" in await removed(tab, user.id)


async def test_an_admin_cannot_remove_an_owners(boss: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = actor_of(await add("ines@example.com", Role.ADMIN))
    tab = Tab(admin, monkeypatch).go(routes.USERS)
    await tab.do(People.load)
    await tab.do(PersonQuestions.ask, "factor", boss.user_id, "")
    with pytest.raises(Forbidden):
        await tab.do(PersonQuestions.answer, "factor")


async def switched(tab: Tab, required: bool) -> WorkspaceSettings:
    await tab.go(routes.SETTINGS).do(WorkspaceSettings.load)
    await tab.do(WorkspaceSettings.submit, FORM | {"require_factor": "on" if required else ""})
    return tab.state(WorkspaceSettings)


async def test_the_switch_is_saved_with_the_settings(tab: Tab) -> None:
    page = await switched(tab, True)
    assert "Your profile" in page.errors["require_factor"]
    await set_up(tab)
    page = await switched(tab, True)
    assert (page.errors, page.values["require_factor"], page.factor_note) == ({}, "on", "Now 0 of 1 have none.")
    await tab.do(Factor.load)
    card = tab.state(Factor)
    assert (card.factor_required, card.factor_missing) == (True, False)
    assert not (await switched(tab, False)).values["require_factor"]


async def test_saving_other_settings_takes_no_change_of_somebody_else_back(
    tab: Tab, boss: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_up(tab)
    await tab.do(WorkspaceSettings.load)
    await switched(Tab(boss, monkeypatch).go(routes.SETTINGS), True)
    await tab.do(WorkspaceSettings.submit, FORM)
    assert tab.state(WorkspaceSettings).values["require_factor"]


@pytest.fixture
async def ines(sqlite_database: str) -> SignedIn:
    """An admin who is signed in without a factor when an owner requires one."""
    boss = await add("tom@example.com", Role.OWNER, "Tom Berg")
    await protect(boss)
    await add("ines@example.com", Role.ADMIN)
    signed_in = await enter("ines@example.com")
    async with db.transaction() as session:
        await factor_policy.require(session, actor_of(boss), True)
    return signed_in


def test_what_opens_without_it_is_this() -> None:
    open_to_all = {name.rpartition("___")[2].partition(".")[::2] for name in app_state._set_up_events}
    assert {(state.rpartition("____")[2], name) for state, name in open_to_all} == {
        ("app_state", "enter"),
        ("app_state", "note_color_mode"),
        ("profile", "load"),
        ("factor", "load"),
        *(("set_up_factor", name) for name in ("open", "reveal_secret", "submit", "close")),
        *(("recovery_codes", name) for name in ("reveal", "save", "close")),
    }


async def test_the_gate_leads_to_the_set_up_and_lets_nothing_else_pass(ines: SignedIn) -> None:
    for state, name in ((AppState, "enter"), (People, "load"), (SetUpFactor, "open")):
        answer = await through_gate(tree(ines.token, "/settings/users"), f"{state.get_full_name()}.{name}")
        assert [(event.name, event.payload["path"]) for event in answer.events] == [("_redirect", routes.PROFILE)]
    profile = tree(ines.token, routes.PROFILE)
    for state, name in ((PersonForm, "submit"), (DisableFactor, "submit"), (People, "load")):
        answer = await through_gate(profile, f"{state.get_full_name()}.{name}", form={})
        assert "Set up your second factor first" in str(answer.events[0].payload)
    for name in sorted(app_state._set_up_events):
        payload = {"note_color_mode": {"mode": "dark"}, "submit": {"form": {}}, "open": {"key": ""}}
        assert await through_gate(profile, name, **payload.get(name.rpartition(".")[2], {})) is None, name


async def test_after_the_set_up_everything_opens(ines: SignedIn) -> None:
    profile = tree(ines.token, routes.PROFILE)
    person = await profile.get_state(AppState)
    assert await through_gate(profile, f"{AppState.get_full_name()}.enter") is None
    await AppState.enter.fn(person)
    assert person.permissions == []
    assert await through_gate(profile, f"{Factor.get_full_name()}.load") is None
    card = await profile.get_state(Factor)
    await Factor.load.fn(card)
    assert card.factor_missing
    await protect(ines.user)
    assert await through_gate(tree(ines.token, "/settings/users"), f"{People.get_full_name()}.load") is None


def test_a_task_that_goes_on_leads_to_the_set_up_too() -> None:
    assert routes.PROFILE in str(app_state.on_exception(FactorRequired()))


async def test_nothing_is_pushed_without_it(ines: SignedIn) -> None:
    digest = crypto.digest(ines.token)
    assert not await Admission().holds("tab", digest)
    await protect(ines.user)
    assert await Admission().holds("tab", digest)


async def test_the_sign_in_page_sends_onwards_who_is_signed_in_without_it(ines: SignedIn) -> None:
    page = await tree(ines.token, routes.LOGIN).get_state(AuthState)
    assert (await AuthState.open_login.fn(page)).payload["path"] == routes.DASHBOARD
