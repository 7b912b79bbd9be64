"""Progress from Redis to the tabs that watch it: one subscriber per process, the latest value, at most 5 a second."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final

import reflex as rx
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from campaign_app.core import redis

CHANNEL: Final = "progress:"
SNAPSHOT: Final = "progress:last:"
PUSH_EVERY_SECONDS: Final = 0.2
_RETRY_SECONDS: Final = (0.2, 0.5, 1.0, 2.0)

logger = logging.getLogger(__name__)

Payload = dict[str, Any]
Deliver = Callable[[str, type[rx.State], dict[str, Payload]], Awaitable[None]]
Connected = Callable[[str], Awaitable[bool]]


class Hub:
    """Which tab of this process watches which topic. `deliver` sends a batch to a tab, `connected`: is it there."""

    def __init__(self, deliver: Deliver, connected: Connected, every: float = PUSH_EVERY_SECONDS) -> None:
        self._deliver, self._connected, self._every = deliver, connected, every
        self._topics: dict[str, dict[str, type[rx.State]]] = {}
        self._waiting: dict[str, dict[str, Payload]] = {}
        self._pushers: dict[str, asyncio.Task[None]] = {}
        self.subscribed = asyncio.Event()

    @property
    def tokens(self) -> frozenset[str]:
        """The tabs that watch a topic."""
        return frozenset(token for watchers in self._topics.values() for token in watchers)

    async def connects(self, token: str) -> bool:
        """Whether a tab is still connected here."""
        return await self._connected(token)

    def watch(self, token: str, topic: str, state: type[rx.State]) -> None:
        """From now on `state._on_progress` of this tab gets what is published about `topic`."""
        self._topics.setdefault(topic, {})[token] = state

    def unwatch(self, token: str) -> None:
        """The tab opened another page or closed."""
        self._waiting.pop(token, None)
        for topic in [topic for topic, watchers in self._topics.items() if token in watchers]:
            del self._topics[topic][token]
            if not self._topics[topic]:
                del self._topics[topic]

    def offer(self, topic: str, payload: Payload) -> None:
        """A value was published. Only the newest per tab and topic is kept until the tab's next update."""
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
            if message["type"] == "psubscribe":  # arrives again when redis-py has silently reconnected
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
        """Stops the running deliveries."""
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
    """The last progress of `topic` ("campaign:7"); None when nothing was published or it has expired."""
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
    """Like `watch`, in addition to what the tab already watches (dashboard: several campaigns)."""
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


async def run(deliver: Deliver, connected: Connected) -> None:
    """The hub of this process, until cancelled."""
    global _hub
    _hub = hub = Hub(deliver, connected)
    try:
        await hub.run()
    finally:
        _hub = None
        await hub.close()


def drop(token: str) -> None:
    """Stop all updates to a tab."""
    if _hub is not None:
        _hub.unwatch(token)
