"""Who was taken for dead and lives: nothing is settled over his head in haste, and he tells what he knows."""

import asyncio
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from campaign_app.channels.base import Result, Verdict
from campaign_app.core import clock, db
from campaign_app.core.actor import SYSTEM
from campaign_app.delivery import service
from campaign_app.delivery.ledger import journal, lease_stores, leases
from campaign_app.delivery.ledger.journal import Journal, State
from campaign_app.delivery.ledger.lease_store import ClaimedLease, LeaseHandle, LeaseOwner, Row, WriteBatch
from campaign_app.delivery.ledger.outcome import Outcome
from campaign_app.delivery.recovery import sweeper
from campaign_app.delivery.runtime import lease_loss
from campaign_app.delivery.runtime.campaign_runner import CampaignRunner
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.delivery.runtime.held_lease import HeldLease
from campaign_app.delivery.runtime.lease_registry import LeaseRegistry
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.models.delivery import Delivery, DeliveryStatus, Lease, LeaseState
from tests.delivery import factory
from tests.delivery.conftest import Drive, launch
from tests.delivery.scripted import Script

pytestmark = pytest.mark.usefixtures("redis_url", "database")
WORKER = "north-1"
ELSEWHERE = LeaseOwner(WORKER, "north", f"another-home/{WORKER}.journal")
ALL_STATES = [State.ACCEPTED, State.HANDED_OVER, State.REFUSED, State.PUT_OFF, State.NONE, State.NONE]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "SECOND_LOOK_S", 0.02)


async def _claim(owner: LeaseOwner, count: int = 10, rows: int = 6) -> tuple[int, ClaimedLease]:
    campaign_id = await factory.campaign(await factory.account(), [await factory.audience(count)])
    await launch(campaign_id)
    store = lease_stores.open_store()
    claimed = await store.claim(campaign_id, owner, rows, clock.now())
    await store.close()
    assert claimed is not None
    return campaign_id, claimed


async def _expire(seconds: float) -> None:
    async with db.transaction() as session:
        await session.execute(sa.update(Lease).values(expires_at=clock.now() - timedelta(seconds=seconds)))


async def _statuses(campaign_id: int) -> list[str]:
    async with db.reading() as session:
        statement = sa.select(Delivery.status).where(Delivery.campaign_id == campaign_id).order_by(Delivery.id)
        return [found.value for found in (await session.execute(statement)).scalars()]


async def _lease() -> Lease:
    async with db.reading() as session:
        return (await session.execute(sa.select(Lease))).scalar_one()


def _book(claimed: ClaimedLease, states: list[State], name: str = WORKER) -> Journal:
    book = Journal(name)
    region = book.acquire(claimed.handle.lease_id, claimed.handle.epoch)
    assert region is not None
    region.append([(row.id, row.attempts) for row in claimed.rows])
    for slot, state in enumerate(states):
        region.mark(slot, state)
    return book


