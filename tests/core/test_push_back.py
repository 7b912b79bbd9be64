"""The learnt rate in real Redis: one step per burst over all workers, and slots that keep to it."""

import asyncio
import time

import pytest

from campaign_app.core import learnt_rate, push_back, redis
from campaign_app.core.rate_limit import Answer, Limiter, Limits, learnt_key

pytestmark = pytest.mark.usefixtures("redis_url")
ACCOUNT = 9
FREE = Limits(1, ACCOUNT)


async def signal(seen: int = 0, *, measured: float = 10.0, accepted: bool = True) -> push_back.Told:
    return await push_back.slower(ACCOUNT, seen, measured=measured, accepted=accepted, words="451 slow down")


async def put(per_second: float, *, rest_s: float = 0.0, ago_s: float = 0.0, searching: bool = False) -> int:
    """A learnt rate as if the last step had been so long ago; its step."""
    step = int((await redis.now() - ago_s) * 1e6)
    values = {"step": step, "rate": per_second, "rest": rest_s * 1e6, "searching": int(searching)}
    await redis.client().hset(learnt_key(ACCOUNT), mapping={**values, "since": 0, "words": "451 é"})
    return step


async def test_a_burst_is_one_step_over_all_workers() -> None:
    told = await asyncio.gather(*(signal() for _ in range(8)))
    assert len({one.learnt.step for one in told}) == 1
    first = told[0].learnt
    assert first.per_second == pytest.approx(7.0)
    late = await signal(seen=0)
    assert late.learnt.step == first.step, "it was taken before the step"
    second = (await signal(seen=first.step, measured=0.0)).learnt
    assert second.step > first.step
    assert second.per_second < first.per_second


async def test_it_is_kept_shown_and_forgotten() -> None:
    learnt = (await signal()).learnt
    now, found = await push_back.known([ACCOUNT, 77])
    assert found.keys() == {ACCOUNT}
    assert found[ACCOUNT].step == learnt.step
    assert found[ACCOUNT].per_second == learnt.per_second
    assert found[ACCOUNT].rest_s == pytest.approx(learnt.rest_s)
    assert (found[ACCOUNT].words, found[ACCOUNT].searching) == ("451 slow down", True)
    assert abs(now - learnt.at) < 5
    assert 0 < await redis.client().ttl(learnt_key(ACCOUNT)) <= learnt_rate.KEPT_S
    await push_back.forget(ACCOUNT)
    assert (await push_back.known([ACCOUNT]))[1] == {}


async def test_one_caller_is_told_when_it_is_hopeless() -> None:
    step = await put(5.0, rest_s=120.0, ago_s=130.0)
    began = await redis.now() - learnt_rate.GIVE_UP_S - 5
    await redis.client().hset(learnt_key(ACCOUNT), "since", began)
    told = await asyncio.gather(*(signal(step, accepted=False) for _ in range(5)))
    assert sum(one.hopeless for one in told) == 1
    assert not (await signal(told[0].learnt.step, accepted=False)).hopeless, "that time begins anew"


async def test_without_push_back_nothing_is_limited() -> None:
    grant = await Limiter().reserve(FREE, 1_000, 0.2)
    assert (grant.answer, grant.count, grant.at, grant.step) == (Answer.GRANTED, 1_000, 0.0, 0)


async def test_slots_keep_to_the_learnt_rate() -> None:
    step = await put(50.0)
    limiter, slots = Limiter(), []
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        grant = await limiter.reserve(FREE, 1_000, 0.2)
        assert grant.step == step
        assert 50.0 <= grant.learnt_per_s <= 52.0
        slots += [grant.clock_s + n * grant.interval_s for n in range(grant.count)]
        await asyncio.sleep(0.02)
    assert 45 <= len(slots) <= 52 * 1.25
    assert (len(slots) - 1) / (slots[-1] - slots[0]) == pytest.approx(50.5, rel=0.05)


@pytest.mark.parametrize(("searching", "ago_s"), [(False, 30.0), (True, 4.0), (True, 500.0)])
async def test_the_script_grows_as_the_formula_says(searching: bool, ago_s: float) -> None:
    await put(5.0, rest_s=1.0, ago_s=ago_s, searching=searching)
    grant = await Limiter().reserve(FREE, 1, 0.2)
    now, found = await push_back.known([ACCOUNT])
    assert grant.learnt_per_s == pytest.approx(found[ACCOUNT].rate_at(now), rel=0.05)


async def test_the_slower_of_both_rates_counts() -> None:
    await put(50.0)
    slow = await Limiter().reserve(Limits(1, ACCOUNT, account_per_minute=600), 10, 1.0)
    assert slow.interval_s == pytest.approx(0.1)
    await redis.client().flushdb()
    await put(5.0)
    slow = await Limiter().reserve(Limits(1, ACCOUNT, account_per_minute=600), 10, 1.0)
    assert slow.interval_s == pytest.approx(0.2, rel=0.02)


async def test_nothing_is_granted_while_it_rests_and_a_clock_set_back_rests_no_longer() -> None:
    await put(5.0, rest_s=30.0)
    grant = await Limiter().reserve(FREE, 10, 0.2)
    assert grant.answer is Answer.LATER
    assert 25 < grant.retry_s <= 30
    await put(5.0, rest_s=30.0, ago_s=-3_600)
    grant = await Limiter().reserve(FREE, 10, 0.2)
    assert grant.answer is Answer.LATER
    assert grant.retry_s <= 30


async def test_what_was_put_off_counts_neither_for_the_day_nor_for_a_batch() -> None:
    limits = Limits(1, ACCOUNT, batch_size=4, batch_delay_ms=60_000, account_per_day=4)
    limiter = Limiter()
    await limiter.seed_day(ACCOUNT, 0)
    assert (await limiter.reserve(limits, 4, 0.2)).count == 4
    assert (await limiter.reserve(limits, 4, 0.2)).answer is Answer.DAY_USED_UP
    await redis.client().delete("limit:campaign:1")  # the batch's pause is not what this is about
    grant = await limiter.reserve(limits, 4, 0.2, unspent=3)
    assert (grant.answer, grant.count) == (Answer.GRANTED, 3)


async def test_what_was_put_off_is_not_forgotten_while_it_rests() -> None:
    limits = Limits(1, ACCOUNT, account_per_day=4)
    limiter = Limiter()
    await limiter.seed_day(ACCOUNT, 0)
    assert (await limiter.reserve(limits, 3, 0.2)).count == 3
    await put(5.0, rest_s=30.0)
    assert (await limiter.reserve(limits, 1, 0.2, unspent=2)).answer is Answer.LATER
    await push_back.forget(ACCOUNT)
    assert (await limiter.reserve(limits, 9, 0.2)).count == 3
