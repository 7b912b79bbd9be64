"""Who holds what, since when: with real leases and a real Redis, on both databases."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from campaign_app.core import clock, db, push_back, queue, redis
from campaign_app.core.actor import SYSTEM, Actor
from campaign_app.core.config import settings
from campaign_app.core.errors import Forbidden
from campaign_app.core.queue import Depth, Job
from campaign_app.delivery.ledger import lease_store
from campaign_app.delivery.runtime import job_chain
from campaign_app.models.campaign import Campaign, CampaignStatus, Pauser
from campaign_app.models.delivery import Delivery, DeliveryStatus, Lease, LeaseState
from campaign_app.models.user import Role
from campaign_app.ops import liveness, service
from campaign_app.ops.schemas import Fate, Holder, Operations, WorkerState
from tests.conftest import MakeActor
from tests.delivery import factory
from tests.delivery.conftest import launch

pytestmark = pytest.mark.usefixtures("redis_url")
HERE, ALSO_HERE, ELSEWHERE = "here-41-aaaa", "here-42-bbbb", "far-7-cccc"
AT = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


async def heard(name: str, ago_s: float = 0.0, **values: Any) -> None:
    """Write a worker's heartbeat of some time ago."""
    at = clock.now() - timedelta(seconds=ago_s)
    if ago_s < job_chain.WORKER_ALIVE_S:
        body = {
            "host": name.split("-")[0],
            "pid": int(name.split("-")[1]),
            "started_at": (at - timedelta(hours=2)).isoformat(),
            "heard_at": at.isoformat(),
            "campaigns": 1,
            "in_flight": 7,
            "rate_per_minute": 1240.4,
            "draining": False,
            **values,
        }
        await redis.client().set(f"beacon:worker:{name}", json.dumps(body), ex=job_chain.WORKER_ALIVE_S)
    await redis.client().zadd(job_chain.WORKERS, {name: at.timestamp()})


async def running_campaign(people: int = 30, **values: Any) -> int:
    """A launched campaign with one lease for every 500 people."""
    account = values.pop("account", None) or await factory.account()
    campaign_id = await factory.campaign(account, [await factory.audience(people, f"p{people}")], **values)
    await launch(campaign_id)
    return campaign_id


async def claim(campaign_id: int, name: str, kept_up_ago_s: float = 0.0) -> int:
    """Let the worker claim the campaign's first open lease and renew it until some time ago; returns the lease's id."""
    beat = clock.now() - timedelta(seconds=kept_up_ago_s)
    async with db.transaction() as session:
        open_ones = select(Lease).where(Lease.campaign_id == campaign_id, Lease.state == LeaseState.OPEN)
        lease = (await session.exec(open_ones.order_by(col(Lease.id)).limit(1))).one()
        lease.state, lease.owner, lease.host = LeaseState.HELD, name, name.split("-")[0]
        lease.claimed_at = lease.heartbeat_at = beat
        lease.expires_at = beat + timedelta(seconds=lease_store.LEASE_TTL_S)
        session.add(lease)
    assert lease.id is not None
    return lease.id


async def look(actor: Actor = SYSTEM) -> Operations:
    async with db.reading() as session:
        return await service.operations(session, actor)


async def test_what_a_living_worker_holds(database: str) -> None:
    campaign_id = await running_campaign()
    await heard(HERE)
    lease_id = await claim(campaign_id, HERE)
    async with db.transaction() as session:
        sent = (await session.exec(select(Delivery.id).limit(12))).all()
        await session.execute(sa.update(Delivery).where(col(Delivery.id).in_(sent)).values(status=DeliveryStatus.SENT))
        others = (await session.exec(select(Delivery.id).where(col(Delivery.id).not_in(sent)).limit(2))).all()
        skipped = sa.update(Delivery).where(col(Delivery.id).in_(others)).values(status=DeliveryStatus.SKIPPED)
        await session.execute(skipped)
    found = await look()
    (worker,) = found.workers
    assert (worker.name, worker.host, worker.pid, worker.state) == (HERE, "here", "41", WorkerState.ALIVE)
    assert (worker.rate_per_minute, worker.in_flight, worker.campaigns, worker.leases) == (1240.4, 7, 1, 1)
    assert worker.started_at is not None
    assert worker.fate is Fate.KEPT
    (lease,) = found.leases
    assert (lease.id, lease.campaign_id, lease.campaign_name) == (lease_id, campaign_id, "Spring")
    assert (lease.owner, lease.host, lease.expired, lease.fate) == (HERE, "here", False, Fate.KEPT)
    assert (lease.last_id - lease.first_id + 1, lease.pending, lease.total) == (30, 16, 28)
    assert lease.claimed_at is not None
    assert (found.leases_total, found.leases_expired) == (1, 0)