async def test_a_database_that_was_away_for_all_comes_back_with_time_for_the_living(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    campaign_id, claimed = await _claim(ELSEWHERE)
    await _expire(sweeper.FOREIGN_GRACE_S + 1)
    looked, second_look = asyncio.Event(), asyncio.Event()

    async def wait(_seconds: float) -> None:
        looked.set()
        await second_look.wait()

    monkeypatch.setattr(sweeper, "pause", wait)
    sweeping = asyncio.create_task(sweeper.sweep())
    await looked.wait()
    store = lease_stores.open_store()
    await store.write(WriteBatch([], [claimed.handle], []), clock.now())  # its heartbeat has found the database again
    await store.close()
    second_look.set()
    assert (await sweeping).leases == 0
    assert await _statuses(campaign_id) == ["pending"] * 10


async def test_a_worker_that_has_only_just_begun_leaves_others_leases_to_the_cron() -> None:
    await _claim(ELSEWHERE)
    await _expire(sweeper.FOREIGN_GRACE_S + 1)
    assert (await sweeper.sweep(patient=False)).leases == 0
    assert (await sweeper.sweep()).leases == 1


async def test_two_hosts_of_one_name_are_told_apart() -> None:
    owner = LeaseOwner(WORKER, socket.gethostname(), f"another-home/{WORKER}.journal")
    campaign_id, _ = await _claim(owner)
    await _expire(10)
    assert (await sweeper.sweep()).leases == 0  # its journal is not deleted: it was never here
    await _expire(sweeper.FOREIGN_GRACE_S + 1)
    assert (await sweeper.sweep()).leases == 1
    assert await _statuses(campaign_id) == ["uncertain"] * 6 + ["pending"] * 4


async def test_a_claim_whose_answer_was_lost_does_not_wait_for_its_workers_end() -> None:
    book = Journal(WORKER)
    campaign_id, _ = await _claim(LeaseOwner(WORKER, socket.gethostname(), book.label))
    assert (await sweeper.sweep()).leases == 0
    await _expire(1)
    assert (await sweeper.sweep()).leases == 1
    assert await _statuses(campaign_id) == ["pending"] * 10  # it never heard of them
    book.close(remove=True)


async def _settled_without_journal() -> tuple[int, ClaimedLease]:
    campaign_id, claimed = await _claim(ELSEWHERE)
    await _expire(sweeper.FOREIGN_GRACE_S + 1)
    assert (await sweeper.sweep()).uncertain == 6
    return campaign_id, claimed


async def test_a_journal_that_turns_up_later_replaces_uncertain() -> None:
    campaign_id, claimed = await _settled_without_journal()
    _book(claimed, ALL_STATES).close(remove=False)
    await sweeper.sweep()
    assert await _statuses(campaign_id) == ["sent", "uncertain", "failed"] + ["pending"] * 7
    await factory.assert_sound(campaign_id)
    assert not list(journal.folder().glob("*"))


async def test_a_journal_of_an_earlier_boot_withdraws_only_by_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign_id, claimed = await _settled_without_journal()
    _book(claimed, ALL_STATES).close(remove=False)
    monkeypatch.setattr(journal, "boot_id", lambda: "another")
    await sweeper.sweep()
    assert await _statuses(campaign_id) == ["sent", "uncertain", "failed"] + ["uncertain"] * 3 + ["pending"] * 4


async def test_a_campaign_that_was_over_goes_on_for_those_who_got_nothing() -> None:
    campaign_id, claimed = await _settled_without_journal()
    async with db.transaction() as session:
        rest = sa.update(Delivery).where(Delivery.status == DeliveryStatus.PENDING)
        await session.execute(rest.values(status=DeliveryStatus.SENT))
        await session.execute(sa.text("UPDATE campaign_counter SET sent = 4, pending = 0"))
        await session.execute(sa.update(Lease).values(state=LeaseState.DONE))
        await session.execute(sa.update(Campaign).values(status=CampaignStatus.COMPLETED))
    entries = [(row.id, row.attempts) for row in claimed.rows]
    assert await lease_loss.not_sent(campaign_id, entries) == 6
    assert await lease_loss.not_sent(campaign_id, entries) == 0
    async with db.reading() as session:
        campaign = await session.get(Campaign, campaign_id)
        assert campaign is not None
        assert campaign.status is CampaignStatus.RUNNING
    assert (await _lease()).state is LeaseState.OPEN
    await factory.assert_sound(campaign_id)


async def test_rows_that_another_worker_retried_stay_uncertain() -> None:
    """A person had them sent again, and that worker vanished as well: two may have sent, one knows that it did not."""
    campaign_id, claimed = await _settled_without_journal()
    async with db.transaction() as session:
        await service.resolve_uncertain(session, SYSTEM, campaign_id, "requeue")
    store = lease_stores.open_store()
    assert await store.claim(campaign_id, ELSEWHERE, 6, clock.now()) is not None
    await store.close()
    await _expire(sweeper.FOREIGN_GRACE_S + 1)
    assert (await sweeper.sweep()).uncertain == 6
    assert await lease_loss.not_sent(campaign_id, [(row.id, row.attempts) for row in claimed.rows]) == 0


async def test_a_living_worker_that_lost_its_lease_tells_and_sends_the_rest(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    script = Script(connections=2)
    script.answer("person0@d0.example", None)
    script.answer("person1@d1.example", None)  # both connections wait
    account_id = await factory.account()
    scripts[account_id] = script
    campaign_id = await factory.campaign(account_id, [await factory.audience(30)])
    await launch(campaign_id)
    running = asyncio.create_task(engine.run_batch(campaign_id))
    await script.keeps_waiting(2)
    engine.writer._beat_due = asyncio.get_running_loop().time() + 600  # cut off
    async with db.transaction() as session:  # as if it ran on a host that this one has not heard of for long
        await session.execute(sa.update(Lease).values(host="north", journal="another-home/x.journal"))
    await _expire(sweeper.FOREIGN_GRACE_S + 1)
    assert (await sweeper.sweep()).uncertain == 30
    engine.writer._beat_due = 0.0
    engine.writer._wake.set()
    await running
    await _eventually(lambda: _in(campaign_id, "pending", 28))
    queue = next(iter(engine.registry.queues.values()))
    keys = list(queue.sender.open)  # type: ignore[union-attr]
    queue.settled(keys[0], Result(Verdict.ACCEPTED, response="250 late"))
    queue.settled(keys[1], Result(Verdict.UNCERTAIN, response="cut off"))
    queue.sender.open.clear()  # type: ignore[union-attr]
    script.unanswered = 0
    await drive(campaign_id)
    assert await factory.counters_of(campaign_id) == {"sent": 29, "uncertain": 1, "total": 30}
    assert set(script.accepted.values()) == {1}
    await factory.assert_sound(campaign_id)


async def _in(campaign_id: int, status: str, count: int) -> bool:
    return (await _statuses(campaign_id)).count(status) == count


async def _eventually(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await true():  # noqa: ASYNC110  (another task's transaction: nothing to wait on)
            await asyncio.sleep(0.02)


def _lease_held(handle: LeaseHandle, asked_at: float) -> HeldLease:
    region: Any = SimpleNamespace(append=lambda rows: 0, mark=lambda slot, state: None)
    return HeldLease(handle, region, asked_at, lambda lease: None)


async def test_a_lease_that_is_claimed_anew_is_not_lost_with_its_past() -> None:
    registry, handle = LeaseRegistry(), LeaseHandle(7, 1, 1, 1, 500)
    old = _lease_held(handle, clock.steady())
    registry.add(old)
    old.in_flight = 1
    assert registry.answered({7}, clock.steady()) == [old]
    old.withdraw()
    assert list(registry.handles()) == [handle]  # what comes late is still asked for
    new = _lease_held(LeaseHandle(7, 3, 1, 1, 500), clock.steady())
    registry.add(new)
    assert list(registry.handles()) == [new.handle]
    registry.remove(old)
    assert list(registry) == [new]
    assert not new.lost


async def test_a_lease_is_fenced_from_the_question_and_while_the_machine_sleeps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lease = _lease_held(LeaseHandle(7, 1, 1, 1, 500), asked_at=1_000.0)
    lease.extend([Row(1, "a@d.example", "d.example", 0, None, {})], 1)
    runner: Any = SimpleNamespace(leases=deque([lease]), settling=set())

    def front_at(moment: float) -> HeldLease | None:
        monkeypatch.setattr(clock, "steady", lambda: moment)
        return CampaignRunner.front(runner)

    assert front_at(1_024.9) is lease
    assert front_at(1_025.1) is None
    lease.confirm(1_003.0)
    lease.confirm(1_002.0)  # an older answer takes nothing back
    assert front_at(1_027.9) is lease
    assert front_at(1_028.1) is None


async def test_a_wrong_clock_neither_delays_nor_hurries_a_retry(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's clock decides, however wrong the worker's is; with SQLite there is one clock only."""
    right, wrong = clock.now, [timedelta(hours=0 if database.startswith("sqlite") else -1)]
    monkeypatch.setattr(clock, "now", lambda: right() + wrong[0])
    campaign_id, claimed = await _claim(ELSEWHERE, 3, 3)
    store, at = lease_stores.open_store(), clock.now()
    outcome = Outcome(
        claimed.rows[0].id, campaign_id, claimed.handle.lease_id, DeliveryStatus.PENDING, at, attempts=1,
        next_attempt_at=at + timedelta(seconds=0.2),
    )  # fmt: skip
    others = [
        Outcome(row.id, campaign_id, claimed.handle.lease_id, DeliveryStatus.SENT, at, attempts=1)
        for row in claimed.rows[1:]
    ]
    wrong[0] *= -1  # it jumps between the answer and the write
    before = right()
    await store.write(WriteBatch([outcome, *others], [claimed.handle], [claimed.handle]), clock.now())
    async with db.reading() as session:
        outlook = await leases.outlook(session, campaign_id)
    after = right()
    assert outlook is not None
    assert outlook.available_at is not None
    if wrong[0]:
        assert before <= outlook.available_at - wrong[0] <= after + timedelta(seconds=0.3)  # it says our clock's time
    else:
        assert outlook.available_at == outcome.next_attempt_at
    await asyncio.sleep(0.4)
    again = await store.claim(campaign_id, ELSEWHERE, 3, clock.now())
    assert again is not None
    assert [row.id for row in again.rows] == [claimed.rows[0].id]
    await store.close()
