"""Reflex's sockets and states for people who are not signed in: they get their page, and nothing is stored for them.

A stranger's state is created for each event and discarded after it. It is stored neither in Redis nor in memory,
because pages before sign-in need nothing beyond an event. So strangers cannot fill Redis or see another person's
state.
"""

import asyncio
import dataclasses
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, cast

import reflex as rx
from reflex.app import EventNamespace
from reflex.istate.manager.redis import StateManagerRedis
from reflex.state import BaseState, StateUpdate
from reflex_base.constants import RouteVar
from reflex_base.registry import RegistrationContext

from campaign_app.auth.current import STRANGER
from campaign_app.core import logging
from campaign_app.ui import app_state

_ARGUMENTS: Final = {"event": 2, "ping": 1, "client_error": 2}  # including the socket's id, which comes first
_TOKENS_KNOWN: Final = 20_000
_NAME: Final = 1_000  # a handler's full name contains every state above it
_PATH: Final = 2_000
_QUERY_PARTS: Final = 50
_NAME_IN_LOG: Final = 100
log = logging.get("ui")


class Strangers:
    """The client tokens of sockets without a session."""

    def __init__(self) -> None:
        self._tokens: OrderedDict[str, None] = OrderedDict()

    def note(self, token: str, *, stranger: bool) -> None:
        """Record who uses this token now. It stays recorded after the socket closed, because last events may still
        wait.
        """
        if not stranger:
            self._tokens.pop(token, None)
            return
        self._tokens[token] = None
        self._tokens.move_to_end(token)
        if len(self._tokens) > _TOKENS_KNOWN:
            self._tokens.popitem(last=False)

    def __contains__(self, token: object) -> bool:
        return token in self._tokens


class Sockets(EventNamespace):
    """Accepts from each socket only what has the form of an event and names a handler.

    Anything else is dropped without a log line, because anybody could fill the log.
    """

    def __init__(self, namespace: str, app: rx.App, strangers: Strangers) -> None:
        super().__init__(namespace, app)
        self._strangers = strangers
        self._outdated: set[str] = set()  # sockets that called an unknown handler, and were told so

    def _is_stranger(self, sid: str) -> bool:
        """Whether the socket has no session, according to the guard. A closed socket counts as a stranger."""
        environ = self.server.get_environ(sid, self.namespace) or {}
        return bool(environ.get("asgi.scope", {}).get(STRANGER, True))

    async def trigger_event(self, event: Any, *arguments: Any) -> Any:
        """See socketio, which lets a browser send "connect" and "disconnect" as ordinary events."""
        if not isinstance(event, str) or not self._is_genuine(event, arguments):
            return None
        return await super().trigger_event(event, *arguments)

    def _is_genuine(self, event: str, arguments: tuple[Any, ...]) -> bool:
        sid = arguments[0]
        if event == "connect":
            return len(arguments) > 1 and arguments[1] is self.server.get_environ(sid, self.namespace)
        if event == "disconnect":
            return not self.server.manager.is_connected(sid, self.namespace)
        return len(arguments) == _ARGUMENTS.get(event)

    async def on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> Any:
        if "token=" not in environ.get("QUERY_STRING", ""):
            return False
        return await super().on_connect(sid, environ, auth)

    async def link_token_to_sid(self, sid: str, token: str, *, update_state: bool = True) -> None:
        """A stranger's socket stores no state, so no state is told about it."""
        stranger = self._is_stranger(sid)
        await super().link_token_to_sid(sid, token, update_state=update_state and not stranger)
        self._strangers.note(self.sid_to_token.get(sid, token), stranger=stranger)

    async def on_event(self, sid: str, data: Any) -> None:
        event = _shaped(data)
        if event is None or self.sid_to_token.get(sid) is None:
            return
        if event["name"] in RegistrationContext.ensure_context().event_handlers:
            await super().on_event(sid, event)
        elif not self._is_stranger(sid):
            await self._say_outdated(sid, event["name"])

    async def _say_outdated(self, sid: str, name: str) -> None:
        """Once per socket, because a page of an older version may repeat its call."""
        if sid in self._outdated:
            return
        self._outdated.add(sid)
        log.warning("a page called an unknown handler", handler=logging.clean(name, _NAME_IN_LOG))
        text = "It asked for something that this version does not have. Load the page again."
        told = app_state.notify_error("This page is of another version", text)
        await self.emit_update(StateUpdate(events=[told]), self.sid_to_token[sid])

    def on_disconnect(self, sid: str) -> asyncio.Task[Any] | None:
        self._outdated.discard(sid)
        return super().on_disconnect(sid)

    async def on_client_error(self, sid: str, data: Any = None) -> None:
        """Reports of strangers are ignored."""
        if not self._is_stranger(sid):
            await super().on_client_error(sid, data)