async def test_a_late_worker_is_told_with_what_happens_to_its_leases(database: str) -> None:
    campaign_id = await running_campaign()
    await claim(campaign_id, HERE, kept_up_ago_s=45)
    await heard(HERE, ago_s=44)
    found = await look()
    (worker,) = found.workers
    assert (worker.state, worker.host, worker.pid, worker.fate) == (WorkerState.LATE, "here", "41", Fate.NOBODY)
    assert worker.rate_per_minute is None
    assert (found.leases[0].expired, found.leases[0].fate, found.leases_expired) == (True, Fate.NOBODY, 1)

    await heard(ELSEWHERE)
    found = await look()
    assert (found.workers[0].name, found.workers[0].fate) == (HERE, Fate.TAKEN_OVER)
    assert found.leases[0].fate is Fate.TAKEN_OVER
    left = found.workers[0].taken_over_at
    assert left is not None
    assert 55 < (left - found.at).total_seconds() <= 60  # 30 s lease, 60 s grace and 15 s, of which 45 s have passed

    await heard(ALSO_HERE)
    found = await look()
    assert [(row.name, row.state) for row in found.workers] == [
        (HERE, WorkerState.LATE),
        (ELSEWHERE, WorkerState.ALIVE),
        (ALSO_HERE, WorkerState.ALIVE),
    ]
    assert found.leases[0].fate is Fate.JOURNAL


async def test_a_worker_that_does_not_write_what_it_sends(sqlite_database: str) -> None:
    since = clock.now() - timedelta(seconds=9)
    await heard(HERE, unwritten=liveness.MANY_UNWRITTEN - 1)
    await heard(ALSO_HERE, unwritten=liveness.MANY_UNWRITTEN, failing_since=since.timestamp())
    well, behind = sorted((await look()).workers, key=lambda row: row.name)
    assert (well.behind, well.failing_since) == (False, None)
    assert (behind.behind, behind.unwritten) == (True, liveness.MANY_UNWRITTEN)
    assert behind.failing_since == since


async def test_a_living_worker_that_could_not_renew(database: str) -> None:
    await claim(await running_campaign(), HERE, kept_up_ago_s=45)
    await heard(HERE, draining=True)
    found = await look()
    assert found.workers[0].state is WorkerState.DRAINING
    assert (found.workers[0].fate, found.leases[0].fate) == (Fate.UNRENEWED, Fate.UNRENEWED)


async def test_more_leases_than_a_page_holds_show_the_longest_silent_first(database: str) -> None:
    campaign_id = await running_campaign(3)
    at = clock.now()
    async with db.transaction() as session:
        session.add_all(
            Lease(
                campaign_id=campaign_id,
                first_id=10_000 + number,
                last_id=10_000 + number,
                state=LeaseState.HELD,
                owner=HERE,
                host="here",
                available_at=at,
                claimed_at=at,
                heartbeat_at=at - timedelta(seconds=number),
                expires_at=at + timedelta(minutes=1 if number < 31 else -1),
            )
            for number in range(130)
        )
    await heard(HERE)
    found = await look()
    assert (len(found.leases), found.leases_total, found.leases_expired) == (100, 130, 99)
    beats = [lease.heartbeat_at for lease in found.leases if lease.heartbeat_at]
    assert beats == sorted(beats)
    assert beats[0] <= at - timedelta(seconds=129)
    assert found.workers[0].leases == 130


async def test_running_campaigns_with_their_leases_and_chains(database: str) -> None:
    soon = clock.now() + timedelta(hours=1)
    account = await factory.account()
    later = await running_campaign(3, name="Later", priority=9, account=account)
    first = await running_campaign(1_200, name="First", priority=1, account=account)
    await claim(first, HERE)
    async with db.transaction() as session:
        await session.execute(sa.update(Lease).where(col(Lease.campaign_id) == later).values(available_at=soon))
        session.add(Campaign(name="Paused", status=CampaignStatus.PAUSED))
    await redis.client().flushdb()
    assert await job_chain.ensure(first, 2) == 2
    token = (await redis.client().get(f"chain:{first}:0")).decode().partition("~")[0]
    assert await job_chain.enter(first, 0, token, HERE)
    assert await job_chain.ensure(later, 1, soon) == 1
    found = await look()
    one, two = found.campaigns
    assert ((one.name, one.open, one.held, one.done), found.campaigns_total) == (("First", 2, 1, 0), 2)
    assert (one.chains_running, one.chains_waiting) == (1, 1)
    assert ((two.name, two.open, two.held), (two.chains_running, two.chains_waiting)) == (("Later", 1, 0), (0, 1))
    assert two.available_at == soon
    assert two.chain_due is not None
    assert abs((two.chain_due - soon).total_seconds()) <= 1


async def test_accounts_whose_servers_push_back(database: str, redis_url: str) -> None:
    slow = await factory.account(name="Slow")
    await factory.account(name="Fine")
    await push_back.slower(slow, 0, measured=10, accepted=True, words="451 4.7.1 slow down")
    (found,) = (await look()).slowed
    assert (found.id, found.name, found.pace.words) == (slow, "Slow", "451 4.7.1 slow down")
    assert found.pace.per_second >= 7.0
    assert abs((found.pace.at - clock.now()).total_seconds()) < 30


