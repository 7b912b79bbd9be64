"""Chains of jobs: as many as needed, each job once, started again when lost. And sending windows."""

import asyncio
from datetime import timedelta
from time import monotonic

import pytest
import sqlalchemy as sa

from campaign_app.core import clock, db, queue, redis
from campaign_app.delivery import jobs
from campaign_app.delivery.runtime import job_chain, pacer
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.models.campaign import Campaign
from tests.delivery import factory
from tests.delivery.conftest import Drive, launch
from tests.delivery.scripted import Script


async def _token(campaign_id: int, chain: int = 0) -> str:
    return str((await redis.client().get(f"chain:{campaign_id}:{chain}")).decode()).partition("~")[0]


@pytest.mark.usefixtures("redis_url")
async def test_a_chain_is_started_once_and_handed_on() -> None:
    assert await job_chain.ensure(1, 2) == 2
    assert await job_chain.ensure(1, 2) == 0
    token = await _token(1)
    assert await job_chain.enter(1, 0, token, "w")
    assert await job_chain.ensure(1, 2) == 0  # it runs
    await job_chain.go_on(1, 0, token, clock.now())
    following = await _token(1)
    assert following != token
    assert not await job_chain.enter(1, 0, token, "w")  # the old job is stale
    assert await job_chain.enter(1, 0, following, "w")
    await job_chain.end(1, 0, token)
    assert await _token(1)
    await job_chain.end(1, 0, following)
    assert await job_chain.ensure(1, 2) == 1


@pytest.mark.usefixtures("redis_url")
async def test_one_that_waits_too_long_is_started_anew() -> None:
    now = clock.now()
    assert await job_chain.ensure(1, 1, now + timedelta(hours=2)) == 1
    assert await job_chain.ensure(1, 1, now + timedelta(hours=2)) == 0
    waiting = await _token(1)
    assert await job_chain.ensure(1, 1) == 1  # somebody changed the limits, or sends the uncertain again
    assert not await job_chain.enter(1, 0, waiting, "w")


@pytest.mark.usefixtures("redis_url")
async def test_a_redis_that_forgot_is_told_again() -> None:
    await job_chain.ensure(1, 1)
    token = await _token(1)
    await job_chain.enter(1, 0, token, "w")
    await redis.client().flushdb()
    await job_chain.keep(1, 0, token, "w")
    assert await job_chain.ensure(1, 1) == 0
    assert await job_chain.free_dead(1, "other") == 0
    assert await job_chain.free_dead(1, "w") == 1


@pytest.mark.usefixtures("redis_url")
async def test_how_many() -> None:
    assert [await job_chain.wanted(rate, leases) for rate, leases in ((0, 9), (0, 1), (5, 9), (100, 9), (0, 0))] == [
        2,
        1,
        1,
        2,
        0,
    ]
    seconds, _ = await redis.client().time()
    await redis.client().zadd(job_chain.WORKERS, {"a": seconds, "b": seconds, "c": seconds - 100})
    assert await job_chain.wanted(0, 9) == 4


async def test_jobs_send_a_campaign_to_its_end(engine: Engine, scripts: dict[int, Script]) -> None:
    account_id = await factory.account()
    scripts[account_id] = Script()
    campaign_id = await factory.campaign(account_id, [await factory.audience(30)])
    await launch(campaign_id)
    await jobs.start_sending({}, campaign_id)
    token = await _token(campaign_id)
    await jobs.send_lease({"engine": engine}, campaign_id, 0, "another")  # stale: leaves at once
    assert (await factory.counters_of(campaign_id)) == {"pending": 30, "total": 30}
    for _ in range(3):
        await jobs.send_lease({"engine": engine}, campaign_id, 0, token)
        if not await redis.client().exists(f"chain:{campaign_id}:0"):
            break
        token = await _token(campaign_id)
    await engine.writer.settle(5.0)
    assert (await factory.counters_of(campaign_id)) == {"sent": 30, "total": 30}


