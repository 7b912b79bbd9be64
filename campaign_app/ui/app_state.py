"""The base of every page state: the signed-in person, permissions, toasts, and the check before every event."""

import contextvars
import logging
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

import reflex as rx
from reflex.state import (
    BaseState,
    FrontendEventExceptionState,
    OnLoadInternalState,
    StateUpdate,
    UpdateVarsInternalState,
)
from reflex_base.constants import CompileVars
from reflex_base.event import Event, EventHandler, EventSpec
from reflex_base.registry import RegistrationContext

from campaign_app.auth.cookies import session_digest
from campaign_app.auth.current import current_actor
from campaign_app.auth.errors import FactorRequired
from campaign_app.campaigns import service as campaigns
from campaign_app.channels import service as accounts
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import AppError, Invalid, Unauthenticated
from campaign_app.ui import browser, live, payload, routes

_ERROR_TOAST_MS: Final = 3_600_000  # "stays until closed"
_SUCCESS_TOAST_MS: Final = 4_000
_WORST_FIRST: Final = ("disconnected", "refused", "bouncing", "healthy")

logger = logging.getLogger(__name__)

# Set by AuthGate for the current event: (digest of the session token, actor). Saves the handler a second look-up.
_current: contextvars.ContextVar[tuple[str, Actor] | None] = contextvars.ContextVar("beacon_actor", default=None)


def ip_of(state: Any) -> str:
    """The IP address of this state's browser."""
    return str(state.router.session.client_ip or "")


def login_address(state: Any) -> str:
    """The sign-in page, which returns to the page of this tab."""
    path, query = state.router.url.path.rstrip("/"), state.router.url.query
    return routes.with_query(routes.LOGIN, next=f"{path}?{query}" if query else path)


def notify_success(title: str, text: str = "", undo: Event | EventHandler | None = None) -> Event:
    """A one-line toast for 4 s, with "Undo" when an event is given for it."""
    action = None if undo is None else ("Undo", undo)
    return browser.toast("success", title, text=text, milliseconds=_SUCCESS_TOAST_MS, action=action)


def notify_error(title: str, text: str = "", action: tuple[str, Event | EventHandler] | None = None) -> Event:
    """A toast that stays until closed: what happened, what it means and what to do. `action` is (label, event)."""
    return browser.toast("error", title, text=text, milliseconds=_ERROR_TOAST_MS, has_close=True, action=action)


def explain(error: AppError) -> Event:
    """An AppError as a toast: its title, else its first sentence, then the rest and the hint."""
    title, text = error.title, error.message
    if not title:
        title, _, text = error.message.partition(". ")
    return notify_error(title.rstrip("."), " ".join(part for part in (text, error.hint) if part))


def on_exception(exception: Exception) -> EventSpec | None:
    """Reflex's handler for exceptions of a page's events. Reflex insists on this annotation."""
    return cast("EventSpec", _told(exception))


def _told(exception: Exception) -> Event:
    if isinstance(exception, Unauthenticated):
        return browser.redirect(routes.LOGIN)
    if isinstance(exception, FactorRequired):
        return browser.redirect(routes.PROFILE)
    if isinstance(exception, AppError):
        return explain(exception)
    reference = secrets.token_hex(4)
    logger.error("event handler failed [%s]", reference, exc_info=exception)
    return notify_error(
        "Something went wrong on our side",
        f"Nothing was changed by this step as far as we know. Reload the page and try again; if it happens again, "
        f"give your administrator this number: {reference}.",
    )


