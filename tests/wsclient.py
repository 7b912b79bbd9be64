"""What a browser (or an attacker) says to the websocket, scripted: connect, load a page, call any handler."""

import asyncio
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Self

import aiohttp
import reflex as rx
import socketio

_NAMESPACE = "/_event"
_ROOT = "reflex___state____state"
_VAR_SUFFIX = "_rx_state_"


class Tab:
    """One tab. `state` is what the server sent so far: state's full name → var → value; `events` what it ordered."""

    def __init__(self, url: str, cookie: str = "", token: str = "", headers: Mapping[str, str] | None = None) -> None:
        self.token = token or str(uuid.uuid4())
        self.state: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self._url = url
        self._headers = {**({"Cookie": f"beacon_session={cookie}"} if cookie else {}), **(headers or {})}
        self._path = "/"
        self._parts: dict[str, str] = {}
        self._heard = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession()  # the client's own stays open where the server refuses the connection
        self._socket = socketio.AsyncClient(reconnection=False, json=json, http_session=self._http)
        self._socket.on("event", self._on_event, namespace=_NAMESPACE)
        self._socket.on("new_token", self._on_token, namespace=_NAMESPACE)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._socket.disconnect()
        await self._http.close()
        await asyncio.sleep(0)  # its transports are closed in the loop's next turn

    async def open(self, path: str = "/", *, load: bool = True, **parts: str) -> None:
        """Connect as the page at `path`, whose dynamic `parts` the browser names; with `load` ask for what it loads."""
        self._path, self._parts = path, parts
        first = {"name": f"{_ROOT}.hydrate_and_load", "payload": {}, "router_data": self._router_data()}
        await self._socket.connect(
            f"{self._url}/?token={self.token}",
            transports=["websocket"],
            socketio_path=_NAMESPACE,
            namespaces=[_NAMESPACE],
            headers=self._headers,
            auth={"event": first} if load else None,
            wait_timeout=20,
        )

    async def call(self, handler: str, **payload: Any) -> None:
        """Send an event by its full name."""
        event = {"name": handler, "payload": payload, "router_data": self._router_data()}
        await self._socket.emit("event", event, namespace=_NAMESPACE)

    async def until(self, reached: Callable[["Tab"], object], seconds: float = 60) -> None:
        """Return when the server has said enough."""
        try:
            async with self._heard:
                await asyncio.wait_for(self._heard.wait_for(lambda: bool(reached(self))), seconds)
        except TimeoutError:
            raise AssertionError(f"not reached; events {self.events}; state {self.state}") from None

    def value(self, state: type[rx.State], name: str) -> Any:
        """A var as the browser has it; None when it was never sent."""
        return self.state.get(state.get_full_name(), {}).get(name + _VAR_SUFFIX)

    def ordered(self, name: str) -> list[dict[str, Any]]:
        """Events of a kind that the server told the browser to run, e.g. `_redirect`."""
        return [event for event in self.events if event["name"] == name]

    def said(self, text: str) -> bool:
        """Whether the server ever sent this text, anywhere."""
        return text in repr(self.state) or text in repr(self.events)

    def _router_data(self) -> dict[str, Any]:
        path, _, query = self._path.partition("?")
        pairs = (part.partition("=") for part in query.split("&") if part)
        return {
            "pathname": path,
            "asPath": self._path,
            "query": {**self._parts, **{key: value for key, _, value in pairs}},
        }

    async def _on_token(self, token: str) -> None:
        self.token = token

    async def _on_event(self, update: dict[str, Any]) -> None:
        for state, values in (update.get("delta") or {}).items():
            self.state.setdefault(state, {}).update(values)
        self.events += update.get("events") or []
        async with self._heard:
            self._heard.notify_all()


def handler(state: type[rx.State], name: str) -> str:
    """The full name of an event handler."""
    return f"{state.get_full_name()}.{name}"