def _shaped(data: Any) -> dict[str, Any] | None:
    """The event with an address of acceptable length; None when it has not the form of an event."""
    if not isinstance(data, dict) or not isinstance(data.get("name"), str) or len(data["name"]) > _NAME:
        return None
    router, payload = data.get("router_data") or {}, data.get("payload") or {}
    if not isinstance(router, dict) or not isinstance(payload, dict):
        return None
    query = router.get("query")
    parts = list(query.items())[:_QUERY_PARTS] if isinstance(query, dict) else []
    kept = {str(name)[:_NAME]: value for name, value in parts if len(str(value)) <= _PATH}
    address = {name: str(router[name])[:_PATH] for name in ("pathname", "asPath") if name in router}
    return {**data, "payload": payload, "router_data": {**address, "query": kept} if router else {}}


class States(StateManagerRedis):
    """Reflex's states in Redis, except those of strangers."""

    strangers: Strangers

    def modify_state(self, token: Any, **context: Any) -> AbstractAsyncContextManager[Any]:  # type: ignore[override]
        coerced = self._coerce_token(token)
        if coerced.ident in self.strangers and issubclass(coerced.cls, BaseState):
            return _passing(coerced.cls)
        return cast("AbstractAsyncContextManager[Any]", super().modify_state(coerced, **context))

    async def get_state(self, token: Any, *arguments: Any, **named: Any) -> Any:
        coerced = self._coerce_token(token)
        if coerced.ident in self.strangers and issubclass(coerced.cls, BaseState):
            return _fresh(coerced.cls)
        return await super().get_state(coerced, *arguments, **named)

    async def set_state(self, token: Any, state: Any, **context: Any) -> None:
        coerced = self._coerce_token(token)
        if coerced.ident not in self.strangers:
            await super().set_state(coerced, state, **context)


@asynccontextmanager
async def _passing(state: type[BaseState]) -> AsyncIterator[BaseState]:
    yield _fresh(state)


def _fresh(state: type[BaseState]) -> BaseState:
    """A whole state tree as at the start, marked so that Reflex does not send all of it to the browser again."""
    root = state.get_root_state()(_reflex_internal_init=True)
    root.router_data = {RouteVar.HEADERS: {}}
    root._clean()  # type: ignore[no-untyped-call]  # Reflex has no types here
    return root


def install(app: rx.App) -> None:
    """Replace Reflex's own classes. Without Redis (a build) nothing is served, and nothing is replaced."""
    own = app._state_manager
    if not isinstance(own, StateManagerRedis) or app.sio is None or app._event_namespace is None:
        return
    strangers = Strangers()
    make = cast("type[Any]", States)  # depending on its cache, mypy takes Reflex's overloads for abstract methods
    states: States = make(**{part.name: getattr(own, part.name) for part in dataclasses.fields(own) if part.init})
    states.strangers = strangers
    app._state_manager = states
    app._event_namespace = Sockets(str(app._event_namespace.namespace), app, strangers)
    app.sio.register_namespace(app._event_namespace)