async def test_accounts_in_trouble(database: str) -> None:
    tried = clock.now()
    resting = await factory.account(
        name="Resting",
        circuit_open_until=tried + timedelta(seconds=120),
        circuit_failures=3,
        last_checked_at=tried,
        last_error="535 wrong password",
    )
    broken = {"pipelining_broken": "off", "pipelining_words": "554 synchronization error"}
    await factory.account(name="Breaks", capabilities={"PIPELINING": "", **broken})
    await factory.account(name="Fine", capabilities={"PIPELINING": ""})
    await factory.account(name="Gone", capabilities=broken, deleted_at=tried)
    async with db.transaction() as session:
        for pauser in Pauser:
            paused = Campaign(name=pauser, status=CampaignStatus.PAUSED, account_id=resting, launched_at=tried)
            paused.paused_by, paused.pauser = SYSTEM.name, pauser
            session.add(paused)
    one, two = (await look()).accounts
    assert (one.name, one.rests, one.words, one.waiting, one.weakness) == (
        "Resting",
        True,
        "535 wrong password",
        1,
        None,
    )
    assert one.since is not None
    assert abs((tried - one.since).total_seconds() - 90) < 1  # after 30 and 60 s it was tried again
    assert two.weakness is not None
    assert (two.name, two.rests, two.weakness.words) == ("Breaks", False, "554 synchronization error")
    assert "one command at a time" in two.weakness.text
    assert service.resting_since(None, 3) is None


async def test_queues_tell_what_waits_what_runs_and_what_is_for_later(database: str) -> None:
    soon = clock.now() + timedelta(hours=1)
    await queue.send([Job("run_import", job_id=f"import:{number}") for number in range(3)])
    await queue.send([Job("run_import", job_id="import:later", defer_until=soon)])
    await redis.client().set("arq:in-progress:import:0", "1")
    stores = (await look()).stores
    assert (stores.work, stores.send) == (Depth(waiting=2, running=1, later=1), Depth(0, 0, 0))
    assert stores.redis_ms is not None
    assert stores.database == ("SQLite" if "sqlite" in database else "PostgreSQL")


async def test_without_redis_the_leases_still_tell(sqlite_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign_id = await running_campaign()
    await claim(campaign_id, HERE)
    await redis.dispose()
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    settings.cache_clear()
    found = await look()
    assert (found.stores.redis_ms, found.stores.send) == (None, None)
    assert [(row.name, row.state, row.leases) for row in found.workers] == [(HERE, WorkerState.ALIVE, 1)]
    assert found.campaigns[0].chains_running is None
    assert found.leases[0].fate is Fate.KEPT


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MARKETER, Role.MANAGER])
async def test_others_are_refused(sqlite_database: str, make_actor: MakeActor, role: Role) -> None:
    with pytest.raises(Forbidden):
        await look(await make_actor(role))
    assert (await look(await make_actor(Role.ADMIN))).workers == ()


def names(heard_ago: dict[str, float], holders: Sequence[Holder] = ()) -> list[tuple[str, WorkerState]]:
    rows = liveness.workers((), {name: AT - timedelta(seconds=ago) for name, ago in heard_ago.items()}, holders, AT)
    return [(row.name, row.state) for row in rows]


def test_who_ended_is_forgotten_unless_nobody_is_left() -> None:
    assert names({HERE: 1, ELSEWHERE: 300, ALSO_HERE: 900}) == [
        (HERE, WorkerState.ALIVE),
        (ELSEWHERE, WorkerState.ENDED),
    ]
    assert names({HERE: 3_000, ELSEWHERE: 900}) == [(ELSEWHERE, WorkerState.ENDED)]
    assert names({}) == []


def test_a_fresh_lease_speaks_for_a_worker_that_redis_forgot() -> None:
    fresh = Holder(HERE, "here", 1, 0, AT - timedelta(seconds=4), AT + timedelta(seconds=26))
    never = Holder(ELSEWHERE, "far", 1, 0, None, None)
    assert names({}, [fresh, never]) == [(ELSEWHERE, WorkerState.LATE), (HERE, WorkerState.ALIVE)]


@pytest.mark.parametrize(
    ("name", "parts"),
    [("web-1.example-4711-ab12", ("web-1.example", "4711")), ("odd", ("odd", "")), ("a-b-c", ("a-b-c", ""))],
)
def test_a_workers_name_tells_its_host(name: str, parts: tuple[str, str]) -> None:
    assert liveness.host_and_pid(name) == parts


async def test_what_is_asked_every_two_seconds_reads_no_whole_ledger(sqlite_database: str) -> None:
    """Old campaigns leave thousands of leases and millions of deliveries, so no query may scan them."""
    await claim(await running_campaign(), HERE)
    asked: list[tuple[str, Any]] = []
    engine = db.engines().read.sync_engine

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    sa.event.listen(engine, "before_cursor_execute", note)
    await look()
    sa.event.remove(engine, "before_cursor_execute", note)
    plans = []
    async with db.engines().read.connect() as connection:
        for statement, parameters in asked:
            if "lease" in statement:
                rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans += [str(row[-1]) for row in rows]
    assert plans
    assert not [step for step in plans if re.match("SCAN (lease|delivery)", step)]
    assert {step for step in plans if "SEARCH delivery" in step} == {
        "SEARCH delivery USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"
    }
