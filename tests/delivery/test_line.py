"""An account's line without a server: whose matter each answer is, what it costs, and what is taken next."""

import asyncio
import math
from collections.abc import Coroutine
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest

from campaign_app.channels.base import Outgoing, Party, Result, Verdict
from campaign_app.core import clock
from campaign_app.core.rate_limit import Limits
from campaign_app.delivery.fast import Hold, Row
from campaign_app.delivery.feed import Feed, Item
from campaign_app.delivery.journal import State
from campaign_app.delivery.lane import Lane, LeftOut
from campaign_app.delivery.line import MOST_TRIES, TROUBLE_AT, Line
from campaign_app.delivery.outcome import Outcome
from campaign_app.delivery.refusals import FIRST
from campaign_app.delivery.slowing import ABOUT_ONE
from campaign_app.models.delivery import DeliveryStatus, Reason

S, V = DeliveryStatus, Verdict
OK = Result(V.ACCEPTED, response="250 ok")
SLOW = Result(V.TEMPORARY, Reason.TEMPORARY, "451 slow down", throttled=True, rule="too-fast", party=Party.ACCOUNT)
UNKNOWN = Result(V.PERMANENT, Reason.UNKNOWN_ADDRESS, "550 5.1.1 who", party=Party.RECIPIENT, rule="unknown-recipient")
SPAM = Result(V.PERMANENT, Reason.POLICY, "554 spam", party=Party.CONTENT, rule="spam-content")
OURS = Result(V.NOT_TRIED, Reason.ACCOUNT, "550 relay denied", account_trouble=True, rule="relay-denied")
UNSENT = Result(V.NOT_TRIED, response="closed")


