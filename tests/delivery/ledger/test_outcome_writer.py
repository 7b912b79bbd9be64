"""Outcomes reach the database, also when it is away, and never count twice. On both databases."""

import asyncio
import sqlite3
from datetime import timedelta

import pytest
import sqlalchemy as sa

from campaign_app.core import clock, db
from campaign_app.core.actor import SYSTEM
from campaign_app.delivery import service
from campaign_app.delivery.ledger import lease_stores
from campaign_app.delivery.ledger.lease_store import (
    ClaimedLease,
    LeaseHandle,
    LeaseOwner,
    LeaseStore,
    WriteBatch,
    WriteResult,
)
from campaign_app.delivery.ledger.outcome import Outcome
from campaign_app.delivery.ledger.outcome_writer import OutcomeWriter
from campaign_app.models.delivery import DeliveryStatus, Lease, LeaseState, Reason
from tests.delivery import factory
from tests.delivery.conftest import launch

pytestmark = pytest.mark.usefixtures("redis_url", "database")
OWNER = LeaseOwner("w", "host", "w.journal")
S = DeliveryStatus


async def _claimed(store: LeaseStore, count: int = 20, rows: int = 500) -> tuple[int, ClaimedLease, LeaseHandle]:
    campaign_id = await factory.campaign(await factory.account(), [await factory.audience(count)])
    await launch(campaign_id)
    claimed = await store.claim(campaign_id, OWNER, rows, clock.now())
    assert claimed is not None
    return campaign_id, claimed, claimed.handle


def _sent(claimed: ClaimedLease, *indexes: int) -> list[Outcome]:
    rows = [claimed.rows[index] for index in indexes or range(len(claimed.rows))]
    return [
        Outcome(
            row.id,
            claimed.handle.campaign_id,
            claimed.handle.lease_id,
            S.SENT,
            clock.now(),
            row.domain,
            row.attempts,
            1,
            response="250",
        )
        for row in rows
    ]


async def _lease(lease_id: int) -> Lease:
    async with db.reading() as session:
        found = await session.get(Lease, lease_id)
        assert found is not None
        return found


class Flaky:
    """A store whose database is away for a while, or whose first answer is lost after the commit."""

    def __init__(self, store: LeaseStore, failures: int = 0, *, lose_answer: bool = False) -> None:
        self.store, self.failures, self.lose_answer = store, failures, lose_answer
        self.tried = asyncio.Event()

    async def write(self, write: WriteBatch, at: object) -> WriteResult:
        self.tried.set()
        if self.failures:
            self.failures -= 1
            raise sqlite3.OperationalError("unable to open database file")
        written = await self.store.write(write, at)  # type: ignore[arg-type]
        if self.lose_answer and write.outcomes:
            self.lose_answer = False
            raise ConnectionResetError
        return written


async def test_claims_are_exclusive_and_read_in_chunks() -> None:
    store = lease_stores.open_store()
    campaign_id, claimed, handle = await _claimed(store, rows=8)
    assert len(claimed.rows) == 8
    assert claimed.read_through_id == claimed.rows[-1].id
    assert await store.claim(campaign_id, OWNER, 8, clock.now()) is None
    more = await store.read_more(handle, claimed.read_through_id, 100, clock.now())
    assert more is not None
    assert (len(more[0]), more[1]) == (12, claimed.handle.last_id)
    first = claimed.rows[0]
    assert first.contact is not None
    assert (first.contact["first_name"], first.suppressed) == ("First0", None)
    async with db.transaction() as session:
        await session.execute(sa.update(Lease).values(epoch=99))
    assert await store.read_more(handle, claimed.read_through_id, 100, clock.now()) is None
    await store.close()


async def test_only_running_campaigns_are_claimed() -> None:
    store = lease_stores.open_store()
    campaign_id, _, handle = await _claimed(store)
    await store.write(WriteBatch([], [handle], [handle]), clock.now())
    async with db.transaction() as session:
        await service.pause(session, SYSTEM, campaign_id)
    assert await store.claim(campaign_id, OWNER, 8, clock.now()) is None
    await store.close()


