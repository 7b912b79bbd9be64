"""Progress from Redis to the tabs that watch it: one subscriber per process, the latest value, at most 5 a second."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from time import monotonic
from typing import Any, Final

import reflex as rx
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from campaign_app.auth.cookies import session_digest
from campaign_app.auth.current import current_actor
from campaign_app.auth.errors import FactorRequired
from campaign_app.core import redis
from campaign_app.ui.app_state import AppState

CHANNEL: Final = "progress:"
SNAPSHOT: Final = "progress:last:"
PUSH_EVERY_SECONDS: Final = 0.2
_ADMITTED_SECONDS: Final = 10.0
_ADMITTED_TABS: Final = 1_000
_RETRY_SECONDS: Final = (0.2, 0.5, 1.0, 2.0)

logger = logging.getLogger(__name__)

Payload = dict[str, Any]
Deliver = Callable[[str, type[rx.State], dict[str, Payload]], Awaitable[None]]
Connected = Callable[[str], Awaitable[bool]]


class Hub:
    """Who watches what in this process. `deliver` brings a batch to a tab, `connected` says whether it still exists."""

    def __init__(self, deliver: Deliver, connected: Connected, every: float = PUSH_EVERY_SECONDS) -> None:
        self._deliver, self._connected, self._every = deliver, connected, every
        self._topics: dict[str, dict[str, type[rx.State]]] = {}
        self._waiting: dict[str, dict[str, Payload]] = {}
        self._pushers: dict[str, asyncio.Task[None]] = {}
        self.subscribed = asyncio.Event()

    @property
    def tokens(self) -> frozenset[str]:
        """The tabs that watch something."""
        return frozenset(token for watchers in self._topics.values() for token in watchers)

    async def connects(self, token: str) -> bool:
        """Whether a tab still exists here."""
        return await self._connected(token)

    def watch(self, token: str, topic: str, state: type[rx.State]) -> None:
        """From now on `state._on_progress` of this tab gets what is published about `topic`."""
        self._topics.setdefault(topic, {})[token] = state

    def unwatch(self, token: str) -> None:
        """The tab went elsewhere or closed."""
        self._waiting.pop(token, None)
        for topic in [topic for topic, watchers in self._topics.items() if token in watchers]:
            del self._topics[topic][token]
            if not self._topics[topic]:
                del self._topics[topic]

    def offer(self, topic: str, payload: Payload) -> None:
        """A value was published: only the newest per tab and topic is kept until the tab's next turn."""
        for token in self._topics.get(topic, ()):
            self._waiting.setdefault(token, {})[topic] = payload
            if token not in self._pushers:
                task = asyncio.create_task(self._push(token))
                self._pushers[token] = task
                task.add_done_callback(partial(self._forget, token))

    def _forget(self, token: str, _task: asyncio.Task[None]) -> None:
        self._pushers.pop(token, None)

    async def _push(self, token: str) -> None:
        while batch := self._waiting.pop(token, {}):
            if not await self._connected(token):
                self.unwatch(token)
                return
            await self._push_batch(token, batch)
            await asyncio.sleep(self._every)

    async def _push_batch(self, token: str, batch: dict[str, Payload]) -> None:
        by_state: dict[type[rx.State], dict[str, Payload]] = {}
        for topic, payload in batch.items():
            if state := self._topics.get(topic, {}).get(token):
                by_state.setdefault(state, {})[topic] = payload
        for state, payloads in by_state.items():
            try:
                await self._deliver(token, state, payloads)
            except Exception:
                logger.exception("progress could not be shown in a tab")

    async def run(self) -> None:
        """Listens until cancelled; after a lost Redis it subscribes again and catches up from the snapshots."""
        failures = 0
        while True:
            try:
                async with redis.client().pubsub() as channel:
                    await channel.psubscribe(f"{CHANNEL}*")
                    failures = 0
                    await self._listen(channel)
            except (RedisError, OSError) as error:
                self.subscribed.clear()
                delay = _RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)]
                failures += 1
                logger.warning("progress channel lost (%s), trying again in %s s", type(error).__name__, delay)
                await asyncio.sleep(delay)

    async def _listen(self, channel: PubSub) -> None:
        async for message in channel.listen():
            if message["type"] == "psubscribe":  # comes again when redis-py has silently reconnected
                await self._catch_up()
                self.subscribed.set()
            elif message["type"] == "pmessage":
                topic = _text(message["channel"]).removeprefix(CHANNEL)
                if topic in self._topics and (payload := _decode(message["data"])) is not None:
                    self.offer(topic, payload)

    async def _catch_up(self) -> None:
        for topic in list(self._topics):
            if (payload := await snapshot(topic)) is not None:
                self.offer(topic, payload)

    async def close(self) -> None:
        """Ends the deliveries under way."""
        for task in list(self._pushers.values()):
            task.cancel()
        await asyncio.gather(*self._pushers.values(), return_exceptions=True)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _decode(data: str | bytes) -> Payload | None:
    with suppress(ValueError):
        value = json.loads(data)
        return value if isinstance(value, dict) else None
    logger.warning("a progress message is not JSON")
    return None


