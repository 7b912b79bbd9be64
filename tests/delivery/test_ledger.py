"""The one table: every pair, every order of events, counters that always agree."""

import itertools
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_app.core import db
from campaign_app.delivery import ledger, repository
from campaign_app.delivery.outcome import Outcome, tally
from campaign_app.kit.transitions import NotAllowed
from campaign_app.models.campaign import CampaignDomain, CampaignMinute
from campaign_app.models.delivery import Delivery, DeliveryStatus, EventKind, Reason
from tests.delivery import factory
from tests.delivery.factory import AT

S = DeliveryStatus
ALLOWED = {
    (S.PENDING, S.SENDING),
    (S.SENDING, S.PENDING),
    (S.UNCERTAIN, S.PENDING),
    (S.UNCERTAIN, S.SENT),
    (S.UNCERTAIN, S.FAILED),
    (S.DELIVERED, S.READ),
    (S.DELIVERED, S.REPLIED),
    (S.DELIVERED, S.BOUNCED),
    (S.BOUNCED, S.READ),
    (S.BOUNCED, S.REPLIED),
    (S.READ, S.REPLIED),
    *itertools.product((S.PENDING, S.SENDING), (S.SENT, S.FAILED, S.UNCERTAIN, S.SKIPPED)),
    *itertools.product((S.PENDING, S.SENDING, S.UNCERTAIN, S.SENT), (S.DELIVERED, S.READ, S.REPLIED, S.BOUNCED)),
}
PAIRS = list(itertools.product(S, S))


@pytest.mark.parametrize(("current", "target"), PAIRS)
def test_every_pair_is_decided(current: S, target: S) -> None:
    assert ledger.allows(current, target) is ((current, target) in ALLOWED)


def test_the_end_is_the_end() -> None:
    for final in (S.REPLIED, S.FAILED, S.SKIPPED):
        assert not any(ledger.allows(final, other) for other in S)


@given(st.sampled_from(S), st.lists(st.sampled_from(EventKind), max_size=8))
def test_an_event_only_goes_where_the_table_leads(start: S, events: list[EventKind]) -> None:
    current = start
    for kind in events:
        target = ledger.after_event(current, kind)
        if target is not None:
            assert ledger.allows(current, target)
            current = target


@given(
    st.sampled_from([S.PENDING, S.SENT, S.UNCERTAIN, S.DELIVERED]),
    st.lists(st.sampled_from(EventKind), max_size=6),
    st.randoms(use_true_random=False),
)
def test_events_in_any_order_twice_or_late_end_the_same(start: S, events: list[EventKind], chance: object) -> None:
    def end(order: list[EventKind]) -> S:
        current = start
        for kind in order:
            current = ledger.after_event(current, kind) or current
        return current

    shuffled = [*events, *events]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert end(shuffled) is end(events)


@given(st.lists(st.sampled_from([S.SENT, S.FAILED, S.SKIPPED, S.UNCERTAIN, S.PENDING]), max_size=50))
def test_a_tally_never_loses_anyone(targets: list[S]) -> None:
    outcomes = [Outcome(n, 1, 1, target, AT + timedelta(seconds=n), "d") for n, target in enumerate(targets)]
    total = tally(outcomes)
    assert sum(total.counters[1].values()) == 0
    assert {k: v for k, v in total.counters[1].items() if v > 0} == Counter(t for t in targets if t is not S.PENDING)
    assert sum(sent for sent, _ in total.minutes.values()) == targets.count(S.SENT)
    assert sum(failed for _, failed in total.minutes.values()) == targets.count(S.FAILED)


async def test_move_counts_and_leaves_what_cannot_move(database: str) -> None:
    campaign_id, ids = await factory.ledger_rows([S.PENDING, S.SENT, S.SKIPPED, S.UNCERTAIN])
    async with db.transaction() as session:
        moved = await ledger.move(session, ids, S.SENT, at=AT, response="250 ok")
    assert moved == 2
    assert await factory.counters_of(campaign_id) == {"sent": 3, "skipped": 1, "total": 4}
    await factory.assert_sound(campaign_id)
    async with db.reading() as session:
        minute = await session.get(CampaignMinute, (campaign_id, AT))
        domain = await session.get(CampaignDomain, (campaign_id, "d.example"))
        row = await session.get(Delivery, ids[0])
    assert minute is not None
    assert minute.sent == 2
    assert domain is not None
    assert domain.sent == 2
    assert row is not None
    assert (row.sent_at, row.response) == (AT, "250 ok")