async def test_every_outcome_is_written_with_its_counts() -> None:
    store = lease_stores.open_store()
    campaign_id, claimed, handle = await _claimed(store, 6)
    outcomes = _sent(claimed)
    later = clock.now() + timedelta(minutes=5)
    outcomes[1].status, outcomes[1].reason = S.FAILED, Reason.UNKNOWN_ADDRESS
    outcomes[2].status, outcomes[2].next_attempt_at = S.PENDING, later
    outcomes[3].status, outcomes[3].attempts = S.SKIPPED, 0
    outcomes[4].status = S.UNCERTAIN
    written = await store.write(WriteBatch(outcomes, [handle], [handle]), clock.now())
    assert not written.disputed
    assert written.reopened[handle.lease_id] == later
    assert await factory.counters_of(campaign_id) == {
        "sent": 2, "failed": 1, "pending": 1, "skipped": 1, "uncertain": 1, "total": 6,
    }  # fmt: skip
    await factory.assert_sound(campaign_id)
    lease = await _lease(handle.lease_id)
    assert (lease.state, lease.available_at, lease.owner) == (LeaseState.OPEN, later, "")
    again = await store.write(WriteBatch(outcomes, [], []), clock.now())
    assert again.disputed
    await factory.assert_sound(campaign_id)
    await store.close()


async def test_a_database_that_is_away_delays_and_loses_nothing() -> None:
    store = lease_stores.open_store()
    campaign_id, claimed, handle = await _claimed(store)
    flaky = Flaky(store, failures=3)
    writer = OutcomeWriter(flaky, lambda: [handle], lambda _lost, _asked: None)  # type: ignore[arg-type]
    writer.start()
    for outcome in _sent(claimed):
        writer.add(outcome)
    assert (writer.unwritten, writer.failing_since) == (20, None)
    await flaky.tried.wait()
    finished = writer.finish(handle)
    await asyncio.sleep(0)
    assert writer.unwritten == 20
    assert writer.failing_since is not None
    assert await finished is None
    assert (writer.unwritten, writer.failing_since) == (0, None)
    assert await writer.close()
    assert await factory.counters_of(campaign_id) == {"sent": 20, "total": 20}
    await store.close()


async def test_a_lost_answer_counts_once() -> None:
    store = lease_stores.open_store()
    campaign_id, claimed, handle = await _claimed(store)
    writer = OutcomeWriter(Flaky(store, lose_answer=True), lambda: [handle], lambda _lost, _asked: None)  # type: ignore[arg-type]
    writer.start()
    for outcome in _sent(claimed):
        writer.add(outcome)
    assert await writer.close()
    assert await factory.counters_of(campaign_id) == {"sent": 20, "total": 20}
    await factory.assert_sound(campaign_id)
    await store.close()


async def test_closing_without_a_database_says_so() -> None:
    store = lease_stores.open_store()
    _, claimed, handle = await _claimed(store)
    writer = OutcomeWriter(Flaky(store, failures=10**6), lambda: [handle], lambda _lost, _asked: None)  # type: ignore[arg-type]
    writer.start()
    writer.add(_sent(claimed, 0)[0])
    assert not await writer.close(0.2)
    await store.close()


async def test_heartbeats_without_outcomes() -> None:
    store = lease_stores.open_store()
    _, claimed, handle = await _claimed(store)
    before = await _lease(claimed.handle.lease_id)
    beaten = asyncio.Event()
    writer = OutcomeWriter(store, lambda: [handle], lambda _lost, _asked: beaten.set())
    writer.start()
    await asyncio.wait_for(beaten.wait(), 10)
    await writer.close()
    after = await _lease(claimed.handle.lease_id)
    assert after.heartbeat_at is not None
    assert before.heartbeat_at is not None
    assert after.heartbeat_at > before.heartbeat_at
    await store.close()
