"""Progress over a real Redis: the latest value wins, closed tabs are dropped, a lost Redis is caught up with."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import reflex as rx

from campaign_app.core import redis
from campaign_app.ui import live
from campaign_app.ui.live import Hub

Payload = dict[str, Any]


class Page(rx.State):
    seen: list[int] = []


class Tabs:
    """Stands for the browsers: what each tab got, which are open, how long a delivery takes."""

    def __init__(self) -> None:
        self.got: dict[str, list[Payload]] = {}
        self.closed: set[str] = set()
        self.changed = asyncio.Condition()
        self.gates: dict[str, asyncio.Event] = {}

    async def deliver(self, token: str, state: type[rx.State], payloads: dict[str, Payload]) -> None:
        assert state is Page
        if token in self.gates:
            await self.gates[token].wait()
        async with self.changed:
            self.got.setdefault(token, []).extend(payloads.values())
            self.changed.notify_all()

    async def connected(self, token: str) -> bool:
        return token not in self.closed

    async def until(self, token: str, value: int) -> list[int]:
        def arrived() -> bool:
            return any(payload["n"] == value for payload in self.got.get(token, []))

        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(arrived), 10)
        return [payload["n"] for payload in self.got[token]]


@pytest.fixture
def tabs() -> Tabs:
    return Tabs()


@pytest.fixture
async def hub(redis_url: str, tabs: Tabs) -> AsyncIterator[Hub]:
    hub = Hub(tabs.deliver, tabs.connected, every=0.01)
    task = asyncio.create_task(hub.run())
    await asyncio.wait_for(hub.subscribed.wait(), 10)
    yield hub
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await hub.close()


async def _publish(topic: str, n: int) -> None:
    await redis.client().publish(f"{live.CHANNEL}{topic}", json.dumps({"n": n}))


async def test_what_is_published_reaches_the_tabs_that_watch_it(hub: Hub, tabs: Tabs) -> None:
    hub.watch("one", "campaign:1", Page)
    hub.watch("two", "campaign:2", Page)
    await _publish("campaign:1", 7)
    await _publish("campaign:2", 8)
    assert await tabs.until("one", 7) == [7]
    assert await tabs.until("two", 8) == [8]


async def test_two_tabs_see_the_same(hub: Hub, tabs: Tabs) -> None:
    hub.watch("one", "campaign:1", Page)
    hub.watch("two", "campaign:1", Page)
    await _publish("campaign:1", 7)
    assert await tabs.until("one", 7) == await tabs.until("two", 7)


async def test_only_the_latest_value_waits_for_a_slow_tab(hub: Hub, tabs: Tabs) -> None:
    tabs.gates["slow"] = asyncio.Event()
    hub.watch("slow", "campaign:1", Page)
    hub.watch("fast", "campaign:1", Page)
    for n in range(50):
        await _publish("campaign:1", n)
    await tabs.until("fast", 49)
    tabs.gates["slow"].set()
    assert await tabs.until("slow", 49) == [0, 49]


async def test_a_tab_gets_at_most_one_batch_per_turn(redis_url: str, tabs: Tabs) -> None:
    hub = Hub(tabs.deliver, tabs.connected, every=3600)
    hub.watch("one", "campaign:1", Page)
    for n in range(5):
        hub.offer("campaign:1", {"n": n})
    assert await tabs.until("one", 4) == [4]
    hub.offer("campaign:1", {"n": 5})
    await asyncio.sleep(0)
    assert [payload["n"] for payload in tabs.got["one"]] == [4]
    await hub.close()


async def test_a_closed_tab_leaves_nothing_behind(hub: Hub, tabs: Tabs) -> None:
    hub.watch("gone", "campaign:1", Page)
    hub.watch("here", "campaign:1", Page)
    tabs.closed.add("gone")
    await _publish("campaign:1", 1)
    await tabs.until("here", 1)
    await asyncio.gather(*hub._pushers.values())
    assert hub.tokens == {"here"}
    assert "gone" not in tabs.got


async def test_unwatch_stops_everything_of_a_tab(hub: Hub, tabs: Tabs) -> None:
    hub.watch("one", "campaign:1", Page)
    hub.watch("one", "import:4", Page)
    hub.unwatch("one")
    assert hub.tokens == frozenset()
    assert hub._topics == {}


@pytest.mark.logs("progress could not be shown in a tab")
async def test_a_failing_page_does_not_stop_the_others(
    hub: Hub, tabs: Tabs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def deliver(token: str, state: type[rx.State], payloads: dict[str, Payload]) -> None:
        if token == "broken":
            raise KeyError("row")
        await tabs.deliver(token, state, payloads)

    monkeypatch.setattr(hub, "_deliver", deliver)
    hub.watch("broken", "campaign:1", Page)
    hub.watch("one", "campaign:1", Page)
    await _publish("campaign:1", 1)
    await _publish("campaign:1", 2)
    await tabs.until("one", 2)
    assert "progress could not be shown in a tab" in caplog.text


@pytest.mark.parametrize("message", ["{", "[1]", "\xff"])
async def test_nonsense_is_left_out(hub: Hub, tabs: Tabs, message: str) -> None:
    hub.watch("one", "campaign:1", Page)
    await redis.client().publish("progress:campaign:1", message)
    await _publish("campaign:1", 3)
    assert await tabs.until("one", 3) == [3]


async def test_a_lost_connection_is_made_again_and_caught_up(hub: Hub, tabs: Tabs) -> None:
    hub.watch("one", "campaign:1", Page)
    await redis.client().set(f"{live.SNAPSHOT}campaign:1", json.dumps({"n": 99}))
    hub.subscribed.clear()
    await redis.client().execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    assert await tabs.until("one", 99) == [99]
    await asyncio.wait_for(hub.subscribed.wait(), 10)
    await _publish("campaign:1", 100)
    assert await tabs.until("one", 100) == [99, 100]


async def test_snapshot_is_read_on_arrival(redis_url: str) -> None:
    assert await live.snapshot("campaign:5") is None
    await redis.client().set(f"{live.SNAPSHOT}campaign:5", json.dumps({"n": 1}))
    assert await live.snapshot("campaign:5") == {"n": 1}