async def test_move_matching_is_one_statement_and_counts(database: str) -> None:
    campaign_id, _ = await factory.ledger_rows([S.PENDING] * 5 + [S.SENT] * 2)
    async with db.transaction() as session:
        moved = await ledger.move_matching(session, campaign_id, S.PENDING, S.SKIPPED, at=AT, reason=Reason.CANCELLED)
        with pytest.raises(NotAllowed):
            await ledger.move_matching(session, campaign_id, S.SENT, S.SKIPPED, at=AT)
    assert moved == 5
    await factory.assert_sound(campaign_id)


async def test_events_move_counters_and_keep_first_times(database: str) -> None:
    campaign_id, ids = await factory.ledger_rows([S.SENT])
    events = [
        (EventKind.BOUNCE, 5, True),
        (EventKind.DELIVER, 3, False),
        (EventKind.BOUNCE, 6, False),
        (EventKind.REPLY, 9, True),
        (EventKind.DELIVER, 1, False),
        (EventKind.OPEN, 1, False),
    ]
    for kind, minutes, moves in events:
        async with db.transaction() as session:
            assert await ledger.record_event(session, ids[0], kind, AT + timedelta(minutes=minutes)) is moves
        await factory.assert_sound(campaign_id)
    async with db.reading() as session:
        row = await session.get(Delivery, ids[0])
        domain = await session.get(CampaignDomain, (campaign_id, "d.example"))
    assert row is not None
    assert row.status is S.REPLIED
    assert row.delivered_at == AT + timedelta(minutes=1)
    assert row.replied_at == AT + timedelta(minutes=9)
    assert domain is not None
    assert domain.bounced == 0  # the reply showed that it had arrived


async def test_a_report_may_come_before_our_own_write(database: str) -> None:
    campaign_id, ids = await factory.ledger_rows([S.PENDING])
    async with db.transaction() as session:
        assert await ledger.record_event(session, ids[0], EventKind.DELIVER, AT)
        outcome = Outcome(ids[0], campaign_id, 1, S.SENT, AT, "d.example", attempts=1)
        assert await ledger.settle(session, [outcome], set()) == 0
    assert await factory.counters_of(campaign_id) == {"delivered": 1, "total": 1}
    async with db.reading() as session:
        domain = await session.get(CampaignDomain, (campaign_id, "d.example"))
    assert domain is not None
    assert domain.sent == 1


async def test_settling_twice_counts_once_and_improves_the_uncertain(database: str) -> None:
    campaign_id, ids = await factory.ledger_rows([S.PENDING, S.UNCERTAIN, S.PENDING])
    outcomes = [
        Outcome(ids[0], campaign_id, 7, S.SENT, AT, "d.example", attempts=1),
        Outcome(ids[1], campaign_id, 8, S.SENT, AT, "d.example", attempts=1),
        Outcome(ids[2], campaign_id, 8, S.SENT, AT, "d.example", attempts=1),
    ]
    async with db.transaction() as session:
        assert await ledger.settle(session, outcomes, {8}) == 2  # lease 8 was lost: its pending row is not ours
    async with db.transaction() as session:
        assert await ledger.settle(session, outcomes[:2], {8}) == 0
    assert await factory.counters_of(campaign_id) == {"sent": 2, "pending": 1, "total": 3}
    await factory.assert_sound(campaign_id)


@settings(max_examples=40, deadline=None)
@given(moves=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(S)), max_size=12))
def test_counters_follow_any_sequence_of_moves(moves: list[tuple[int, S]]) -> None:
    rows = [S.PENDING] * 4
    counted: Counter[S] = Counter(rows)
    for index, target in moves:
        if ledger.allows(rows[index], target):
            total = ledger.Tally()
            total.add(1, rows[index], target, AT, "d")
            counted.update(total.counters[1])
            rows[index] = target
    assert {k: v for k, v in counted.items() if v} == Counter(rows)


async def test_lock_order_is_by_id(database: str) -> None:
    _, ids = await factory.ledger_rows([S.PENDING] * 3)
    async with db.transaction() as session:
        found = await repository.lock_deliveries(session, list(reversed(ids)))
    assert [row.id for row in found] == ids
