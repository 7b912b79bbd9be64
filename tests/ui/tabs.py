"""A browser tab without a browser: the state tree of one, the address it shows, and the events it sends."""

import inspect
from functools import cache
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest
import reflex as rx
from reflex.state import BaseState, OnLoadInternalState
from reflex_base.event import Event, EventHandler

from campaign_app import campaign_app as composition
from campaign_app.auth.cookies import SESSION_COOKIE
from campaign_app.core import crypto
from campaign_app.core.actor import Actor
from campaign_app.ui import app_state, browser
from campaign_app.ui.kit.dialogs_state import Dialog

S = TypeVar("S", bound=rx.State)


@cache
def _register_pages() -> None:
    composition.app._apply_decorated_pages()  # gives the states their `campaign_id` and the like


def tree(token: str = "", path: str = "/campaigns") -> rx.State:
    """A state tree whose browser has this session's token and shows this page."""
    root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]
    arrive(root, token, path)
    return root


def arrive(root: BaseState, token: str, path: str = "/campaigns") -> None:
    """What Reflex does with each event: the headers of the socket's handshake and the address of the page."""
    headers = {"cookie": f"{SESSION_COOKIE}={crypto.digest(token)}"} if token else {"cookie": ""}
    data: dict[str, Any] = {
        "pathname": path,
        "asPath": path,
        "query": {},
        "token": "tab",
        "ip": "127.0.0.1",
        "headers": headers,
    }
    root.router_data = root._update_router_vars(data, root.router_data)


async def through_gate(root: rx.State, name: str, **payload: Any) -> Any:
    """What the gate says to an event; None lets it pass."""
    gate = app_state.AuthGate()
    return await gate.preprocess(rx.State, root, Event(name=name, payload=payload))  # type: ignore[arg-type]


class Tab:
    """Signed in as `actor`. What handlers return is collected: `redirects`, `addresses`, `toasts`; events of ours run
    at once."""

    def __init__(self, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
        _register_pages()
        self.root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]
        self.redirects: list[str] = []
        self.addresses: list[str] = []
        self.searched: str = ""
        self.toasts: list[str] = []

        async def who(_token: str, _ip: str = "") -> Actor:
            return actor

        monkeypatch.setattr(app_state, "current_actor", who)

    def go(self, address: str, **arguments: Any) -> "Tab":
        """Show an address; `arguments` are those of its route."""
        query = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}
        data = {
            "pathname": urlsplit(address).path,
            "asPath": address,
            "query": {**query, **{key: str(value) for key, value in arguments.items()}},
            "token": "tab",
            "ip": "127.0.0.1",
            "headers": {"cookie": f"{SESSION_COOKIE}={64 * '0'}"},
        }
        self.root.router_data = self.root._update_router_vars(data, self.root.router_data)
        self.note_load("on_load_internal")
        return self

    def reconnect(self) -> "Tab":
        """The socket is a new one; the page in the browser is the same."""
        self.note_load("hydrate_and_load")
        self.note_load("on_load_internal")
        return self

    def note_load(self, kind: str) -> None:
        """What the gate does with the events that load a page."""
        owner = OnLoadInternalState if kind == "on_load_internal" else rx.State
        self.state(app_state.AppState)._note_visit(Event(name=f"{owner.get_full_name()}.{kind}", payload={}))

    def shows(self, dialog: type[Dialog]) -> bool:
        """Whether a dialog is open."""
        return self.state(dialog)._is_open()

    def state(self, kind: type[S]) -> S:
        """The tab's state of this class."""
        found: Any = self.root.get_substate(kind.get_full_name().split(".")[1:])
        return found  # type: ignore[no-any-return]

    async def do(self, handler: Any, *arguments: Any) -> None:
        """Send an event, and those that follow from it."""
        name = handler.state_full_name if isinstance(handler, EventHandler) else handler.handler.state_full_name
        state: Any = self.root.get_substate(name.split(".")[1:])
        answer = handler.fn(state, *arguments)
        if inspect.isasyncgen(answer):
            async for step in answer:
                await self._follow(step)
        else:
            await self._follow(await answer if inspect.isawaitable(answer) else answer)

    async def _follow(self, step: Any) -> None:
        for event in step if isinstance(step, list | tuple) else [step]:
            if isinstance(event, EventHandler):
                await self.do(event)
            elif event is not None:
                assert isinstance(event, Event), event  # the door of ui/browser.py makes them
                self._note(event)

    def _note(self, event: Event) -> None:
        if event.name == "_redirect":
            self.redirects.append(event.payload["path"])
        elif event.name == browser.ADDRESS:
            self.addresses.append(event.payload["path"])
        elif event.name == browser.SEARCH:
            self.searched = event.payload["words"]
        else:
            self.toasts.append(" ".join(str(value) for value in event.payload.values()))
