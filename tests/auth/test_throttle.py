"""Guessing is slow: per address and per network, sliding, with the time to wait; nothing tells addresses apart."""

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from campaign_app.auth import throttle
from campaign_app.auth.errors import SignInThrottled, WrongCredentials
from campaign_app.core import db, redis
from campaign_app.core.config import settings
from campaign_app.core.errors import Unavailable
from tests.auth.conftest import PASSWORD, add, enter

pytestmark = pytest.mark.usefixtures("redis_url", "sqlite_database")
START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


async def fail(email: str = "ines@example.com", ip: str = "203.0.113.9") -> None:
    with pytest.raises(WrongCredentials):
        await enter(email, "wrong password", ip)


async def test_window_slides_and_the_message_says_when() -> None:
    await add("ines@example.com")
    with time_machine.travel(START, tick=False) as clock:
        for number in range(throttle.PER_ADDRESS):
            clock.move_to(START + timedelta(minutes=number))
            await fail()
        with pytest.raises(SignInThrottled) as caught:
            await enter("ines@example.com")
        assert caught.value.retry_after == (15 - throttle.PER_ADDRESS + 1) * 60
        assert "Try again in 8 min" in caught.value.message
        clock.move_to(START + timedelta(minutes=15, seconds=1))
        assert (await enter("ines@example.com")).token


async def test_refused_attempts_do_not_make_the_wait_longer() -> None:
    with time_machine.travel(START, tick=False) as clock:
        for _ in range(throttle.PER_ADDRESS):
            await fail()
        clock.move_to(START + timedelta(minutes=14))
        for _ in range(5):
            with pytest.raises(SignInThrottled):
                await enter("ines@example.com")
        clock.move_to(START + timedelta(minutes=15, seconds=1))
        await fail()


async def test_the_right_password_forgives_the_address() -> None:
    await add("ines@example.com")
    for _ in range(3):
        for _ in range(throttle.PER_ADDRESS - 1):
            await fail(ip="")
        await enter("ines@example.com", ip="")


async def test_one_network_cannot_try_many_addresses() -> None:
    for number in range(throttle.PER_NETWORK):
        await throttle.count_attempt(f"a{number}@example.com", f"2001:db8:1:2::{number:x}")
    with pytest.raises(SignInThrottled):
        await throttle.count_attempt("new@example.com", "2001:db8:1:2::ffff")
    await throttle.count_attempt("new@example.com", "2001:db8:1:3::1")


async def test_attempts_at_once_are_all_counted() -> None:
    tries = [throttle.count_attempt("ines@example.com", "") for _ in range(throttle.PER_ADDRESS * 2)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, SignInThrottled) for result in results) == throttle.PER_ADDRESS


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
    assert 0.4 < unknown / known < 2.5  # without the stand-in hash it would be a twentieth


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
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_network_of_an_address(ip: str, network: str) -> None:
    assert throttle.network_of(ip) == network
