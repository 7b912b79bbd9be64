"""The attempt counters of sign-in, tested alone: who shares one, how many attempts are free, how long others wait."""

from datetime import UTC, datetime

import pytest
import time_machine

from campaign_app.auth import throttle
from campaign_app.auth.errors import SignInThrottled
from campaign_app.auth.throttle import AttemptCounter
from campaign_app.core import redis
from campaign_app.core.config import settings
from campaign_app.core.errors import Unavailable

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ONE = [AttemptCounter("one", 2, 5)]
MANY = [AttemptCounter("one", 2, 5), AttemptCounter("office", 3, 900, shared=True)]


async def waits(counters: list[AttemptCounter]) -> float:
    with pytest.raises(SignInThrottled) as caught:
        await throttle.count(counters)
    return caught.value.retry_after


async def counted(key: str) -> str | None:
    found: str | bytes | None = await redis.client().hget(key, "count")
    return found.decode() if isinstance(found, bytes) else found


@pytest.mark.usefixtures("redis_url")
async def test_free_attempts_then_a_wait_that_doubles_to_the_longest() -> None:
    with time_machine.travel(START, tick=False) as clock:
        found = []
        for _ in range(2):
            await throttle.count(ONE)
        for _ in range(4):
            found.append(await waits(ONE))
            clock.shift(found[-1] - 1)
            assert await waits(ONE) == 1, "a second too early"
            clock.shift(1)
            await throttle.count(ONE)
    assert found == [2, 4, 5, 5]


@pytest.mark.usefixtures("redis_url")
async def test_a_refused_attempt_is_counted_nowhere() -> None:
    with time_machine.travel(START, tick=False):
        for _ in range(2):
            await throttle.count(MANY)
        await waits(MANY)
    assert (await counted("one"), await counted("office")) == ("2", "2")


@pytest.mark.usefixtures("redis_url")
async def test_the_right_answer_clears_a_counter_and_takes_itself_back_from_a_shared_one() -> None:
    for _ in range(2):
        await throttle.count(MANY)
    await throttle.forgive(MANY)
    assert (await counted("one"), await counted("office")) == (None, "1")


@pytest.mark.usefixtures("redis_url")
async def test_a_counter_is_forgotten_after_an_hour() -> None:
    await throttle.count(ONE)
    assert 3_590 <= await redis.client().ttl("one") <= 3_600


@pytest.mark.usefixtures("redis_url")
async def test_a_refusal_says_what_happened_and_when_to_come_back() -> None:
    with time_machine.travel(START, tick=False):
        for _ in range(2):
            await throttle.count(ONE)
        with pytest.raises(SignInThrottled) as caught:
            await throttle.count(ONE)
    error = caught.value
    assert (error.title, error.message) == (
        "Too many attempts",
        "There were too many attempts. Try again in 2 s.",
    )


@pytest.mark.usefixtures("var_dir")
async def test_without_redis_nobody_is_counted_nobody_gets_in_and_forgiving_is_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    settings.cache_clear()
    with pytest.raises(Unavailable) as caught:
        await throttle.count(ONE)
    await throttle.forgive(ONE)
    await redis.dispose()
    error = caught.value
    assert (error.title, error.message, error.hint) == (
        "Signing in does not work right now",
        "Nobody can sign in right now, because Redis does not answer. Try again in a minute.",
        "An administrator can look with: campaign doctor",
    )


def limits(counters: list[AttemptCounter]) -> list[tuple[int, int, bool]]:
    return [(counter.free, counter.longest_s, counter.shared) for counter in counters]


@pytest.mark.usefixtures("var_dir")
def test_a_stranger_is_counted_by_account_and_network_and_by_network() -> None:
    counters = throttle.stranger("ines@example.com", "203.0.113.9")
    assert limits(counters) == [(5, 900, False), (20, 300, True)]
    account, network = (counter.key for counter in counters)
    assert account.startswith("sign-in:account:")
    assert account.endswith(":203.0.113.0/24")
    assert "ines" not in account
    assert network == "sign-in:network:203.0.113.0/24"
    other = throttle.stranger("tom@example.com", "203.0.113.200")
    assert [counter.key == seen.key for counter, seen in zip(other, counters, strict=True)] == [False, True]


@pytest.mark.usefixtures("var_dir")
def test_a_device_and_a_person_have_counters_of_their_own() -> None:
    (device,) = throttle.known_device("a mark")
    assert limits([device]) == [(10, 60, False)]
    assert device.key.startswith("sign-in:device:")
    assert "a mark" not in device.key
    assert throttle.known_device("another")[0].key != device.key
    assert throttle.own_password(7) == [AttemptCounter("sign-in:again:7", 5, 900)]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (1, "1 s"), (8, "8 s"), (89, "89 s"), (90, "2 min"), (180, "3 min"), (900, "15 min")],
)
def test_how_long_to_wait_in_words(seconds: float, words: str) -> None:
    assert throttle.in_words(seconds) == words


def test_an_address_of_version_four_written_as_version_six_is_the_same_network() -> None:
    assert throttle.network_of("::ffff:203.0.113.9") == throttle.network_of("203.0.113.77") == "203.0.113.0/24"
    assert throttle.network_of("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert throttle.network_of("no address") == "unknown"
