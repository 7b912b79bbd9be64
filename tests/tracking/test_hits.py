"""Batches of opens and clicks: people counted once and every time, and machines, each in its own column."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_app.core import db
from campaign_app.core.clock import now
from campaign_app.models.campaign import CampaignDomain, CampaignLink, CampaignMinute
from campaign_app.models.delivery import EventKind
from campaign_app.tracking import machines, service
from campaign_app.tracking.buffer import Buffer
from campaign_app.tracking.hits import Batch, Hit, Target
from tests.tracking import world
from tests.tracking.world import PERSON

OPEN, CLICK, VIEW = EventKind.OPEN, EventKind.CLICK, EventKind.VIEW
AT = datetime(2026, 11, 17, 9, tzinfo=UTC)


async def record(*hits: Hit) -> None:
    async with db.transaction() as session:
        await service.record_hits(session, hits)


def hit(kind: EventKind, delivery_id: int, link: int | None = None, **more: object) -> Hit:
    return Hit(kind, delivery_id, more.pop("at", None) or now(), link=link, **{"user_agent": PERSON, **more})


async def test_people_are_counted_once_and_every_time(database: str) -> None:
    here = await world.sent()
    first, second, _ = here.deliveries
    await record(hit(OPEN, first), hit(OPEN, first), hit(CLICK, second, 0), hit(CLICK, second, 0))
    await record(hit(OPEN, first), hit(CLICK, second, 1), hit(VIEW, first))
    counter = await world.counter(here.campaign)
    assert (counter.opened, counter.opens) == (2, 3)  # a click implies an open
    assert (counter.clicked, counter.clicks) == (1, 3)
    assert counter.total == counter.sent == 3
    links = {row.position: (row.clicks, row.people) for row in await world.rows(CampaignLink, here.campaign)}
    assert links == {0: (2, 1), 1: (1, 1), 2: (0, 0)}
    domains = {row.domain: (row.opened, row.clicked) for row in await world.rows(CampaignDomain, here.campaign)}
    assert domains == {"mail0.example": (1, 0), "mail1.example": (1, 1)}
    minutes = await world.rows(CampaignMinute, here.campaign)
    assert sum(row.opens for row in minutes) == 3
    assert sum(row.opened for row in minutes) == 2
    assert sum(row.clicks for row in minutes) == 3
    stored = await world.delivery(second)
    assert stored.opened_at == stored.clicked_at is not None
    assert len(await world.events(here.campaign)) == 7


async def test_machines_have_their_own_columns_and_reasons(database: str) -> None:
    here = await world.sent()
    first = here.deliveries[0]
    await record(hit(OPEN, first, user_agent="Mozilla/5.0"), hit(CLICK, first, 0, method="HEAD"))
    counter = await world.counter(here.campaign)
    assert (counter.opened, counter.opens, counter.clicked, counter.clicks) == (0, 0, 0, 0)
    assert (counter.machine_opens, counter.machine_clicks) == (1, 1)
    assert [event.machine for event in await world.events(here.campaign)] == [machines.PRIVACY_PROXY, machines.PROBE]
    assert (await world.delivery(first)).opened_at is None


async def test_every_link_within_seconds_of_sending_is_a_scanner(database: str) -> None:
    here = await world.sent(sent_before=timedelta(seconds=2))
    first, second, _ = here.deliveries
    await record(*(hit(CLICK, first, link) for link in range(3)), hit(CLICK, second, 0), hit(CLICK, second, 2))
    counter = await world.counter(here.campaign)
    assert (counter.machine_clicks, counter.clicks, counter.clicked) == (3, 2, 1)
    await record(hit(CLICK, second, 1))  # in another batch; with this click the scanner is recognised
    counter = await world.counter(here.campaign)
    assert counter.machine_clicks == 4


async def test_every_link_an_hour_later_is_a_keen_reader(database: str) -> None:
    here = await world.sent()
    await record(*(hit(CLICK, here.deliveries[0], link) for link in range(3)))
    assert (await world.counter(here.campaign)).clicks == 3


async def test_hits_of_unknown_deliveries_are_left_out(database: str) -> None:
    here = await world.sent()
    await record(hit(OPEN, 999_999), hit(OPEN, here.deliveries[0]))
    assert (await world.counter(here.campaign)).opens == 1


@pytest.mark.parametrize(
    ("agent", "ip", "seconds", "expected"),
    [
        (PERSON, "", 1, ""),
        ("Mozilla/5.0", "", 3_600, machines.PRIVACY_PROXY),
        (PERSON, "17.58.0.1", 3_600, machines.PRIVACY_PROXY),
        ("Mozilla/5.0 (via ggpht.com GoogleImageProxy)", "", 3, machines.PREFETCH),
        ("Mozilla/5.0 (via ggpht.com GoogleImageProxy)", "", 3_600, ""),
        ("Barracuda Sentinel", "", 3_600, machines.SCANNER),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", "", 3_600, machines.BOT),
        ("curl/8.0", "", 3_600, machines.BOT),
        ("", "", 3_600, machines.NO_AGENT),
    ],
)
def test_who_opens(agent: str, ip: str, seconds: int, expected: str) -> None:
    found = machines.reason(OPEN, "GET", agent, ip, AT + timedelta(seconds=seconds), AT)
    assert found == expected
    assert not found or machines.group(found) in set(machines.GROUPS.values())


TARGETS = {number: Target(number, 1, number, f"d{number % 2}", AT, None, None) for number in range(1, 5)}
HITS = st.builds(
    Hit,
    st.sampled_from([OPEN, CLICK, VIEW]),
    st.integers(1, 5),
    st.integers(0, 7_200).map(lambda seconds: AT + timedelta(seconds=seconds)),
    st.integers(0, 2),
    st.sampled_from(["GET", "HEAD"]),
    st.just(""),
    st.sampled_from([PERSON, "Mozilla/5.0", "bot/1"]),
)


@given(st.lists(HITS, max_size=30), st.randoms())
def test_a_batch_adds_up_in_any_order(hits: list[Hit], chance: object) -> None:
    changes = Batch(TARGETS, {}, set(), {1: 3}).add(hits)
    shuffled = list(hits)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    again = Batch(TARGETS, {}, set(), {1: 3}).add(shuffled)
    assert changes.counters == again.counters
    assert (changes.opened, changes.clicked) == (again.opened, again.clicked)
    counted = changes.counters[1]
    known = [one for one in hits if one.delivery_id in TARGETS]
    assert len(changes.events) == len(known)
    assert counted["opens"] + counted["machine_opens"] == sum(one.kind is OPEN for one in known)
    assert counted["clicks"] + counted["machine_clicks"] == sum(one.kind is CLICK for one in known)
    assert counted["opened"] == len(changes.opened) >= counted["clicked"] == len(changes.clicked)
    assert sum(row["clicks"] for row in changes.links.values()) == counted["clicks"]
    assert sum(row["opened"] for row in changes.minutes.values()) == counted["opened"]
    assert sum(row["opened"] for row in changes.domains.values()) == counted["opened"]


async def test_the_buffer_writes_in_batches_keeps_what_failed_and_holds_what_must_wait() -> None:
    batches: list[int] = []
    fail = [True]

    async def write(hits: object) -> None:
        if fail.pop() if fail else False:
            raise ConnectionError("database away")
        batches.append(len(hits))  # type: ignore[arg-type]

    kept = Buffer(write)
    for number in range(3):
        kept.put(hit(OPEN, number + 1))
    kept.put(hit(CLICK, 1, 0), hold_s=60)
    with pytest.raises(ConnectionError):
        await kept.flush()
    assert len(kept) == 4
    assert await kept.flush() == 3
    assert len(kept) == 1
    await kept.stop()
    assert batches == [3, 1]
    assert len(kept) == 0


async def test_the_buffer_writes_by_itself() -> None:
    import asyncio

    done = asyncio.Event()

    async def write(hits: object) -> None:
        done.set()

    kept = Buffer(write)
    kept.put(hit(OPEN, 1))
    await asyncio.wait_for(done.wait(), 5)
    await kept.stop()
