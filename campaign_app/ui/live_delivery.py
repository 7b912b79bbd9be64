"""Delivers progress to a tab, only while its session is valid, and only over that session's socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, Final

import reflex as rx

from campaign_app.auth.cookies import session_digest
from campaign_app.auth.current import current_actor
from campaign_app.auth.errors import FactorRequired
from campaign_app.ui import live
from campaign_app.ui.app_state import AppState

_ADMITTED_SECONDS: Final = 10.0
_ADMITTED_TABS: Final = 1_000


class Admission:
    """Whether the session of a tab is still valid. Pushes do not pass AuthGate, so this is checked here every 10 s."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, float]] = {}

    async def holds(self, token: str, session: str) -> bool:
        """Queries the database only when the last answer is old or the tab has another session (a digest)."""
        known, until = self._known.get(token, ("", 0.0))
        if known == session and monotonic() < until:
            return True
        try:
            admitted = await current_actor(session, in_use=False) is not None
        except FactorRequired:
            admitted = False
        if not admitted:
            self._known.pop(token, None)
            return False
        self._known[token] = session, monotonic() + _ADMITTED_SECONDS
        if len(self._known) > _ADMITTED_TABS:
            self._known = {tab: entry for tab, entry in self._known.items() if entry[1] > monotonic()}
        return True


def session_of_socket(app: rx.App, token: str) -> str:
    """The digest of the session of the tab's current socket, "" without one."""
    if app.event_namespace is None or app.sio is None:
        return ""
    record = app.event_namespace._token_manager.token_to_socket.get(token)
    environ = app.sio.get_environ(record.sid, app.event_namespace.namespace) if record else None
    return session_digest((environ or {}).get("HTTP_COOKIE", ""))


def lifespan(app: rx.App) -> Callable[[], Any]:
    """A task of the web process: creates the hub and ends it with the process."""

    admission = Admission()

    async def deliver(token: str, state: type[rx.State], payloads: dict[str, live.Payload]) -> None:
        async with app.modify_state(rx.BaseStateToken(ident=token, cls=state)) as tree:
            session = session_of_socket(app, token)
            bound = (await tree.get_state(AppState))._bound
            # Anybody who knows a client token can connect with it: the socket's own session must be the state's.
            if bound != session or not await admission.holds(token, session):
                live.drop(token)
                return
            page: Any = await tree.get_state(state)
            for topic, payload in payloads.items():
                await page._on_progress(topic, payload)

    async def connected(token: str) -> bool:
        if app.event_namespace is None:
            return False
        sockets = app.event_namespace._token_manager
        record = sockets.token_to_socket.get(token)
        # A tab whose socket moved to another web process gets its updates there.
        return record is not None and record.instance_id == sockets.instance_id

    @asynccontextmanager
    async def live_progress() -> AsyncIterator[None]:
        task = asyncio.create_task(live.run(deliver, connected))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return live_progress
