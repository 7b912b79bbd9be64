"""The operations page: what it says, who may see it, and that it moves only while it is open."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from campaign_app.channels.email_smtp import learnt
from campaign_app.channels.reported import Reported
from campaign_app.core import redis
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Forbidden, Unauthenticated
from campaign_app.core.queue import Depth
from campaign_app.delivery.reporting.account_rates import Pace
from campaign_app.delivery.runtime import job_chain
from campaign_app.models.user import Role
from campaign_app.ops import service
from campaign_app.ops.schemas import (
    AccountTrouble,
    CampaignWork,
    Fate,
    LeaseRow,
    Operations,
    SlowedAccount,
    Stores,
    WorkerRow,
    WorkerState,
)
from campaign_app.ui import routes
from campaign_app.ui.accounts.labels import pace_sentence, reported_sentence
from campaign_app.ui.app_state import AppState
from campaign_app.ui.operations import operations_state, presenters
from campaign_app.ui.operations.operations_state import OperationsPage
from campaign_app.ui.settings.profile_state import Profile
from tests.conftest import MakeActor
from tests.stack import Person, Stack
from tests.ui.tabs import Tab
from tests.ui.test_accounts import Background
from tests.wsclient import Tab as Socket
from tests.wsclient import handler

AT = datetime(2026, 11, 25, 9, 0, 12, tzinfo=UTC)
ALIVE = WorkerRow(
    name="here-41-aaaa",
    host="here",
    pid="41",
    state=WorkerState.ALIVE,
    heard_at=AT - timedelta(seconds=2),
    leases=2,
    fate=Fate.KEPT,
    started_at=AT - timedelta(hours=3),
    rate_per_minute=1240.4,
    in_flight=7,
    campaigns=1,
)
LATE = WorkerRow(
    name="far-7-cccc",
    host="far",
    pid="7",
    state=WorkerState.LATE,
    heard_at=AT - timedelta(seconds=34),
    leases=1,
    fate=Fate.TAKEN_OVER,
    taken_over_at=AT + timedelta(seconds=56),
)
LEASE = LeaseRow(
    id=1,
    campaign_id=5,
    campaign_name="Restock",
    owner="here-41-aaaa",
    host="here",
    first_id=12_001,
    last_id=12_500,
    pending=312,
    total=480,
    claimed_at=AT - timedelta(seconds=90),
    heartbeat_at=AT - timedelta(seconds=4),
    expires_at=AT + timedelta(seconds=26),
    expired=False,
    fate=Fate.KEPT,
    taken_over_at=AT + timedelta(seconds=86),
)
EXPIRED = replace(
    LEASE,
    id=2,
    owner="far-7-cccc",
    host="far",
    heartbeat_at=AT - timedelta(seconds=34),
    expires_at=AT - timedelta(seconds=4),
    expired=True,
    fate=Fate.TAKEN_OVER,
    taken_over_at=AT + timedelta(seconds=56),
)
STORES = Stores("SQLite", 2.4, 0.3, Depth(3, 2, 1), Depth(0, 1, 0))


def found(**changes: Any) -> Operations:
    whole = Operations(AT, (), (), 0, 0, (), 0, (), STORES)
    return replace(whole, **changes)


@pytest.mark.parametrize(
    ("per_second", "said"),
    [
        (4.6, "about 2 a second 4 min ago and is about 5 a second now"),
        (0.5, "about 15 a minute 4 min ago and is about 30 a minute now"),
        (0.001, "about 1 a minute 4 min ago"),
    ],
)
def test_a_server_that_pushes_back_in_words(per_second: float, said: str) -> None:
    pace = Pace(per_second, AT - timedelta(minutes=4), "451 4.7.1 slow down", per_second / 2)
    slow = SlowedAccount(7, "News", pace)
    (note,) = presenters.seen(found(slowed=(slow,)), "UTC").accounts
    assert note.title == "The server of News asks to slow down"
    assert note.detail.startswith(f"The rate was lowered to {said}. It rises a little every second")
    assert note.detail.endswith("Its server said: 451 4.7.1 slow down")
    assert note.href == routes.account(7)


def test_a_rate_that_has_grown_far_is_no_number() -> None:
    free = Pace(436_000_000.0, AT, "451", 8.4)
    said = pace_sentence(free, AT, "UTC")
    assert said.startswith("The rate was lowered to about 8 a second just now. Nothing was put off since then")
    assert "436" not in said


def test_reports_about_the_sender_in_words() -> None:
    told = Reported(7, AT - timedelta(minutes=9), AT - timedelta(minutes=2), "554 blocked using a list")
    row = AccountTrouble(7, "News", False, None, None, "", 0, None, told)
    (note,) = presenters.seen(found(accounts=(row,)), "UTC").accounts
    assert (note.mark, note.title) == ("warning", "Reports say that servers refuse mail of News")
    assert note.detail.startswith("7 reports within an hour, the last one 2 min ago. No address was suppressed for it.")
    assert note.detail.endswith("stop the account's campaigns. The last one's words: 554 blocked using a list")
    assert note.href == routes.account(7)
    assert reported_sentence(0, AT, AT, "UTC").startswith("The last report came just now.")


BREAKS = learnt.weakness({"pipelining_broken": "off", "pipelining_words": "554 sync error"})


def test_a_worker_in_words() -> None:
    seen = presenters.seen(found(workers=(ALIVE,)), "Europe/Berlin")
    (line,) = seen.workers
    assert (line.place, line.state, line.since, line.heard) == ("here · process 41", "alive", "07:00", "2 s ago")
    assert (line.rate, line.in_flight, line.campaigns, line.leases) == ("1,240", "7", "1", "2")
    assert (seen.alive, seen.late, seen.rate, seen.in_flight) == ("1", "", "1,240", "7 in flight")
    assert not seen.no_worker


def test_a_late_worker_is_said_with_what_happens_next() -> None:
    seen = presenters.seen(found(workers=(LATE, ALIVE)), "UTC")
    (note,) = seen.worker_notes
    assert (note.mark, seen.late) == ("late", "1 late")
    assert note.title == "far-7-cccc has not been heard of since 08:59 (34 s ago)"
    assert note.detail.startswith("It holds 1 lease. No worker lives on far, where the journal lies.")
    assert "takes it over in 56 s; whoever may have got the message becomes uncertain" in note.detail
    assert "Start a worker on far: it knows from the journal who got it" in note.detail


def test_outcomes_that_wait_too_long_are_said_and_why() -> None:
    writing = replace(ALIVE, unwritten=600)
    assert presenters.seen(found(workers=(writing,)), "UTC").worker_notes == []
    (note,) = presenters.seen(found(workers=(replace(writing, unwritten=2_300, behind=True),)), "UTC").worker_notes
    assert note.title == "here-41-aaaa writes more slowly than it sends"
    assert note.detail == (
        "2,300 outcomes wait for the database. When they become too many, it sends nothing until it has caught up."
    )
    cut_off = replace(writing, unwritten=40, failing_since=AT - timedelta(seconds=20))
    (note,) = presenters.seen(found(workers=(cut_off,)), "UTC").worker_notes
    assert note.title == "here-41-aaaa has not reached the database since 08:59 (20 s ago)"
    assert note.detail.startswith("40 outcomes wait in it and in its journal. It takes nothing new until")


@pytest.mark.parametrize(
    ("fate", "says"),
    [
        (Fate.JOURNAL, "It holds 2 leases. Another worker lives on far: once process 7 has ended"),
        (Fate.NOBODY, "Start one on far (./campaign worker): it settles them from the journal first"),
    ],
)
def test_what_happens_to_a_late_worker_depends_on_who_lives(fate: Fate, says: str) -> None:
    seen = presenters.seen(found(workers=(replace(LATE, fate=fate, leases=2),)), "UTC")
    assert says in seen.worker_notes[0].detail


@pytest.mark.parametrize(
    ("fate", "says"),
    [
        (Fate.JOURNAL, "Once its process has ended, a worker of far settles them from the journal"),
        (Fate.TAKEN_OVER, "A worker of another host takes them over in 56 s"),
        (Fate.NOBODY, "Nobody settles them until a worker starts"),
        (Fate.UNRENEWED, "does not get through to the database"),
    ],
)
def test_expired_leases_are_said_once_for_each_holder(fate: Fate, says: str) -> None:
    expired = replace(EXPIRED, fate=fate)
    rows = (replace(expired, id=3), expired, LEASE)
    seen = presenters.seen(found(leases=rows, leases_total=3, leases_expired=2), "UTC")
    (note,) = seen.lease_notes
    assert note.title == "2 leases of far-7-cccc have expired"
    assert says in note.detail
    assert [line.state for line in seen.leases] == ["expired", "expired", "held"]
    assert (seen.held, seen.expired, seen.leases_shown) == ("3", "2 expired", "")


def test_a_lease_in_words() -> None:
    overdue = replace(EXPIRED, taken_over_at=AT - timedelta(seconds=1))
    seen = presenters.seen(found(leases=(LEASE, overdue), leases_total=130), "UTC")
    line, other = seen.leases
    assert (line.href, line.people, line.left) == ("/campaigns/5", "Recipients 12,001–12,500", "312 of 480")
    assert (line.claimed, line.heard, line.expires) == ("2 min ago", "4 s ago", "in 26 s")
    assert other.expires == "Expired 4 s ago"
    assert seen.leases_shown == "2 of 130, least recent heartbeat first"
    assert "at its next sweep" in seen.lease_notes[0].detail


@pytest.mark.parametrize(
    ("changes", "jobs", "opens"),
    [
        ({"open": 4, "chains_running": 2, "chains_waiting": 0, "available_at": AT}, "2 running", "Now"),
        (
            {
                "open": 1,
                "chains_running": 0,
                "chains_waiting": 1,
                "chain_due": AT + timedelta(hours=2),
                "available_at": AT + timedelta(hours=2),
            },
            "1 waiting, next at 11:00",
            "at 11:00",
        ),
        ({"open": 1, "chains_running": 0, "chains_waiting": 0}, "None; the next sweep starts them", "–"),
        ({}, "–", "–"),
    ],
)
def test_a_campaigns_jobs_in_words(changes: dict[str, Any], jobs: str, opens: str) -> None:
    row = replace(CampaignWork(5, "Restock", 0, 1, 7, None), **changes)
    (line,) = presenters.seen(found(campaigns=(row,), campaigns_total=1), "UTC").campaigns
    assert (line.jobs, line.opens, line.held, line.done) == (jobs, opens, "1", "7")


def test_accounts_in_trouble_in_words() -> None:
    later = AT + timedelta(seconds=50)
    both = AccountTrouble(3, "News", True, AT - timedelta(minutes=2), later, "535 no", 2, BREAKS)
    rests, broken = presenters.seen(found(accounts=(both,)), "UTC").accounts
    assert (rests.mark, rests.title, rests.href) == ("disconnected", "News rests after failures", "/accounts/3")
    assert rests.detail == ("Since about 08:58. Tried again in 50 s; 2 campaigns wait for it. Its server said: 535 no")
    assert broken.title == "The server of News breaks on PIPELINING"
    assert "one command at a time instead" in broken.detail
    assert "554 sync error" in broken.detail


def test_queues_and_stores_in_words() -> None:
    seen = presenters.seen(found(), "UTC")
    assert (seen.database, seen.redis) == ("SQLite answers in 2 ms", "Answers in less than 1 ms")
    assert (seen.send_queue, seen.work_queue) == (
        "3 waiting, 2 running, 1 for later",
        "0 waiting, 1 running, 0 for later",
    )
    assert (seen.waiting, seen.running) == ("3", "3 running")
    assert seen.no_worker
    ended = replace(LATE, state=WorkerState.ENDED, leases=0)
    seen = presenters.seen(found(workers=(ended,), stores=replace(STORES, redis_ms=None, send=None, work=None)), "UTC")
    assert "holds no lease" in seen.worker_notes[0].detail
    assert (seen.no_redis, seen.waiting, seen.send_queue, seen.redis) == (True, "–", "–", "Does not answer")


@pytest.fixture
async def tab(sqlite_database: str, redis_url: str, make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch) -> Tab:
    return Tab(await make_actor(Role.ADMIN), monkeypatch).go(routes.OPERATIONS)


async def heartbeat(client: Any, name: str = "here-41-aaaa", in_flight: int = 7) -> None:
    """What a worker says every two seconds."""
    now = datetime.now(UTC)
    body = {
        "host": "here",
        "pid": 41,
        "started_at": now.isoformat(),
        "heard_at": now.isoformat(),
        "campaigns": 1,
        "in_flight": in_flight,
        "rate_per_minute": 60.0,
        "draining": False,
    }
    await client.set(f"beacon:worker:{name}", json.dumps(body), ex=60)
    await client.zadd(job_chain.WORKERS, {name: now.timestamp()})


async def test_opened_it_shows_and_begins_to_follow(tab: Tab) -> None:
    await heartbeat(redis.client())
    page = tab.state(OperationsPage)
    assert await OperationsPage.load.fn(page) == OperationsPage.follow
    assert not page.loading
    assert [line.name for line in page.seen.workers] == ["here-41-aaaa"]


class Rounds:
    """Stands for the two seconds between looks: does what is planned for each, then the page is closed."""

    def __init__(self, tab: Tab, *acts: Any) -> None:
        self.acts = list(acts)
        self.tab = tab

    async def sleep(self, _seconds: float) -> None:
        if self.acts:
            await self.acts.pop(0)()
        else:
            self.tab.go(routes.DASHBOARD)


async def follow(tab: Tab, monkeypatch: pytest.MonkeyPatch, *acts: Any) -> OperationsPage:
    monkeypatch.setattr(operations_state.asyncio, "sleep", Rounds(tab, *acts).sleep)
    page = tab.state(OperationsPage)
    await OperationsPage.follow.fn(Background(page))
    return page


async def test_it_looks_again_until_the_tab_is_elsewhere(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    async def worker_comes() -> None:
        await heartbeat(redis.client())

    page = await follow(tab, monkeypatch, worker_comes)
    assert [line.in_flight for line in page.seen.workers] == ["7"]


async def test_a_database_that_is_away_is_said_and_what_was_seen_stays(
    tab: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, said = service.operations, []

    async def goes() -> None:
        await heartbeat(redis.client())
        await OperationsPage.load.fn(tab.state(OperationsPage))

        async def away(*_: Any) -> None:
            raise OperationalError("SELECT 1", {}, OSError("refused"))

        monkeypatch.setattr(service, "operations", away)

    async def comes_back() -> None:
        said.append(tab.state(OperationsPage).silent_since)
        monkeypatch.setattr(service, "operations", real)

    page = await follow(tab, monkeypatch, goes, comes_back)
    assert said[0].endswith("UTC")
    assert page.silent_since == ""
    assert len(page.seen.workers) == 1


async def test_a_session_that_ends_ends_it(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    async def signed_out() -> None:
        async def nobody(_token: str, _ip: str = "") -> None:
            return None

        monkeypatch.setattr("campaign_app.ui.app_state.current_actor", nobody)

    with pytest.raises(Unauthenticated):
        await follow(tab, monkeypatch, signed_out)


async def test_a_role_that_was_changed_ends_it(
    tab: Tab, make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = await make_actor(Role.VIEWER)

    async def changed() -> None:
        async def who(_token: str, _ip: str = "") -> Actor:
            return viewer

        monkeypatch.setattr("campaign_app.ui.app_state.current_actor", who)

    monkeypatch.setattr(operations_state.asyncio, "sleep", Rounds(tab, changed).sleep)
    assert await OperationsPage.follow.fn(Background(tab.state(OperationsPage))) == AppState.enter


async def test_only_the_newest_follower_of_a_tab_goes_on(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    async def opened_again() -> None:
        tab.state(OperationsPage)._turn += 1

    page = await follow(tab, monkeypatch, opened_again)
    assert page.seen == presenters.Seen()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MARKETER, Role.MANAGER])
async def test_others_get_nothing(
    sqlite_database: str, redis_url: str, make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    tab = Tab(await make_actor(role), monkeypatch).go(routes.OPERATIONS)
    with pytest.raises(Forbidden):
        await tab.do(OperationsPage.load)
    with pytest.raises(Forbidden):
        await OperationsPage.follow.fn(Background(tab.state(OperationsPage)))
    assert tab.state(OperationsPage).seen == presenters.Seen()


# ── over the websocket of a real web process ──

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def product(redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(var=tmp_path_factory.mktemp("web"), redis_url=f"{redis_server}/4")
    try:
        stack.prepare(*(Person(f"{role}@example.com", PASSWORD, role) for role in ("owner", "viewer")))
        stack.start("web", "tests.backend")
        stack.wait_for(f"{stack.url}/api/health", "web")
        yield stack
    finally:
        stack.stop_all()


async def signed_in(product: Stack, role: str) -> str:
    async with httpx.AsyncClient(timeout=60, base_url=product.url) as browser:
        await browser.post("/auth/login", data={"email": f"{role}@example.com", "password": PASSWORD})
        return browser.cookies["beacon_session"]


@pytest.fixture
async def worker(product: Stack) -> AsyncIterator[Any]:
    """The product's Redis, where a worker's heartbeats go."""
    from redis.asyncio import from_url

    async with from_url(product.redis_url) as client:
        yield client


async def test_news_arrive_while_the_page_is_open_and_stop_when_it_is_left(product: Stack, worker: Any) -> None:
    def in_flight(tab: Socket) -> str:
        seen = tab.value(OperationsPage, "seen") or {}
        return next((line["in_flight"] for line in seen.get("workers", [])), "")

    async with Socket(product.url, await signed_in(product, "owner")) as tab:
        await tab.open(routes.OPERATIONS)
        await tab.until(lambda t: t.value(OperationsPage, "loading") is False)
        for number in (11, 12):
            await heartbeat(worker, in_flight=number)
            await tab.until(lambda t, number=number: in_flight(t) == str(number))
        tab._path = routes.PROFILE
        await tab.call("reflex___state____state.reflex___state____on_load_internal_state.on_load_internal")
        await tab.until(lambda t: t.value(Profile, "name") == "Owner")
        await heartbeat(worker, in_flight=13)
        await asyncio.sleep(2 * operations_state.EVERY_S + 0.5)
        assert in_flight(tab) == "12"


async def test_a_viewer_is_refused_over_the_socket(product: Stack, worker: Any) -> None:
    await heartbeat(worker)
    async with Socket(product.url, await signed_in(product, "viewer")) as tab:
        await tab.open(routes.OPERATIONS)
        await tab.until(lambda t: t.said("Not allowed"))
        for name in ("load", "follow"):
            before = len(tab.events)
            await tab.call(handler(OperationsPage, name))
            await tab.until(lambda t, before=before: len(t.events) > before)
        assert "workspace:read" not in tab.value(AppState, "permissions")
        assert not tab.said("here-41-aaaa")