class SignedIn:
    """Methods of every state that no browser can call, because Reflex finds no event handlers in a plain class.

    `_needed`: the permission of a page that has to be loaded first; "" where every handler can run at once.
    """

    _needed: ClassVar[str] = ""

    async def require(self, permission: str = "", *, again: bool = False) -> Actor:
        """The signed-in actor, who has `permission`; "" asks only for a signed-in one.

        `again` ignores what AuthGate found when the event began. For tasks that continue long after it.

        Raises:
            Unauthenticated: no valid session.
            Forbidden: the role does not include the permission.
            FactorRequired: a second factor has to be set up first.
        """
        digest = session_digest(self.router.headers.cookie)
        known = _current.get()
        actor = (
            known[1]
            if known and digest and known[0] == digest and not again
            else await current_actor(digest, ip_of(self))
        )
        if actor is None:
            raise Unauthenticated("You are signed out. Sign in again to go on.", title="Signed out")
        if permission:
            actor.require(permission)
        return actor

    def _takes(self, handler: str) -> bool:  # noqa: ARG002
        """Whether a handler may run now. A page that must be loaded first refuses its other handlers until then."""
        return True

    def query(self, name: str, default: str = "") -> str:
        """A query value of the page's address."""
        return str(self.router.url.query_parameters.get(name, default))

    if TYPE_CHECKING:  # Reflex adds the address parameters to the states when the pages are registered
        router: Any
        account_id: str
        campaign_id: str
        contact_id: str
        import_id: str
        segment_id: str

    @asynccontextmanager
    async def busy(self, flag: str = "loading") -> AsyncIterator[None]:
        """Sets the bool var `flag` to True inside and to False after, even when the handler fails."""
        setattr(self, flag, True)
        try:
            yield
        finally:
            setattr(self, flag, False)


class AppState(SignedIn, rx.State):
    """The signed-in person. The permission list only shows and hides; every handler calls `require` itself."""

    person_name: str = ""
    person_initials: str = ""
    person_email: str = ""
    person_role: str = ""
    permissions: list[str] = []
    dark: bool = False
    running_campaigns: int = 0
    accounts_health: str = ""
    visit: int = 1  # counts the pages that this tab has opened; dialogs of another visit are closed
    _visited: str = ""
    _loads_again: bool = False
    _bound: str = ""

    @rx.event
    async def enter(self) -> None:
        """First event of every page in the shell: sets the person and stops the previous page's live updates."""
        await live.unwatch(self)
        actor = await self.require()
        self.person_name, self.person_email, self.person_role = actor.name, actor.email, actor.role
        self.person_initials = initials(actor.name or actor.email)
        self.permissions = sorted(actor.permissions)
        async with db.reading() as session:
            if actor.can("campaigns:read"):
                self.running_campaigns = (await campaigns.counts_by_view(session, actor))["running"]
            if actor.can("accounts:read"):
                found = {row.health for row in await accounts.list_accounts(session, actor)}
                self.accounts_health = next((one for one in _WORST_FIRST if one in found), "")

    @rx.event
    def note_color_mode(self, mode: str) -> Any:
        """The browser reports its theme. Figures are drawn again in its colours."""
        if self.dark == (mode == "dark"):
            return None
        self.dark = mode == "dark"
        self._loads_again = True
        return OnLoadInternalState.on_load_internal

    def _note_visit(self, event: Event) -> None:
        """An opened page starts a new visit. A page that loads again (new socket, other colours) continues its visit.

        Reflex loads the page again with every socket. Only the first load of a page shows what the browser has.
        """
        path = _path(self._get_root_state())
        if event.name == _HYDRATE:
            opens = _FIRST_OF_PAGE in event.payload
        elif event.name == _LOAD:
            opens = not self._loads_again or path != self._visited
        else:
            return
        self._loads_again = event.name == _HYDRATE
        if opens:
            self.visit, self._visited = self.visit + 1, path


