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
from campaign_app.delivery.launch.refusals import FIRST
from campaign_app.delivery.ledger.journal import State
from campaign_app.delivery.ledger.lease_store import LeaseHandle, Row
from campaign_app.delivery.ledger.outcome import Outcome
from campaign_app.delivery.runtime.account_queue import MOST_TRIES, TROUBLE_AT, AccountQueue
from campaign_app.delivery.runtime.campaign_runner import CampaignRunner, RunnerState, SkipRecipient
from campaign_app.delivery.runtime.held_lease import HeldLease, LeasePhase, QueuedRow
from campaign_app.delivery.runtime.push_back import ABOUT_ONE
from campaign_app.models.delivery import DeliveryStatus, Reason

S, V = DeliveryStatus, Verdict
OK = Result(V.ACCEPTED, response="250 ok")
SLOW = Result(V.TEMPORARY, Reason.TEMPORARY, "451 slow down", throttled=True, rule="too-fast", party=Party.ACCOUNT)
UNKNOWN = Result(V.PERMANENT, Reason.UNKNOWN_ADDRESS, "550 5.1.1 who", party=Party.RECIPIENT, rule="unknown-recipient")
SPAM = Result(V.PERMANENT, Reason.POLICY, "554 spam", party=Party.CONTENT, rule="spam-content")
OURS = Result(V.NOT_TRIED, Reason.ACCOUNT, "550 relay denied", account_trouble=True, rule="relay-denied")
UNSENT = Result(V.NOT_TRIED, response="closed")