async def snapshot(topic: str) -> Payload | None:
    """The last progress of `topic` ("campaign:7"), None when nothing was published or it has expired."""
    data = await redis.client().get(f"{SNAPSHOT}{topic}")
    return None if data is None else _decode(data)


_hub: Hub | None = None


async def watch(state: Any, topic: str) -> None:
    """Calls `state._on_progress(topic, payload)` with the snapshot now and with news until the tab goes elsewhere.

    Use it as the last line of a page's `on_load`. Without Redis the page still loads, it just does not move.
    """
    if _hub is not None:
        _hub.unwatch(state.router.session.client_token)
        _hub.watch(state.router.session.client_token, topic, _class_of(state))
    try:
        payload = await snapshot(topic)
    except (RedisError, OSError):
        return
    if payload is not None:
        await state._on_progress(topic, payload)


async def watch_more(state: Any, topic: str) -> None:
    """Like `watch`, beside what the tab watches already (dashboard: several campaigns)."""
    if _hub is not None:
        _hub.watch(state.router.session.client_token, topic, _class_of(state))
    with suppress(RedisError, OSError):
        if (payload := await snapshot(topic)) is not None:
            await state._on_progress(topic, payload)


async def unwatch(state: Any) -> None:
    """Stops everything the tab watches."""
    if _hub is not None:
        _hub.unwatch(state.router.session.client_token)


async def is_open(state: Any) -> bool:
    """Whether the tab of this state is still connected to this process."""
    return _hub is None or await _hub.connects(state.router.session.client_token)


def _class_of(state: Any) -> type[rx.State]:
    return type(getattr(state, "__wrapped__", state))


class Admission:
    """Whether the session behind a tab still lives: pushes pass no gate, so they ask here, every 10 s."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, float]] = {}

    async def holds(self, token: str, session: str) -> bool:
        """Asks the database only when the last answer is old or the tab has another session (a digest)."""
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
    """The digest of the session that the tab's present socket came with, "" for none."""
    if app.event_namespace is None or app.sio is None:
        return ""
    record = app.event_namespace._token_manager.token_to_socket.get(token)
    environ = app.sio.get_environ(record.sid, app.event_namespace.namespace) if record else None
    return session_digest((environ or {}).get("HTTP_COOKIE", ""))


def lifespan(app: rx.App) -> Callable[[], Any]:
    """The task that lives as long as the web process: makes the hub and ends it."""

    admission = Admission()

    async def deliver(token: str, state: type[rx.State], payloads: dict[str, Payload]) -> None:
        async with app.modify_state(rx.BaseStateToken(ident=token, cls=state)) as tree:
            session = session_of_socket(app, token)
            bound = (await tree.get_state(AppState))._bound
            # Whoever knows a client token can connect with it and listen: the socket's own session must be the state's.
            if bound != session or not await admission.holds(token, session):
                if _hub is not None:
                    _hub.unwatch(token)
                return
            page: Any = await tree.get_state(state)
            for topic, payload in payloads.items():
                await page._on_progress(topic, payload)

    async def connected(token: str) -> bool:
        if app.event_namespace is None:
            return False
        sockets = app.event_namespace._token_manager
        record = sockets.token_to_socket.get(token)
        # A tab whose socket moved to another web process is watched there.
        return record is not None and record.instance_id == sockets.instance_id

    @asynccontextmanager
    async def live_progress() -> AsyncIterator[None]:
        global _hub
        _hub = hub = Hub(deliver, connected)
        task = asyncio.create_task(hub.run())
        try:
            yield
        finally:
            _hub = None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await hub.close()

    return live_progress