class Office:
    """A desk that notes what it is told and runs nothing."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.spawned: list[str] = []
        self.troubles: list[str] = []
        self.campaign_troubles: list[str] = []
        self.refills = 0
        self.stuck = False

    def outcome(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def refill(self, _lane: Lane, feed: Feed) -> None:
        self.refills += 1
        feed.reading = True

    def is_stuck(self) -> bool:
        return self.stuck

    def account_trouble(self, _account_id: int, words: str) -> None:
        self.troubles.append(words)

    def campaign_trouble(self, lane: Lane, words: str) -> None:
        self.campaign_troubles.append(f"{lane.campaign_id} {words}")

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        self.spawned.append(work.__name__)
        work.close()


class Marks:
    """A region that only remembers."""

    def __init__(self) -> None:
        self.states: dict[int, State] = {}

    def append(self, rows: list[tuple[int, int]]) -> int:
        first = len(self.states)
        self.states |= dict.fromkeys(range(first, first + len(rows)), State.NONE)
        return first

    def mark(self, slot: int, state: State) -> None:
        self.states[slot] = state


class Place:
    """A line with one campaign, no limits and as many rows as wanted."""

    def __init__(self, rows: int = 200) -> None:
        self.office, self.region, self.ended = Office(), Marks(), []
        self.line = Line(9, self.office, [60.0, 120.0])  # type: ignore[arg-type]
        self.lane = self.add(1, rows)

    @property
    def feed(self) -> Feed:
        return self.lane.feeds[0]

    def add(self, campaign_id: int, rows: int = 0, *, per_minute: int = 0, account: int = 0, priority: int = 5) -> Lane:
        message: Any = SimpleNamespace(links=[], reads=set(), personal={})
        limits = Limits(campaign_id, 9, per_minute=per_minute, account_per_minute=account)
        options: dict[str, Any] = {"composer": None, "from_address": "a@b.example", "around": {}, "base": ""}
        lane = Lane(campaign_id, 0, message=message, limits=limits, priority=priority, **options)
        lane.make = lambda item: Outgoing(item.row.id, "a@b.example", item.row.address, b"")  # type: ignore[method-assign]
        lane.slots.free(math.inf)
        feed = Feed(Hold(campaign_id, 1, campaign_id, 1, 10_000), self.region, clock.steady(), self.ended.append)  # type: ignore[arg-type]
        first = campaign_id * 1_000
        feed.extend([Row(first + n, f"p{n}@d.example", "d.example", 0, None, {}) for n in range(rows)], 10_000)
        lane.feeds.append(feed)
        self.line.enter(lane)
        return lane

    def settle(self, result: Result, *, handed: bool = False) -> int:
        """Take a message and have it answered; its key."""
        message = self.line.take()
        assert message is not None
        if handed:
            self.line.handed_over(message.key)
        self.line.settled(message.key, result)
        return message.key

    def go_on(self, step: int, per_second: float) -> None:
        """A signal is answered, and slots of the new rate come."""
        self.line.slowing.go_on(step, per_second)
        self.lane.slots.free(math.inf)

    def item(self, key: int) -> Item:
        return next(item for item in self.feed.rows if item.row.id == key)

    @property
    def told(self) -> list[tuple[S, Reason, int]]:
        return [(outcome.status, outcome.reason, outcome.attempts) for outcome in self.office.outcomes]


@pytest.fixture
async def place() -> Place:
    return Place()


async def test_what_is_accepted(place: Place) -> None:
    key = place.settle(OK, handed=True)
    assert place.told == [(S.SENT, Reason.NONE, 1)]
    assert place.office.outcomes[0].delivery_id == key
    assert place.region.states[0] is State.ACCEPTED
    assert (place.lane.beginning.accepted, place.line.slowing.accepted) == (1, 1)
    assert place.office.spawned == []
    assert place.line.per_second > 0


async def test_the_hundredth_is_reported_and_nothing_is_taken_until_the_report_is_answered(place: Place) -> None:
    for _ in range(FIRST):
        assert place.office.spawned == []
        place.settle(OK)
    assert place.office.spawned == ["report"]
    assert place.line.take() is None, "one more could be one too many"
    place.lane.beginning.reporting = False
    place.lane.beginning.is_open = False
    place.settle(OK)
    assert place.office.spawned == ["report"], "later nobody asks"


async def test_a_final_refusal_is_reported_in_the_beginning(place: Place) -> None:
    place.settle(SPAM, handed=True)
    assert place.told == [(S.FAILED, Reason.POLICY, 1)]
    assert place.region.states[0] is State.REFUSED
    assert (place.office.spawned, place.lane.beginning.events) == (["report"], [(0, "spam-content")])
    assert place.lane.dead == []


async def test_a_report_under_way_takes_the_next_refusal_along(place: Place) -> None:
    first, second = place.line.take(), place.line.take()
    assert first is not None
    assert second is not None
    place.line.settled(first.key, SPAM)
    place.line.settled(second.key, SPAM)
    assert place.office.spawned == ["report"]
    assert len(place.lane.beginning.events) == 2


async def test_dead_addresses_wait_for_the_end_of_the_beginning(place: Place) -> None:
    key = place.settle(UNKNOWN)
    assert (place.lane.dead, place.office.spawned) == ([key], ["report"]), "the server may be at fault for all of them"


@pytest.mark.parametrize(
    ("tripped", "suppressing", "spawned"), [(False, False, ["suppress"]), (True, False, []), (False, True, [])]
)
async def test_dead_addresses_are_suppressed_behind_it(
    place: Place, tripped: bool, suppressing: bool, spawned: list[str]
) -> None:
    place.lane.beginning.is_open, place.lane.beginning.tripped = False, tripped
    place.lane.suppressing = suppressing
    key = place.settle(UNKNOWN)
    assert (place.lane.dead, place.office.spawned) == ([key], spawned)


async def test_other_refusals_suppress_nobody(place: Place) -> None:
    place.lane.beginning.is_open = False
    place.settle(SPAM)
    assert (place.lane.dead, place.office.spawned) == ([], [])


async def test_a_refusal_without_a_reason_has_one(place: Place) -> None:
    place.settle(Result(V.PERMANENT))
    assert place.told == [(S.FAILED, Reason.REFUSED, 1)]


async def test_push_back_costs_nothing_and_goes_last(place: Place) -> None:
    key = place.settle(SLOW, handed=True)
    assert place.told == []
    assert (place.feed.rows[-1].row.id, place.feed.rows[-1].handed) == (key, False)
    assert place.region.states[0] is State.NONE
    assert (place.lane.unspent, place.office.spawned, place.office.troubles) == (1, ["slow_down"], [])
    assert place.line.take() is None, "nothing is taken until the rate is known"


async def test_a_burst_is_one_signal(place: Place) -> None:
    taken = [place.line.take() for _ in range(5)]
    for message in taken:
        assert message is not None
        place.line.settled(message.key, SLOW)
    assert (place.office.spawned, place.lane.unspent) == (["slow_down"], 5)
    place.go_on(step=7, per_second=2.0)
    assert place.line.take() is not None


async def test_what_was_taken_before_a_step_tells_nothing_new(place: Place) -> None:
    early = place.line.take()
    assert early is not None
    place.line.slowing.hear(step=7, per_second=2.0)
    place.lane.slots.free(math.inf)
    place.line.settled(early.key, SLOW)
    assert place.office.spawned == []
    assert place.settle(SLOW) != early.key
    assert place.office.spawned == ["slow_down"]


async def test_account_trouble_that_is_push_back_is_no_trouble(place: Place) -> None:
    hung_up = Result(V.NOT_TRIED, Reason.ACCOUNT, "421 slow", account_trouble=True, throttled=True, rule="too-fast")
    place.settle(hung_up)
    assert (place.told, place.office.troubles, place.office.spawned) == ([], [], ["slow_down"])
    assert place.line._failures == 0


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [(V.PERMANENT, (S.FAILED, Reason.TEMPORARY, 1)), (V.UNCERTAIN, (S.UNCERTAIN, Reason.TEMPORARY, 1))],
)
async def test_what_is_final_or_in_doubt_is_not_taken_again_for_being_too_fast(
    place: Place, verdict: Verdict, outcome: tuple[S, Reason, int]
) -> None:
    place.settle(Result(verdict, Reason.TEMPORARY, "550 too fast", throttled=True, rule="too-fast"))
    assert place.told == [outcome]
    assert "slow_down" not in place.office.spawned


async def put_off_alone(place: Place, result: Result) -> int:
    """One message gets `result` again and again while as many others are accepted; its key."""
    message = place.line.take()
    assert message is not None
    key = message.key
    for _ in range(ABOUT_ONE):
        place.line.settled(key, result)
        if place.office.outcomes and place.office.outcomes[-1].delivery_id == key:
            return key
        place.go_on(place.line.slowing.step, 0.0)
        for _ in range(ABOUT_ONE):
            place.feed.rows.remove(found := place.item(key))
            place.feed.rows.append(found)
            place.settle(OK)
        place.feed.rows.remove(found)
        place.feed.rows.appendleft(found)
        again = place.line.take()
        assert again is not None
        assert again.key == key
    return key


async def test_one_that_alone_is_pushed_back_is_the_reason_itself(place: Place) -> None:
    key = await put_off_alone(place, SLOW)
    last = place.office.outcomes[-1]
    assert (last.delivery_id, last.status, last.reason, last.attempts) == (key, S.PENDING, Reason.TEMPORARY, 1)
    assert last.next_attempt_at is not None


async def test_one_whose_server_alone_refuses_the_account_is_put_off_with_the_reason(place: Place) -> None:
    key = await put_off_alone(place, OURS)
    last = place.office.outcomes[-1]
    assert (last.delivery_id, last.status, last.reason, last.attempts) == (key, S.PENDING, Reason.SENDER_REFUSED, 1)
    assert place.office.troubles == [], "the others are accepted"


async def test_an_account_that_everybody_refuses_is_in_trouble_and_nobody_pays(place: Place) -> None:
    keys = [place.settle(OURS) for _ in range(TROUBLE_AT)]
    assert place.office.troubles == ["550 relay denied"]
    assert place.told == []
    assert [item.row.id for item in place.feed.rows][-TROUBLE_AT:] == keys, "others are tried before them"


async def test_what_was_not_tried_is_taken_next(place: Place) -> None:
    key = place.settle(UNSENT)
    assert place.feed.rows[0].row.id == key
    assert (place.told, place.office.troubles) == ([], [])


async def test_what_was_not_tried_too_often_counts_against_the_account(place: Place) -> None:
    for _ in range(MOST_TRIES + TROUBLE_AT - 2):
        place.settle(UNSENT)
    assert place.office.troubles == []
    place.settle(UNSENT)
    assert place.office.troubles == ["closed"]


@pytest.mark.parametrize("result", [OK, SPAM])
async def test_an_answer_about_a_message_shows_that_the_account_works(place: Place, result: Result) -> None:
    for _ in range(TROUBLE_AT - 1):
        place.settle(OURS)
    place.settle(result)
    assert place.line._failures == 0


async def test_a_temporary_refusal_is_put_off_until_the_retries_are_used_up(place: Place) -> None:
    later = Result(V.TEMPORARY, Reason.MAILBOX_FULL, "452 full")
    place.settle(later, handed=True)
    assert place.told == [(S.PENDING, Reason.MAILBOX_FULL, 1)]
    assert place.region.states[0] is State.PUT_OFF
    place.feed.rows[0].row.attempts = 2
    place.settle(later)
    assert place.told[1] == (S.FAILED, Reason.RETRIES_USED_UP, 3)
    assert place.region.states[1] is State.REFUSED


async def test_a_temporary_refusal_without_a_reason_has_one(place: Place) -> None:
    place.settle(Result(V.TEMPORARY))
    assert place.told == [(S.PENDING, Reason.TEMPORARY, 1)]


async def test_no_answer_is_in_doubt(place: Place) -> None:
    place.settle(Result(V.UNCERTAIN), handed=True)
    assert place.told == [(S.UNCERTAIN, Reason.CONNECTION_LOST, 1)]


async def test_responses_are_cut_and_hold_no_nul(place: Place) -> None:
    place.settle(Result(V.ACCEPTED, response="250 \0" + "x" * 600))
    assert place.office.outcomes[0].response == "250 " + "x" * 496


@pytest.mark.parametrize("stops", [False, True])
async def test_who_gets_no_message_is_left_out_and_may_stop_the_campaign(place: Place, stops: bool) -> None:
    made = place.lane.make
    refused = iter([True])

    def make(item: Item) -> Outgoing:
        if next(refused, False):
            raise LeftOut(Reason.RENDER_ERROR, "takes too long", stops=stops)
        return made(item)

    place.lane.make = make  # type: ignore[method-assign]
    message = place.line.take()
    assert message is not None
    assert message.key == 1_001, "the next one is taken at once"
    assert place.told == [(S.SKIPPED, Reason.RENDER_ERROR, 0)]
    assert place.office.campaign_troubles == (["1 takes too long"] if stops else [])


async def test_nothing_is_taken_while_the_desk_is_stuck(place: Place) -> None:
    place.office.stuck = True
    assert place.line.take() is None
    place.office.stuck = False
    assert place.line.take() is not None


async def test_rows_are_read_on_while_half_of_them_are_left(place: Place) -> None:
    place.feed.exhausted = False
    while place.line.take() is not None:
        pass
    assert place.office.refills == 1
    assert place.feed.in_flight == place.lane.in_flight == 200


async def test_a_feed_ends_with_its_last_answer(place: Place) -> None:
    taken = []
    while (message := place.line.take()) is not None:
        taken.append(message.key)
    for key in taken:
        assert place.ended == []
        place.line.settled(key, OK)
    assert len(place.ended) == 1


async def test_another_rate_voids_the_slots_that_were_granted(place: Place) -> None:
    other = place.add(2, 10, per_minute=60)
    other.slots = type(other.slots)()
    other.slots.grant(monotonic() + 60, 1.0, 8)
    woken: list[bool] = []
    place.line.use(lambda _line: SimpleNamespace(wake=lambda: woken.append(True)), 1)  # type: ignore[arg-type,return-value]
    place.line.slowing.hear(step=3, per_second=2.0)
    assert (other.unspent, other.slots.count, woken) == (8, 0, [True])
    assert place.line.slowing.per_minute == 120.0
    place.line.slowing.hear(step=3, per_second=4.0)
    assert woken == [True], "the same step: slots stay"


@pytest.mark.parametrize(
    ("learnt", "account", "rates"),
    [
        (0.0, 0, (0, 0)),  # no rate: everybody as fast as they can
        (0.0, 600, (300, 300)),
        (2.0, 0, (60, 60)),
        (2.0, 600, (60, 60)),
        (20.0, 600, (300, 300)),  # the account's own limit is the lower one
    ],
)
async def test_campaigns_share_the_lower_of_what_was_set_and_what_was_learnt(
    learnt: float, account: int, rates: tuple[float, float]
) -> None:
    place = Place(0)
    place.line.lanes.clear()
    lanes = [place.add(n, 10, account=account) for n in (1, 2)]
    place.line.slowing.per_minute = learnt * 60
    assert tuple(place.line.limits_of(lane).per_minute for lane in lanes) == rates


async def test_who_has_nothing_to_send_takes_no_share(place: Place) -> None:
    other = place.add(2, 10)
    place.line.slowing.per_minute = 120.0
    assert place.line.limits_of(other).per_minute == 60
    place.lane.closed = True
    assert place.line.limits_of(other).per_minute == 0, "alone it has the whole rate, which the account's limit keeps"
    assert place.line.limits_of(place.lane) is place.lane.limits


async def test_a_lane_whose_time_is_over_is_passed_by(place: Place) -> None:
    place.lane.closes_at = monotonic() - 1
    assert place.line.take() is None
    place.lane.closes_at = monotonic() + 60
    assert place.line.take() is not None


async def test_a_slot_that_comes_later_is_waited_for(place: Place) -> None:
    place.lane.slots = type(place.lane.slots)()
    assert place.line.take() is None
    assert place.line._timer is None, "no slot was granted: the limiter wakes the line"
    at = monotonic() + 60
    place.lane.slots.grant(at, 1.0, 1)
    assert place.line.take() is None
    assert place.line._timer_at == at
    assert place.lane.limited is False, "the account waits, not a limit of its own"


async def test_another_sender_starts_without_blame(place: Place) -> None:
    for _ in range(TROUBLE_AT - 1):
        place.settle(OURS)
    first: Any = SimpleNamespace(wake=lambda: None)
    assert place.line.use(lambda _line: first, "a") is None
    assert (place.line.sender, place.line.version, place.line._failures) == (first, "a", 0)
    assert place.line.use(lambda _line: first, "b") is first


async def test_the_sender_is_woken_at_the_earliest_of_several_times(place: Place) -> None:
    woken: list[float] = []
    place.line.use(lambda _line: SimpleNamespace(wake=lambda: woken.append(monotonic())), 1)  # type: ignore[arg-type,return-value]
    now = monotonic()
    place.line._wake_at(now + 60)
    late = place.line._timer
    place.line._wake_at(now + 90)
    assert place.line._timer is late, "a later time changes nothing"
    place.line._wake_at(now - 1)
    assert late is not None
    assert late.cancelled()
    place.line._on_timer()
    assert (len(woken), place.line._timer) == (1, None)


async def test_slots_that_came_too_late_are_not_caught_up_at_once(place: Place) -> None:
    place.lane.slots = type(place.lane.slots)()
    place.lane.slots.grant(monotonic() - 100, 0.001, 10)
    woken = asyncio.Event()
    place.line.use(lambda _line: SimpleNamespace(wake=woken.set), 1)  # type: ignore[arg-type,return-value]
    assert place.line.take() is None
    assert place.lane.slots.missed == 10
    await asyncio.wait_for(woken.wait(), 10)


async def test_a_connection_lost_at_one_name_again_and_again_is_not_held_against_the_account(place: Place) -> None:
    lost = Result(V.NOT_TRIED, Reason.CONNECTION_LOST, "closed", account_trouble=True)
    keys = {place.settle(lost) for _ in range(TROUBLE_AT * 3)}
    assert len(keys) == 1
    assert place.office.troubles == []
