"""After a death: each row to what is known of it, nobody twice, nobody forgotten. On both databases."""

import asyncio
import socket
from datetime import timedelta

import pytest
import sqlalchemy as sa

from campaign_app.core import clock, db, queue, rate_limit, redis
from campaign_app.core.actor import SYSTEM
from campaign_app.delivery import service
from campaign_app.delivery.ledger import journal, lease_stores
from campaign_app.delivery.ledger.journal import Journal, State
from campaign_app.delivery.ledger.lease_store import ClaimedLease, LeaseOwner
from campaign_app.delivery.recovery import sweeper
from campaign_app.delivery.runtime import job_chain
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.models.delivery import Delivery, DeliveryStatus, Lease, LeaseState, Reason
from tests.delivery import factory
from tests.delivery.conftest import launch

pytestmark = pytest.mark.usefixtures("redis_url", "database")
WORKER = "dead-1"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "SECOND_LOOK_S", 0.02)


async def _launched(count: int = 10) -> int:
    campaign_id = await factory.campaign(await factory.account(), [await factory.audience(count)])
    await launch(campaign_id)
    return campaign_id


async def _claim(campaign_id: int, rows: int = 6, host: str = "") -> ClaimedLease:
    store = lease_stores.open_store()
    claimed = await store.claim(
        campaign_id, LeaseOwner(WORKER, host or socket.gethostname(), f"{WORKER}.journal"), rows, clock.now()
    )
    await store.close()
    assert claimed is not None
    return claimed


async def _expire(seconds: float) -> None:
    async with db.transaction() as session:
        await session.execute(sa.update(Lease).values(expires_at=clock.now() - timedelta(seconds=seconds)))


def _write_journal(claimed: ClaimedLease, states: list[State]) -> None:
    book = Journal(WORKER)
    region = book.acquire(claimed.handle.lease_id, claimed.handle.epoch)
    assert region is not None
    region.append([(row.id, row.attempts) for row in claimed.rows])
    for slot, state in enumerate(states):
        region.mark(slot, state)
    book.close(remove=False)  # the lock goes, the file stays: as after SIGKILL


async def _rows(campaign_id: int) -> list[Delivery]:
    async with db.reading() as session:
        found = await session.execute(
            sa.select(Delivery).where(Delivery.campaign_id == campaign_id).order_by(Delivery.id)
        )
        return list(found.scalars())


async def _lease(lease_id: int) -> Lease:
    async with db.reading() as session:
        found = await session.get(Lease, lease_id)
        assert found is not None
        return found


ALL_STATES = [State.ACCEPTED, State.HANDED_OVER, State.REFUSED, State.PUT_OFF, State.NONE, State.NONE]


async def test_the_journal_says_what_became_of_each() -> None:
    campaign_id = await _launched()
    claimed = await _claim(campaign_id)
    _write_journal(claimed, ALL_STATES)
    swept = await sweeper.sweep()
    assert (swept.leases, swept.uncertain) == (1, 1)
    rows = await _rows(campaign_id)
    assert [row.status.value for row in rows] == ["sent", "uncertain", "failed", "pending"] + ["pending"] * 6
    assert [row.reason for row in rows[1:4]] == [Reason.WORKER_DIED, Reason.REFUSED, Reason.TEMPORARY]
    assert [row.attempts for row in rows] == [1, 1, 1, 1] + [0] * 6
    assert rows[3].next_attempt_at is not None
    lease = await _lease(claimed.handle.lease_id)
    assert (lease.state, lease.epoch) == (LeaseState.OPEN, claimed.handle.epoch + 1)
    await factory.assert_sound(campaign_id)
    assert not list(journal.folder().glob("*"))
    assert (await sweeper.sweep()).leases == 0


async def test_a_flush_before_the_death_is_not_repeated() -> None:
    campaign_id = await _launched()
    claimed = await _claim(campaign_id)
    async with db.transaction() as session:
        for row, status in zip(claimed.rows[:2], (DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN), strict=True):
            await service.moves.move(session, [row.id], status, at=clock.now())
    _write_journal(claimed, [State.ACCEPTED, State.HANDED_OVER, *[State.NONE] * 4])
    swept = await sweeper.sweep()
    assert (await factory.counters_of(campaign_id)) == {"sent": 1, "uncertain": 1, "pending": 8, "total": 10}
    assert swept.leases == 1
    await factory.assert_sound(campaign_id)


async def test_a_deleted_journal_makes_all_that_was_read_uncertain() -> None:
    campaign_id = await _launched()
    await _claim(campaign_id, rows=6)
    assert (await sweeper.sweep()).leases == 0  # it has not expired
    await _expire(1)
    swept = await sweeper.sweep()
    assert (swept.leases, swept.uncertain) == (1, 6)
    statuses = [row.status.value for row in await _rows(campaign_id)]
    assert statuses == ["uncertain"] * 6 + ["pending"] * 4  # what was never read is certainly not sent
    await factory.assert_sound(campaign_id)


