"""The rules for sockets without a session: rates, numbers, lengths. Time is ours."""

import asyncio

import pytest

from campaign_app.api import strangers
from campaign_app.api.strangers import Bucket, Door, Speech


class Clock:
    """Time that passes when somebody sleeps or the test says so."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(strangers, "monotonic", made)
    monkeypatch.setattr(asyncio, "sleep", made.sleep)
    return made


def test_a_bucket_gives_some_at_once_and_then_a_rate(clock: Clock) -> None:
    bucket = Bucket(5, 2.0)
    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]
    clock.now += 1.0
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    clock.now += 1_000
    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]


async def test_who_talks_fast_is_slowed_down_and_who_talks_for_ever_is_cut_off(clock: Clock) -> None:
    speech = Speech()
    began = clock.now
    for _ in range(strangers.EVENTS_AT_ONCE):
        assert await speech.hear()
    assert clock.now == began
    for _ in range(strangers.EVENTS - strangers.EVENTS_AT_ONCE):
        assert await speech.hear()
    took = clock.now - began
    assert took == pytest.approx((strangers.EVENTS - strangers.EVENTS_AT_ONCE) / strangers.EVENTS_PER_S)
    assert not await speech.hear()


def test_new_sockets_are_limited_by_network(clock: Clock) -> None:
    door = Door()
    assert [door.refuses("192.0.2.1") for _ in range(strangers.SOCKETS_AT_ONCE)] == [""] * strangers.SOCKETS_AT_ONCE
    assert "too many new sockets" in door.refuses("192.0.2.1")
    assert door.refuses("192.0.2.2") == ""
    clock.now += 1.0
    assert door.refuses("192.0.2.1") == ""


def test_the_addresses_of_one_ipv6_customer_share_their_limit(clock: Clock) -> None:
    door = Door()
    for number in range(strangers.SOCKETS_AT_ONCE):
        assert door.refuses(f"2001:db8:1:2::{number:x}") == ""
    assert door.refuses("2001:db8:1:2:ffff::1")
    assert door.refuses("2001:db8:1:3::1") == ""


def test_open_sockets_are_limited_by_network_and_in_all(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "OPEN_PER_NETWORK", 2)
    monkeypatch.setattr(strangers, "OPEN", 3)
    door = Door()
    with door.inside("192.0.2.1"), door.inside("192.0.2.1"):
        assert "from this network" in door.refuses("192.0.2.1")
        assert door.refuses("192.0.2.2") == ""
        with door.inside("192.0.2.2"):
            assert door.refuses("192.0.2.3") == "too many sockets without a session"
    assert door.refuses("192.0.2.1") == ""


def test_only_the_last_networks_are_remembered(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "_NETWORKS_KNOWN", 10)
    door = Door()
    for number in range(100):
        door.refuses(f"198.51.100.{number}")
    assert len(door._new) == 10


def test_only_headers_that_somebody_reads_reach_the_states() -> None:
    headers = [(b"Host", b"a"), (b"X-Long", b"x" * 9_000), (b"user-agent", b"u" * 9_000), (b"Cookie", b"c")]
    assert strangers.needed(headers) == [(b"Host", b"a"), (b"user-agent", b"u" * 300), (b"Cookie", b"c")]


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ("3", True),
        ("40/_event,", True),
        ('40/_event,{"event":{}}', True),
        ('42/_event,["event",{"name":"x"}]', True),
        ('42/_event,17["ping"]', True),
        ("41/_event,", True),
        ("", False),
        (None, False),
        ("hello", False),
        ("42{", False),
        ("42/other,[]", False),
        ("451-/_event,[]", False),
        ("42/_event," + "[" * 15_000, False),
    ],
)
def test_frames(text: str | None, packet: bool) -> None:
    assert strangers.is_packet(text) is packet


@pytest.mark.parametrize(
    ("query", "sensible"),
    [
        (b"EIO=4&transport=websocket&token=6f1c2a9e-1b2c-4d5e-8f90-a1b2c3d4e5f6", True),
        (b"", True),
        (b"token=", False),
        (b"token=short", False),
        (b"token=" + b"a" * 65, False),
        (b"token=aaaaaaaa%0Ab", False),
        (b"token=aaaaaaaa*", False),
        (b"token=aaaaaaaa&token=bbbbbbbb", False),
        (b"x=" + b"y" * 600, False),
    ],
)
def test_addresses_of_sockets(query: bytes, sensible: bool) -> None:
    assert strangers.is_sensible(query) is sensible
