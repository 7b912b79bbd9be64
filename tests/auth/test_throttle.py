"""Guessing is slow, by account and network; nobody can lock out others; answers do not reveal addresses."""

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from campaign_app.auth import known_devices, throttle
from campaign_app.auth.errors import SignInThrottled, WrongCredentials
from campaign_app.core import db, redis
from campaign_app.core.config import settings
from campaign_app.core.errors import Unavailable
from tests.auth.conftest import PASSWORD, add, enter

pytestmark = pytest.mark.usefixtures("redis_url", "sqlite_database")
START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


async def fail(email: str = "ines@example.com", ip: str = "203.0.113.9", marks: str = "") -> None:
    with pytest.raises(WrongCredentials):
        await enter(email, "wrong password", ip, marks)


async def refused(email: str = "ines@example.com", ip: str = "203.0.113.9", marks: str = "") -> float:
    with pytest.raises(SignInThrottled) as caught:
        await enter(email, PASSWORD, ip, marks)
    return caught.value.retry_after


async def test_delays_grow_and_have_a_longest() -> None:
    await add("ines@example.com")
    with time_machine.travel(START, tick=False) as clock:
        for _ in range(5):
            await fail()
        waits = []
        for _ in range(11):
            waits.append(await refused())
            assert await refused() == waits[-1]  # refused attempts do not make the wait longer
            clock.shift(waits[-1])
            await fail()
        assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
        clock.shift(900)
        assert (await enter("ines@example.com")).token


async def test_the_message_says_when() -> None:
    with time_machine.travel(START, tick=False):
        for _ in range(5):
            await fail()
        with pytest.raises(SignInThrottled, match="Try again in 2 s"):
            await enter("ines@example.com")
    assert throttle.in_words(900) == "15 min"


async def test_nobody_is_kept_out_by_the_attempts_of_others() -> None:
    user = await add("ines@example.com")
    marks = known_devices.add("", user.id or 0)
    with time_machine.travel(START, tick=False):
        for _ in range(5):
            await fail()
        await refused()
        assert (await enter("ines@example.com", ip="198.51.100.7")).token  # another network
        assert (await enter("ines@example.com", marks=marks)).token  # the same network, a known browser
        await refused()  # the unknown browser beside it must still wait


@pytest.mark.parametrize("kind", ["another account", "too old", "forged", "many"])
async def test_marks_that_are_none(kind: str) -> None:
    user = await add("ines@example.com")
    with time_machine.travel(START - timedelta(days=366), tick=False):
        old = known_devices.add("", user.id or 0)
    marks = {
        "another account": known_devices.add("", 99),
        "too old": old,
        "forged": "A" + known_devices.add("", user.id or 0)[1:] + "=",
        "many": "x." * 5_000 + known_devices.add("", user.id or 0),
    }[kind]
    with time_machine.travel(START, tick=False):
        for _ in range(5):
            await fail(marks=marks)
        await refused(marks=marks)


async def test_a_known_browser_cannot_guess_for_ever_nor_by_writing_its_mark_in_other_ways() -> None:
    user = await add("ines@example.com")
    with time_machine.travel(START, tick=False) as clock:
        marks = known_devices.add("", user.id or 0)
        for number in range(10):
            await fail(marks=marks + "=" * number)
        await refused(marks=marks + "!")
        clock.shift(60)
        assert (await enter("ines@example.com", marks=marks)).token


async def test_the_right_password_clears_the_account() -> None:
    await add("ines@example.com")
    for _ in range(3):
        for _ in range(4):
            await fail(ip="")
        await enter("ines@example.com", ip="")


async def test_one_network_cannot_try_many_accounts() -> None:
    with time_machine.travel(START, tick=False):
        for number in range(20):
            await throttle.count(throttle.stranger(f"a{number}@example.com", f"2001:db8:1:2::{number:x}"))
        with pytest.raises(SignInThrottled):
            await throttle.count(throttle.stranger("new@example.com", "2001:db8:1:2::ffff"))
        await throttle.count(throttle.stranger("new@example.com", "2001:db8:1:3::1"))


async def test_people_of_one_office_do_not_use_up_its_network() -> None:
    await add("ines@example.com")
    for _ in range(25):
        await enter("ines@example.com")


async def test_attempts_at_once_are_all_counted() -> None:
    tries = [throttle.count(throttle.stranger("ines@example.com", "")) for _ in range(12)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, SignInThrottled) for result in results) == 7


async def test_unknown_address_takes_as_long_as_a_wrong_password() -> None:
    await add("ines@example.com")

    async def seconds(email: str) -> float:
        await redis.client().flushdb()
        start = time.perf_counter()
        await fail(email)
        return time.perf_counter() - start

    await seconds("warm@example.com")
    known = statistics.median([await seconds("ines@example.com") for _ in range(5)])
    unknown = statistics.median([await seconds("nobody@example.com") for _ in range(5)])
    assert 0.4 < unknown / known < 2.5  # without the hash for unknown addresses it would be a twentieth


async def test_without_redis_nobody_gets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    await add("ines@example.com")
    await redis.dispose()
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    settings.cache_clear()
    with pytest.raises(Unavailable):
        async with db.reading() as session:
            from campaign_app.auth import service

            await service.check_credentials(session, "ines@example.com", PASSWORD, "203.0.113.9")
    await redis.dispose()


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("203.0.113.9", "203.0.113.0/24"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_network_of_an_address(ip: str, network: str) -> None:
    assert throttle.network_of(ip) == network