class Office:
    """An engine that notes what it is told and runs nothing."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.spawned: list[str] = []
        self.troubles: list[str] = []
        self.campaign_troubles: list[str] = []
        self.refills = 0
        self.stuck = False

    def outcome(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def refill(self, _runner: CampaignRunner, lease: HeldLease) -> None:
        self.refills += 1
        lease.begin_fetch()

    def is_stuck(self) -> bool:
        return self.stuck

    def account_trouble(self, _account_id: int, words: str) -> None:
        self.troubles.append(words)

    def campaign_trouble(self, runner: CampaignRunner, words: str) -> None:
        self.campaign_troubles.append(f"{runner.campaign_id} {words}")

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
        self.queue = AccountQueue(9, self.office, [60.0, 120.0])  # type: ignore[arg-type]
        self.runner = self.add(1, rows)

    @property
    def lease(self) -> HeldLease:
        return self.runner.leases[0]

    def add(
        self, campaign_id: int, rows: int = 0, *, per_minute: int = 0, account: int = 0, priority: int = 5
    ) -> CampaignRunner:
        message: Any = SimpleNamespace(links=[], reads=set(), personal={})
        limits = Limits(campaign_id, 9, per_minute=per_minute, account_per_minute=account)
        options: dict[str, Any] = {"composer": None, "sender": "a@b.example", "common": {}, "base": ""}
        runner = CampaignRunner(campaign_id, 0, message=message, limits=limits, priority=priority, **options)
        runner.make = lambda item: Outgoing(item.row.id, "a@b.example", item.row.address, b"")  # type: ignore[method-assign]
        runner.slots.free(math.inf)
        lease = HeldLease(
            LeaseHandle(campaign_id, 1, campaign_id, 1, 10_000), self.region, clock.steady(), self.ended.append
        )  # type: ignore[arg-type]
        first = campaign_id * 1_000
        lease.extend([Row(first + n, f"p{n}@d.example", "d.example", 0, None, {}) for n in range(rows)], 10_000)
        runner.leases.append(lease)
        self.queue.enter(runner)
        return runner

    def settle(self, result: Result, *, handed: bool = False) -> int:
        """Take a message and have it answered; its key."""
        message = self.queue.take()
        assert message is not None
        if handed:
            self.queue.handed_over(message.key)
        self.queue.settled(message.key, result)
        return message.key

    def go_on(self, step: int, per_second: float) -> None:
        """A signal is answered, and slots of the new rate come."""
        self.queue.push_back.go_on(step, per_second)
        self.runner.slots.free(math.inf)

    def item(self, key: int) -> QueuedRow:
        return next(item for item in self.lease.rows if item.row.id == key)

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
    assert (place.runner.first_messages.accepted, place.queue.push_back.accepted) == (1, 1)
    assert place.office.spawned == []
    assert place.queue.per_second > 0


async def test_the_hundredth_is_reported_and_nothing_is_taken_until_the_report_is_answered(place: Place) -> None:
    for _ in range(FIRST):
        assert place.office.spawned == []
        place.settle(OK)
    assert place.office.spawned == ["report"]
    assert place.queue.take() is None, "one more could be one too many"
    place.runner.first_messages.reporting = False
    place.runner.first_messages.is_open = False
    place.settle(OK)
    assert place.office.spawned == ["report"], "later nobody asks"


async def test_a_final_refusal_is_reported_in_the_beginning(place: Place) -> None:
    place.settle(SPAM, handed=True)
    assert place.told == [(S.FAILED, Reason.POLICY, 1)]
    assert place.region.states[0] is State.REFUSED
    assert (place.office.spawned, place.runner.first_messages.events) == (["report"], [(0, "spam-content")])
    assert place.runner.first_messages.dead == []


async def test_a_report_under_way_takes_the_next_refusal_along(place: Place) -> None:
    first, second = place.queue.take(), place.queue.take()
    assert first is not None
    assert second is not None
    place.queue.settled(first.key, SPAM)
    place.queue.settled(second.key, SPAM)
    assert place.office.spawned == ["report"]
    assert len(place.runner.first_messages.events) == 2


async def test_dead_addresses_wait_for_the_end_of_the_beginning(place: Place) -> None:
    key = place.settle(UNKNOWN)
    assert (place.runner.first_messages.dead, place.office.spawned) == ([key], ["report"]), (
        "the server may be at fault for all of them"
    )


@pytest.mark.parametrize(
    ("tripped", "suppressing", "spawned"), [(False, False, ["suppress"]), (True, False, []), (False, True, [])]
)
async def test_dead_addresses_are_suppressed_behind_it(
    place: Place, tripped: bool, suppressing: bool, spawned: list[str]
) -> None:
    place.runner.first_messages.is_open, place.runner.first_messages.tripped = False, tripped
    place.runner.first_messages.suppressing = suppressing
    key = place.settle(UNKNOWN)
    assert (place.runner.first_messages.dead, place.office.spawned) == ([key], spawned)


async def test_what_is_returned_goes_back_in_line_and_costs_nothing(place: Place) -> None:
    key = place.settle(Result(V.RETURNED, response="closed"), handed=True)
    assert place.told == []
    item = place.item(key)
    assert (item.handed, item.tries, item.row.attempts) == (False, 1, 0)
    assert place.region.states.get(item.slot, State.NONE) is State.NONE, "if the worker dies it is pending as before"
    assert place.lease.rows[-1] is item, "behind the others"


async def test_what_is_returned_for_later_waits_in_the_ledger(place: Place) -> None:
    place.settle(Result(V.RETURNED, response="limit", retry_after=30.0), handed=True)
    (outcome,) = place.office.outcomes
    assert (outcome.status, outcome.before, outcome.attempts) == (S.PENDING, 0, 0)
    assert outcome.next_attempt_at is not None
    assert (outcome.next_attempt_at - outcome.at).total_seconds() == 30


async def test_the_providers_name_goes_with_the_outcome(place: Place) -> None:
    place.settle(Result(V.ACCEPTED, provider_id="x" * 200), handed=True)
    (outcome,) = place.office.outcomes
    assert (outcome.account_id, outcome.provider_id) == (9, "x" * 128)


async def test_other_refusals_suppress_nobody(place: Place) -> None:
    place.runner.first_messages.is_open = False
    place.settle(SPAM)
    assert (place.runner.first_messages.dead, place.office.spawned) == ([], [])


async def test_a_refusal_without_a_reason_has_one(place: Place) -> None:
    place.settle(Result(V.PERMANENT))
    assert place.told == [(S.FAILED, Reason.REFUSED, 1)]


async def test_push_back_costs_nothing_and_goes_last(place: Place) -> None:
    key = place.settle(SLOW, handed=True)
    assert place.told == []
    assert (place.lease.rows[-1].row.id, place.lease.rows[-1].handed) == (key, False)
    assert place.region.states[0] is State.NONE
    assert (place.runner.slots.unused(), place.office.spawned, place.office.troubles) == ((0, 1), ["slow_down"], [])
    assert place.queue.take() is None, "nothing is taken until the rate is known"


async def test_a_burst_is_one_signal(place: Place) -> None:
    taken = [place.queue.take() for _ in range(5)]
    for message in taken:
        assert message is not None
        place.queue.settled(message.key, SLOW)
    assert (place.office.spawned, place.runner.slots.unused()) == (["slow_down"], (0, 5))
    place.go_on(step=7, per_second=2.0)
    assert place.queue.take() is not None


async def test_what_was_taken_before_a_step_tells_nothing_new(place: Place) -> None:
    early = place.queue.take()
    assert early is not None
    place.queue.push_back.hear(step=7, per_second=2.0)
    place.runner.slots.free(math.inf)
    place.queue.settled(early.key, SLOW)
    assert place.office.spawned == []
    assert place.settle(SLOW) != early.key
    assert place.office.spawned == ["slow_down"]


async def test_account_trouble_that_is_push_back_is_no_trouble(place: Place) -> None:
    hung_up = Result(V.NOT_TRIED, Reason.ACCOUNT, "421 slow", account_trouble=True, throttled=True, rule="too-fast")
    place.settle(hung_up)
    assert (place.told, place.office.troubles, place.office.spawned) == ([], [], ["slow_down"])
    assert place.queue._failures == 0


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
    message = place.queue.take()
    assert message is not None
    key = message.key
    for _ in range(ABOUT_ONE):
        place.queue.settled(key, result)
        if place.office.outcomes and place.office.outcomes[-1].delivery_id == key:
            return key
        place.go_on(place.queue.push_back.step, 0.0)
        for _ in range(ABOUT_ONE):
            place.lease.rows.remove(found := place.item(key))
            place.lease.rows.append(found)
            place.settle(OK)
        place.lease.rows.remove(found)
        place.lease.rows.appendleft(found)
        again = place.queue.take()
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
    assert [item.row.id for item in place.lease.rows][-TROUBLE_AT:] == keys, "others are tried before them"


async def test_what_was_not_tried_is_taken_next(place: Place) -> None:
    key = place.settle(UNSENT)
    assert place.lease.rows[0].row.id == key
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
    assert place.queue._failures == 0


async def test_a_temporary_refusal_is_put_off_until_the_retries_are_used_up(place: Place) -> None:
    later = Result(V.TEMPORARY, Reason.MAILBOX_FULL, "452 full")
    place.settle(later, handed=True)
    assert place.told == [(S.PENDING, Reason.MAILBOX_FULL, 1)]
    assert place.region.states[0] is State.PUT_OFF
    place.lease.rows[0].row.attempts = 2
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
    made = place.runner.make
    refused = iter([True])

    def make(item: QueuedRow) -> Outgoing:
        if next(refused, False):
            raise SkipRecipient(Reason.RENDER_ERROR, "takes too long", stops=stops)
        return made(item)

    place.runner.make = make  # type: ignore[method-assign]
    message = place.queue.take()
    assert message is not None
    assert message.key == 1_001, "the next one is taken at once"
    assert place.told == [(S.SKIPPED, Reason.RENDER_ERROR, 0)]
    assert place.office.campaign_troubles == (["1 takes too long"] if stops else [])


async def test_nothing_is_taken_while_the_engine_is_stuck(place: Place) -> None:
    place.office.stuck = True
    assert place.queue.take() is None
    place.office.stuck = False
    assert place.queue.take() is not None


async def test_rows_are_read_on_while_half_of_them_are_left(place: Place) -> None:
    place.lease.phase = LeasePhase.READING
    while place.queue.take() is not None:
        pass
    assert place.office.refills == 1
    assert place.lease.in_flight == place.runner.in_flight == 200


async def test_a_lease_ends_with_its_last_answer(place: Place) -> None:
    taken = []
    while (message := place.queue.take()) is not None:
        taken.append(message.key)
    for key in taken:
        assert place.ended == []
        place.queue.settled(key, OK)
    assert len(place.ended) == 1


async def test_another_rate_voids_the_slots_that_were_granted(place: Place) -> None:
    other = place.add(2, 10, per_minute=60)
    other.slots = type(other.slots)()
    other.slots.grant(monotonic() + 60, 1.0, 8)
    woken: list[bool] = []
    place.queue.use(lambda _queue: SimpleNamespace(wake=lambda: woken.append(True)), 1)  # type: ignore[arg-type,return-value]
    place.queue.push_back.hear(step=3, per_second=2.0)
    assert (other.slots.count, other.slots.unused(), woken) == (0, (0, 8), [True])
    assert place.queue.push_back.per_minute == 120.0
    place.queue.push_back.hear(step=3, per_second=4.0)
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
    place.queue.runners.clear()
    runners = [place.add(n, 10, account=account) for n in (1, 2)]
    place.queue.push_back.per_minute = learnt * 60
    assert tuple(place.queue.limits_of(runner).per_minute for runner in runners) == rates


async def test_who_has_nothing_to_send_takes_no_share(place: Place) -> None:
    other = place.add(2, 10)
    place.queue.push_back.per_minute = 120.0
    assert place.queue.limits_of(other).per_minute == 60
    place.runner.state = RunnerState.CLOSED
    assert place.queue.limits_of(other).per_minute == 0, "alone it has the whole rate, which the account's limit keeps"
    assert place.queue.limits_of(place.runner) is place.runner.limits


async def test_a_campaign_whose_window_has_ended_is_passed_by(place: Place) -> None:
    place.runner.open(monotonic() - 1)
    assert place.queue.take() is None
    place.runner.open(monotonic() + 60)
    assert place.queue.take() is not None


async def test_a_slot_that_comes_later_is_waited_for(place: Place) -> None:
    place.runner.slots = type(place.runner.slots)()
    assert place.queue.take() is None
    assert place.queue._timer is None, "no slot was granted: the limiter wakes the line"
    at = monotonic() + 60
    place.runner.slots.grant(at, 1.0, 1)
    assert place.queue.take() is None
    assert place.queue._timer_at == at
    assert place.runner.limited is False, "the account waits, not a limit of its own"


async def test_another_sender_starts_without_blame(place: Place) -> None:
    for _ in range(TROUBLE_AT - 1):
        place.settle(OURS)
    first: Any = SimpleNamespace(wake=lambda: None)
    assert place.queue.use(lambda _queue: first, "a") is None
    assert (place.queue.sender, place.queue.version, place.queue._failures) == (first, "a", 0)
    assert place.queue.use(lambda _queue: first, "b") is first


async def test_the_sender_is_woken_at_the_earliest_of_several_times(place: Place) -> None:
    woken: list[float] = []
    place.queue.use(lambda _queue: SimpleNamespace(wake=lambda: woken.append(monotonic())), 1)  # type: ignore[arg-type,return-value]
    now = monotonic()
    place.queue._wake_at(now + 60)
    late = place.queue._timer
    place.queue._wake_at(now + 90)
    assert place.queue._timer is late, "a later time changes nothing"
    place.queue._wake_at(now - 1)
    assert late is not None
    assert late.cancelled()
    place.queue._on_timer()
    assert (len(woken), place.queue._timer) == (1, None)


async def test_slots_that_came_too_late_are_not_caught_up_at_once(place: Place) -> None:
    place.runner.slots = type(place.runner.slots)()
    place.runner.slots.grant(monotonic() - 100, 0.001, 10)
    woken = asyncio.Event()
    place.queue.use(lambda _queue: SimpleNamespace(wake=woken.set), 1)  # type: ignore[arg-type,return-value]
    assert place.queue.take() is None
    assert place.runner.slots.unused() == (10, 0)
    await asyncio.wait_for(woken.wait(), 10)


async def test_a_connection_lost_at_one_name_again_and_again_is_not_held_against_the_account(place: Place) -> None:
    lost = Result(V.NOT_TRIED, Reason.CONNECTION_LOST, "closed", account_trouble=True)
    keys = {place.settle(lost) for _ in range(TROUBLE_AT * 3)}
    assert len(keys) == 1
    assert place.office.troubles == []