async def test_another_hosts_lease_is_left_alone_for_longer() -> None:
    campaign_id = await _launched()
    await _claim(campaign_id, host="elsewhere")
    await _expire(10)
    assert (await sweeper.sweep()).leases == 0
    await _expire(sweeper.FOREIGN_GRACE_S + 1)
    swept = await sweeper.sweep()
    assert (swept.leases, swept.uncertain) == (1, 6)


async def test_a_restarted_machine_trusts_outcomes_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign_id = await _launched()
    claimed = await _claim(campaign_id)
    _write_journal(claimed, ALL_STATES)
    monkeypatch.setattr(journal, "boot_id", lambda: "another")
    swept = await sweeper.sweep()
    statuses = [row.status.value for row in await _rows(campaign_id)]
    assert statuses == ["sent", "uncertain", "failed", "pending", "uncertain", "uncertain"] + ["pending"] * 4
    assert swept.uncertain == 3
    await factory.assert_sound(campaign_id)


async def test_a_worker_that_lives_keeps_its_lease_whatever_the_clock_says() -> None:
    campaign_id = await _launched()
    claimed = await _claim(campaign_id)
    book = Journal(WORKER)
    assert book.acquire(claimed.handle.lease_id, claimed.handle.epoch) is not None
    await _expire(10_000)
    assert (await sweeper.sweep()).leases == 0
    assert (await _lease(claimed.handle.lease_id)).state is LeaseState.HELD
    book.close(remove=True)


async def test_two_sweeps_at_once_settle_once() -> None:
    campaign_id = await _launched()
    claimed = await _claim(campaign_id)
    _write_journal(claimed, ALL_STATES)
    swept = await asyncio.gather(sweeper.sweep(), sweeper.sweep())
    assert sum(one.leases for one in swept) == 1
    await factory.assert_sound(campaign_id)


async def test_a_cancelled_campaigns_rest_follows_its_worker() -> None:
    campaign_id = await _launched()
    claimed = await _claim(campaign_id)
    async with db.transaction() as session:
        assert await service.cancel(session, SYSTEM, campaign_id) == 0
    _write_journal(claimed, [State.ACCEPTED])
    await sweeper.sweep()
    assert await factory.counters_of(campaign_id) == {"sent": 1, "skipped": 9, "total": 10}
    await factory.assert_sound(campaign_id)
    assert (await _lease(claimed.handle.lease_id)).state is LeaseState.DONE


async def test_lost_jobs_come_back() -> None:
    campaign_id = await _launched(1_200)
    await redis.client().flushdb()  # Redis was wiped
    swept = await sweeper.sweep()
    assert swept.chains == 2
    jobs = [name.decode() for name in await redis.client().zrange(queue.SEND, 0, -1)]
    assert [job.rpartition(":")[0] for job in sorted(jobs)] == [f"send:{campaign_id}:0", f"send:{campaign_id}:1"]
    assert (await sweeper.sweep()).chains == 0


async def test_a_dead_worker_no_longer_counts_and_its_chains_are_free_at_once() -> None:
    campaign_id = await _launched()
    assert await job_chain.ensure(campaign_id, 1) == 1
    key = f"chain:{campaign_id}:0"
    token = (await redis.client().get(key)).decode().partition("~")[0]
    assert await job_chain.enter(campaign_id, 0, token, WORKER)
    claimed = await _claim(campaign_id)
    _write_journal(claimed, [])
    await redis.client().zadd(job_chain.WORKERS, {WORKER: clock.now().timestamp(), "other": clock.now().timestamp()})
    assert (await sweeper.sweep()).chains == 1
    assert await redis.client().zrange(job_chain.WORKERS, 0, -1) == [b"other"]
    assert not await job_chain.enter(campaign_id, 0, token, "other")  # the old job is stale now


async def test_what_is_over_ends_and_nobody_is_forgotten() -> None:
    campaign_id = await _launched(3)
    async with db.transaction() as session:
        await session.execute(sa.update(Lease).values(state=LeaseState.DONE))
    await sweeper.sweep()
    async with db.reading() as session:
        lease = (await session.execute(sa.select(Lease))).scalar_one()
        assert lease.state is LeaseState.OPEN  # somebody was still pending
    async with db.transaction() as session:
        ids = [row.id for row in await _rows(campaign_id)]
        await service.moves.move(session, [found for found in ids if found], DeliveryStatus.SENT, at=clock.now())
        await session.execute(sa.update(Lease).values(state=LeaseState.DONE))
    assert (await sweeper.sweep()).ended == 1
    async with db.reading() as session:
        campaign = await session.get(Campaign, campaign_id)
        assert campaign is not None
        assert campaign.status is CampaignStatus.COMPLETED


async def test_a_gate_that_fits_no_status_is_opened() -> None:
    campaign_id = await _launched(3)
    await redis.client().set(rate_limit.gate_key(campaign_id), "1000.0")
    await sweeper.sweep()
    assert await redis.client().exists(rate_limit.gate_key(campaign_id)) == 0