def initials(name: str) -> str:
    """Two letters for the avatar: Ines Keller → IK, ines@x → IN."""
    words = [word for word in name.replace("@", " ").replace(".", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + words[1][0] if len(words) > 1 else words[0][:2]).upper()


def _states(root: type[BaseState]) -> Iterator[type[BaseState]]:
    for state in root.get_substates():
        yield state
        yield from _states(state)


def _path(root: BaseState) -> str:
    return str(root.router.url.path).rstrip("/")


def _is_for_set_up(root: BaseState, event: Event) -> bool:
    return event.name in _set_up_events and _path(root) == routes.PROFILE


def _lead_to_set_up(root: BaseState, error: FactorRequired) -> Event:
    return explain(error) if _path(root) == routes.PROFILE else browser.redirect(routes.PROFILE)


class AuthGate(rx.Middleware):
    """Runs before every event. Without a session only hydration is allowed, unless the state is marked `@public`.

    It also ties the state to the session's cookie. The client token in the socket's address is a bearer secret made by
    the browser. Whoever presents it with another cookie, or with none, gets a fresh state and not the other person's
    rows.
    """

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:  # noqa: ARG002
        root = state._get_root_state()
        digest = session_digest(root.router.headers.cookie)
        await self._bind(root, digest or "anonymous")
        _current.set(None)
        (await root.get_state(AppState))._note_visit(event)
        if not self._is_public(event):
            try:
                actor = await current_actor(digest, ip_of(root), for_set_up=_is_for_set_up(root, event))
            except FactorRequired as error:
                return StateUpdate(events=[_lead_to_set_up(root, error)])
            if actor is None:
                return StateUpdate(events=[browser.redirect(login_address(root))])
            _current.set((digest, actor))
        return await self._take(root, event)

    @staticmethod
    async def _take(root: BaseState, event: Event) -> StateUpdate | None:
        """Convert the browser's arguments to the handler's types. Arguments that do not fit are refused."""
        found = RegistrationContext.get().event_handlers[event.name]
        try:
            page = await root.get_state(found.states[0])
            if isinstance(page, SignedIn) and not page._takes(event.name.rpartition(".")[2]):
                known = _current.get()
                if known and page._needed:
                    known[1].require(page._needed)  # a person without permission is told so, not asked to open the page
                raise Invalid("Its page was not opened, or not to the end. Reload the page and try again.")
            taken = payload.checked(found.handler, event.payload)
        except AppError as error:
            return StateUpdate(events=[explain(error)])
        event.payload.clear()
        event.payload.update(taken)
        return None

    async def _bind(self, root: BaseState, digest: str) -> None:
        person = await root.get_state(AppState)
        if person._bound == digest:
            return
        if person._bound:
            await live.unwatch(root)
            for state in _states(rx.State):
                await root.get_state(state)  # Redis stores each state separately; an unloaded one would keep its rows
            root.reset()  # type: ignore[no-untyped-call]  # Reflex has no types here
        person._bound = digest

    @staticmethod
    def _is_public(event: Event) -> bool:
        owner, _, name = event.name.rpartition(".")
        return name in _INTERNAL_EVENTS.get(owner, ()) or (owner in _public_states and name != "setvar")


_INTERNAL_EVENTS: Final = {
    state.get_full_name(): frozenset(state.event_handlers) - {"setvar"}
    for state in (rx.State, OnLoadInternalState, UpdateVarsInternalState, FrontendEventExceptionState)
}
_HYDRATE: Final = f"{rx.State.get_full_name()}.{CompileVars.HYDRATE_AND_LOAD}"
_LOAD: Final = f"{OnLoadInternalState.get_full_name()}.on_load_internal"
_FIRST_OF_PAGE: Final = CompileVars.PAYLOAD_HASHES
_public_states: set[str] = set()
_set_up_events: set[str] = {f"{AppState.get_full_name()}.{name}" for name in ("enter", "note_color_mode")}


def public(state: type[rx.State]) -> type[rx.State]:
    """Class decorator: the events of this state may run without a session (sign-in and first start only)."""
    _public_states.add(state.get_full_name())
    return state


def for_set_up(state: type[rx.State], *names: str) -> None:
    """Allow these events of a state on the profile page also for a person who must set up a second factor first."""
    _set_up_events.update(f"{state.get_full_name()}.{name}" for name in names)