async def test_a_draining_worker_leaves_its_chain_to_others(engine: Engine, scripts: dict[int, Script]) -> None:
    campaign_id = await factory.campaign(await factory.account(), [await factory.audience(3)])
    await launch(campaign_id)
    await jobs.start_sending({}, campaign_id)
    token = await _token(campaign_id)
    before = await redis.client().zcard(queue.SEND)
    engine.draining = True
    await jobs.send_lease({"engine": engine}, campaign_id, 0, token)
    assert await _token(campaign_id) != token
    assert await redis.client().zcard(queue.SEND) == before + 1


async def test_a_worker_leaves_what_is_too_much_for_it_to_others(engine: Engine, scripts: dict[int, Script]) -> None:
    account_id = await factory.account()
    script = scripts[account_id] = Script(connections=0)
    campaign_id = await factory.campaign(account_id, [await factory.audience(2_000)])
    await launch(campaign_id)
    running = [asyncio.create_task(engine.run_batch(campaign_id)) for _ in range(4)]
    done, _ = await asyncio.wait(running, timeout=10, return_when=asyncio.FIRST_COMPLETED)
    assert all(task.result().at is not None for task in done)
    script.connections = 10
    await asyncio.wait(running[2:], timeout=10)
    assert [task.done() for task in running] == [False, False, True, True]
    engine.close_gate(campaign_id)
    await asyncio.gather(*running)


def _around(start: timedelta, end: timedelta) -> dict[str, object]:
    """A window of every day around this moment."""
    now = clock.now()
    times = [f"{now + start:%H:%M}", f"{now + end:%H:%M}"]
    return {"zone": "UTC", "days": {str(day): [times] for day in range(7)}}


async def test_outside_its_windows_nothing_is_claimed(engine: Engine, scripts: dict[int, Script]) -> None:
    account_id = await factory.account()
    scripts[account_id] = Script()
    windows = _around(timedelta(hours=2), timedelta(hours=3))
    campaign_id = await factory.campaign(account_id, [await factory.audience(3)], windows=windows)
    await launch(campaign_id)
    again = await engine.run_batch(campaign_id)
    assert again.at is not None
    assert timedelta(hours=1, minutes=58) < again.at - clock.now() <= timedelta(hours=2)
    assert (await factory.counters_of(campaign_id)) == {"pending": 3, "total": 3}


async def test_a_window_that_closes_stops_it(engine: Engine, scripts: dict[int, Script]) -> None:
    account_id = await factory.account()
    script = scripts[account_id] = Script(connections=1)
    windows = _around(timedelta(hours=-1), timedelta(hours=1))
    campaign_id = await factory.campaign(account_id, [await factory.audience(50)], windows=windows, rate_per_minute=600)
    await launch(campaign_id)
    running = asyncio.create_task(engine.run_batch(campaign_id))
    await script.accepts(3)
    runner = engine.registry.runners[campaign_id]
    assert not runner.is_outside_window(monotonic() + 3_500)
    assert runner.is_outside_window(monotonic() + 3_700)
    runner.open(0.0)  # an hour later
    engine.registry.close_windows()
    again = await running
    assert again.at is not None
    assert await engine.writer.settle(5.0)
    found = await factory.counters_of(campaign_id)
    assert found["sent"] == sum(script.accepted.values()) < 50


async def test_a_slow_campaign_does_not_sit_in_a_job(engine: Engine, drive: Drive, scripts: dict[int, Script]) -> None:
    account_id = await factory.account()
    script = scripts[account_id] = Script()
    campaign_id = await factory.campaign(account_id, [await factory.audience(5)], rate_per_minute=6)
    await launch(campaign_id)
    began = clock.now()
    again = await engine.run_batch(campaign_id)
    ended = clock.now()
    assert sum(script.accepted.values()) == 1
    assert again.at is not None
    assert await engine.writer.settle(60.0)
    assert began + timedelta(seconds=10 - pacer.LEAD_S - 3) <= again.at <= ended + timedelta(seconds=10)
    async with db.reading() as session:
        held = await session.execute(sa.text("SELECT COUNT(*) FROM lease WHERE state = 'held'"))
        assert held.scalar_one() == 0
        campaign = await session.get(Campaign, campaign_id)
        assert campaign is not None
        assert campaign.status == "running"
