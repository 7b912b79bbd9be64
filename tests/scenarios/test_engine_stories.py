"""Whole campaigns with real processes, killed, cut off, restarted: by the sandbox's log nobody receives two."""

import random
import signal
import time

import pytest
import sqlalchemy as sa

from campaign_app.core import db
from campaign_app.delivery import service
from campaign_app.models.campaign import CampaignStatus
from campaign_app.models.delivery import Lease
from tests.scenarios.scene import OwnRedis, Scene, eventually

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(240)]


async def test_ten_thousand(scene: Scene) -> None:
    campaign_id = await scene.campaign(10_000)
    scene.start_worker()
    await scene.launch(campaign_id)
    found = await scene.check_accounts(campaign_id)
    assert found == {"sent": 10_000, "total": 10_000}
    assert await scene.status(campaign_id) is CampaignStatus.COMPLETED


async def test_pause_and_resume_keep_exact_counts(scene: Scene) -> None:
    campaign_id = await scene.campaign(1_500)
    scene.faults(slow_ms=20)
    scene.start_worker()
    await scene.launch(campaign_id)
    await scene.sent(campaign_id, 200)
    await scene.act(service.pause, campaign_id)
    await eventually(scene.all_given_back)
    paused, seen = await scene.counters(campaign_id), scene.witness()
    assert paused["sent"] == seen["accepted"] < 1_500
    other = await scene.campaign(300, "other")  # what goes on in the same worker meanwhile moves nothing here
    await scene.launch(other)
    assert (await scene.over(other))["sent"] == 300
    assert scene.witness()["accepted"] == seen["accepted"] + 300
    assert await scene.counters(campaign_id) == paused
    await scene.act(service.resume, campaign_id)
    assert (await scene.over(campaign_id))["sent"] == 1_500
    assert scene.witness() == {"accepted": 1_800, "distinct": 1_800, "duplicates": 0}


async def test_killed_at_any_instant(scene: Scene) -> None:
    chance, kills, connections = random.Random(7), 4, 8
    campaign_id = await scene.campaign(3_000, connections=connections)
    scene.faults(slow_ms=15, temporary_share=0.01, permanent_share=0.01)
    worker = scene.start_worker()
    await scene.launch(campaign_id)
    for kill in range(kills):
        await scene.sent(campaign_id, 100 + 300 * kill)
        await scene.random_moment(chance)
        scene.kill(worker)
        worker = scene.start_worker()
    await scene.check_accounts(campaign_id, uncertain_at_most=kills * connections)


async def test_killed_and_the_journal_deleted(scene: Scene) -> None:
    campaign_id = await scene.campaign(1_500)
    scene.faults(slow_ms=20)
    worker = scene.start_worker()
    await scene.launch(campaign_id)
    await scene.sent(campaign_id, 200)
    scene.kill(worker)
    scene.delete_journals()
    before = scene.witness()["distinct"]
    known = (await scene.counters(campaign_id))["sent"]
    async with db.transaction() as session:  # the leases' 30 seconds are over
        await session.execute(sa.update(Lease).values(expires_at=Lease.claimed_at))
    scene.start_worker()
    found = await scene.check_accounts(campaign_id, uncertain_at_most=1_500)
    assert found["uncertain"] >= before - known  # the doubtful are all marked


async def test_sigterm_drains_within_seconds_and_loses_nothing(scene: Scene) -> None:
    campaign_id = await scene.campaign(1_500)
    scene.faults(slow_ms=20)
    worker = scene.start_worker()
    await scene.launch(campaign_id)
    await scene.sent(campaign_id, 150)
    started = time.monotonic()
    assert scene.stack.stop(worker, signal.SIGTERM) == 0
    assert time.monotonic() - started < 10
    assert await scene.held_leases() == 0
    assert (await scene.counters(campaign_id))["sent"] == scene.witness()["accepted"]
    scene.start_worker()
    assert (await scene.check_accounts(campaign_id))["sent"] == 1_500


async def test_redis_restarted_and_wiped(scene: Scene, own_redis: OwnRedis) -> None:
    campaign_id = await scene.campaign(2_000)
    scene.faults(slow_ms=20)
    worker = scene.start_worker()
    await scene.launch(campaign_id)
    await scene.sent(campaign_id, 200)
    own_redis.stop()
    await scene.says(worker, "limiter away, no send slots")
    own_redis.start()
    assert (await scene.check_accounts(campaign_id))["sent"] == 2_000


async def test_two_workers_on_one_campaign(scene: Scene) -> None:
    """Both hold leases of it at the same time. One is told to stop: the other brings the campaign to its end."""
    campaign_id = await scene.campaign(4_000, connections=3)
    scene.faults(slow_ms=10)
    first = scene.start_worker()
    await scene.ready(first, scene.start_worker())
    await scene.launch(campaign_id)

    async def both_hold_leases_and_send() -> bool:
        async with db.reading() as session:
            held = await session.execute(sa.text("SELECT COUNT(DISTINCT owner) FROM lease WHERE state = 'held'"))
        return int(held.scalar_one()) == 2 and scene.witness()["accepted"] > 200

    await eventually(both_hold_leases_and_send)
    scene.stack.stop(first)
    assert (await scene.check_accounts(campaign_id))["sent"] == 4_000


async def test_two_campaigns_at_once(scene: Scene) -> None:
    first = await scene.campaign(1_000, "anna")
    second = await scene.campaign(1_000, "ben", rate_per_minute=12_000)
    scene.faults(slow_ms=10)
    scene.start_worker()
    await scene.launch(first)
    await scene.launch(second)
    both = [await scene.over(found) for found in (first, second)]
    assert both == [{"sent": 1_000, "total": 1_000}] * 2
    assert scene.witness() == {"accepted": 2_000, "distinct": 2_000, "duplicates": 0}
