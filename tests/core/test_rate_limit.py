"""The limiter with real Redis: exact over several workers, all limits together, nothing lost, nothing twice."""

import asyncio
import bisect
import time

import pytest

from campaign_app.core import rate_limit, redis
from campaign_app.core.rate_limit import Answer, Grant, Limiter, Limits

pytestmark = pytest.mark.usefixtures("redis_url")
HORIZON_S = 0.2


async def _worker(limiter: Limiter, limits: Limits, end: float, slots: list[float], pause_s: float) -> None:
    """What a pacer does: asks for a block, uses it, asks again; notes the time of every slot it got."""
    while time.monotonic() < end:
        grant = await limiter.reserve(limits, 1_000, HORIZON_S)
        if grant.answer is Answer.GRANTED:
            slots.extend(grant.clock_s + n * grant.interval_s for n in range(grant.count))
            await asyncio.sleep(pause_s)
        else:
            await asyncio.sleep(min(grant.retry_s, 0.05))


async def _run(limits: Limits, workers: int, seconds: float, pause_s: float = 0.05) -> list[float]:
    slots: list[float] = []
    end = time.monotonic() + seconds
    await asyncio.gather(*(_worker(Limiter(), limits, end, slots, pause_s) for _ in range(workers)))
    return sorted(slots)


def _worst_second(slots: list[float]) -> int:
    return max(bisect.bisect_left(slots, at + 1.0) - index for index, at in enumerate(slots))


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("per_second", [14, 100, 1_000, 5_000])
async def test_a_rate_is_exact_over_all_workers(per_second: int, workers: int) -> None:
    slots = await _run(Limits(1, 1, per_minute=per_second * 60), workers, 2.0)
    span = slots[-1] - slots[0]
    assert 0.9 * per_second <= (len(slots) - 1) / span <= 1.01 * per_second + 1  # below: this test was held up
    assert _worst_second(slots) <= max(1.01 * per_second, per_second + 1)


@pytest.mark.parametrize("workers", [1, 3])
async def test_campaigns_share_their_account_exactly(workers: int) -> None:
    limits = [Limits(n, 9, per_minute=60 * rate, account_per_minute=60 * 200) for n, rate in ((1, 50), (2, 150))]
    found = await asyncio.gather(*(_run(one, workers, 2.0, pause_s=0.01) for one in limits))
    slow, fast = found
    together = sorted([*slow, *fast])
    span = together[-1] - together[0]
    assert 0.85 * 200 <= len(together) / span <= 1.01 * 200
    assert _worst_second(together) <= 1.01 * 200 + 1
    assert 0.4 * 50 <= len(slow) / span <= 1.01 * 50 + 1


async def test_slots_of_a_slow_campaign_lie_ahead() -> None:
    limiter, limits = Limiter(), Limits(1, 1, per_minute=20)
    first = await limiter.reserve(limits, 10, 1.0)
    assert (first.answer, first.count) == (Answer.GRANTED, 1)
    later = await limiter.reserve(limits, 10, 1.0)
    assert later.answer is Answer.LATER
    assert later.retry_s == pytest.approx(2.0, abs=0.1)
    ahead = await limiter.reserve(limits, 10, 3.0)
    assert ahead.count == 1
    assert ahead.clock_s - first.clock_s == pytest.approx(3.0, abs=0.001)
    assert ahead.at - time.monotonic() == pytest.approx(3.0, abs=0.2)


async def test_no_limit_is_one_answer() -> None:
    assert await Limiter().reserve(Limits(1, 1), 77, HORIZON_S) == Grant(Answer.GRANTED, 77)


async def test_a_closed_gate_stops_everything() -> None:
    limiter, limits = Limiter(), Limits(1, 1, per_minute=6_000)
    listener = redis.client().pubsub()
    await listener.subscribe(rate_limit.CONTROL)
    await rate_limit.close_gate(1)
    assert (await limiter.reserve(limits, 5, HORIZON_S)).answer is Answer.CLOSED
    assert (await limiter.reserve(Limits(2, 1), 5, HORIZON_S)).answer is Answer.GRANTED
    await rate_limit.open_gate(1)
    assert (await limiter.reserve(limits, 5, HORIZON_S)).answer is Answer.GRANTED
    heard = [await listener.get_message(timeout=1.0) for _ in range(2)]
    assert any(message and message["data"] == b'{"close": 1}' for message in heard)
    await listener.aclose()


async def test_batches_wait_in_between() -> None:
    limiter, limits = Limiter(), Limits(1, 1, batch_size=3, batch_delay_ms=400)
    assert (await limiter.reserve(limits, 2, HORIZON_S)).count == 2
    assert (await limiter.reserve(limits, 9, HORIZON_S)).count == 1
    later = await limiter.reserve(limits, 9, HORIZON_S)
    assert later.answer is Answer.LATER
    assert 0.1 <= later.retry_s <= 0.2
    assert (await limiter.reserve(limits, 9, 1.0)).count == 3


async def test_the_accounts_day_ends_at_midnight() -> None:
    limiter, limits = Limiter(), Limits(1, 4, account_per_day=10)
    assert (await limiter.reserve(limits, 5, HORIZON_S)).answer is Answer.SEED
    await limiter.seed_day(4, 7)
    await limiter.seed_day(4, 0)  # another worker was slower: the first word counts
    assert (await limiter.reserve(limits, 5, HORIZON_S)).count == 3
    over = await limiter.reserve(Limits(2, 4, account_per_day=10), 5, HORIZON_S)
    assert over.answer is Answer.DAY_USED_UP
    assert 0 < over.retry_s <= 86_400
    await limiter.return_slots(limits, 2)
    assert (await limiter.reserve(limits, 5, HORIZON_S)).count == 2


@pytest.mark.parametrize("by_giving_back", [True, False])
async def test_slots_that_were_not_used_come_back_a_little_at_a_time(by_giving_back: bool) -> None:
    limiter, limits = Limiter(), Limits(1, 1, per_minute=6_000)
    first = await limiter.reserve(limits, 10, HORIZON_S)
    missed = 0 if by_giving_back else 5
    if by_giving_back:
        await limiter.return_slots(limits, 5)
    second = await limiter.reserve(limits, 5, HORIZON_S, missed)
    assert second.clock_s - first.clock_s == pytest.approx(0.1, abs=1e-4)  # not at once
    assert second.interval_s == pytest.approx(1 / 100.4)  # by a rate that is 0.4 % higher
    slots = await _run(limits, 1, 1.2, pause_s=0.01)
    assert _worst_second(slots) <= 102


async def test_nothing_owed_nothing_hurried() -> None:
    limiter, limits = Limiter(), Limits(1, 1, per_minute=6_000)
    for _ in range(3):
        assert (await limiter.reserve(limits, 4, HORIZON_S)).interval_s == pytest.approx(0.01)


async def test_a_clock_that_jumps_back_does_not_stop_a_campaign() -> None:
    limits = Limits(1, 1, per_minute=6_000, account_per_minute=60_000)
    ahead_us = (time.time() + 3_600) * 1e6
    for key in ("limit:campaign:1", "limit:account:1"):
        await redis.client().hset(key, "tat", f"{ahead_us:.0f}")  # type: ignore[misc]
    slots = await _run(limits, 1, 0.5, pause_s=0.005)
    assert len(slots) > 20


async def test_a_restarted_redis_knows_the_script_again() -> None:
    limiter, limits = Limiter(), Limits(1, 1, per_minute=6_000)
    await limiter.reserve(limits, 1, HORIZON_S)
    await redis.client().script_flush()
    assert (await limiter.reserve(limits, 1, HORIZON_S)).answer is Answer.GRANTED
