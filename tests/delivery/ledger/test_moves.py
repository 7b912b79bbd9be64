"""The one table: every pair, every order of events, counters that always agree."""

import itertools
from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_app.core import db
from campaign_app.delivery.ledger import moves, repository, transitions
from campaign_app.delivery.ledger.outcome import Outcome, Tally, tally
from campaign_app.kit.transitions import NotAllowed
from campaign_app.models.campaign import CampaignDomain, CampaignMinute
from campaign_app.models.delivery import Delivery, DeliveryStatus, EventKind, Reason
from tests.delivery import factory
from tests.delivery.factory import AT

S = DeliveryStatus
ALLOWED = {
    (S.UNCERTAIN, S.PENDING),
    (S.UNCERTAIN, S.SENT),
    (S.UNCERTAIN, S.FAILED),
    (S.SENT, S.FAILED),
    (S.SENT, S.PENDING),
    (S.DELIVERED, S.READ),
    (S.DELIVERED, S.REPLIED),
    (S.DELIVERED, S.BOUNCED),
    (S.BOUNCED, S.READ),
    (S.BOUNCED, S.REPLIED),
    (S.READ, S.REPLIED),
    *itertools.product((S.PENDING,), (S.SENT, S.FAILED, S.UNCERTAIN, S.SKIPPED)),
    *itertools.product((S.PENDING, S.UNCERTAIN, S.SENT, S.FAILED), (S.DELIVERED, S.READ, S.REPLIED, S.BOUNCED)),
}
PAIRS = list(itertools.product(S, S))


@pytest.mark.parametrize(("current", "target"), PAIRS)
def test_every_pair_is_decided(current: S, target: S) -> None:
    assert transitions.allows(current, target) is ((current, target) in ALLOWED)


def test_the_end_is_the_end() -> None:
    for final in (S.REPLIED, S.SKIPPED):
        assert not any(transitions.allows(final, other) for other in S)


@given(st.sampled_from(S), st.lists(st.sampled_from(EventKind), max_size=8))
def test_an_event_only_goes_where_the_table_leads(start: S, events: list[EventKind]) -> None:
    current = start
    for kind in events:
        target = transitions.after_event(current, kind)
        if target is not None:
            assert transitions.allows(current, target)
            current = target


@given(
    st.sampled_from([S.PENDING, S.SENT, S.UNCERTAIN, S.DELIVERED, S.FAILED]),
    st.lists(st.sampled_from(EventKind), max_size=6),
    st.randoms(use_true_random=False),
)
def test_events_in_any_order_twice_or_late_end_the_same(start: S, events: list[EventKind], chance: object) -> None:
    def end(order: list[EventKind]) -> S:
        current = start
        for kind in order:
            current = transitions.after_event(current, kind) or current
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


K = EventKind
LATE = [
    ([K.FAIL], S.FAILED, Reason.TEMPORARY),
    ([K.FAIL, K.SENT], S.FAILED, Reason.TEMPORARY),
    ([K.FAIL, K.DELIVER], S.DELIVERED, Reason.NONE),
    ([K.DELIVER, K.FAIL], S.DELIVERED, Reason.NONE),
    ([K.READ, K.DELIVER, K.SENT, K.READ], S.READ, Reason.NONE),
    ([K.FAIL, K.FAIL, K.READ, K.REPLY, K.FAIL], S.REPLIED, Reason.NONE),
]


@pytest.mark.parametrize(("kinds", "status", "reason"), LATE)
async def test_reports_that_come_late_and_in_any_order(
    database: str, kinds: list[EventKind], status: S, reason: Reason
) -> None:
    campaign_id, ids = await factory.ledger_rows([S.SENT])
    async with db.transaction() as session:
        session.add(CampaignDomain(campaign_id=campaign_id, domain="d.example", sent=1))
        for kind in kinds:
            await moves.record_event(
                session, ids[0], kind, AT, reason=Reason.TEMPORARY if kind is K.FAIL else Reason.NONE
            )
    async with db.reading() as session:
        row = await session.get(Delivery, ids[0])
        domains = await session.get(CampaignDomain, (campaign_id, row.domain))
        minutes = (await session.execute(sa.select(sa.func.sum(CampaignMinute.sent)))).scalar()
    assert (row.status, row.reason) == (status, reason)
    counters = await factory.counters_of(campaign_id)
    assert {name: count for name, count in counters.items() if name != "total"} == {status.value: 1}
    if domains is not None and row.domain == "d.example":
        assert (domains.sent, domains.failed) == ((0, 1) if status is S.FAILED else (1, 0)), "sent rolls up once"
    assert not minutes, "what was handed over before is not handed over again"


async def test_a_failure_told_later_is_tried_again(database: str) -> None:
    campaign_id, ids = await factory.ledger_rows([S.SENT])
    async with db.transaction() as session:
        assert await moves.move(session, ids, S.PENDING, at=AT, reason=Reason.TEMPORARY) == 1
    assert (await factory.counters_of(campaign_id))["pending"] == 1


async def test_a_provider_id_finds_its_attempt_and_stays_with_it(database: str) -> None:
    campaign_id, ids = await factory.ledger_rows([S.PENDING, S.PENDING])
    outcomes = [
        Outcome(number, campaign_id, 7, S.SENT, AT, "d", attempts=1, account_id=3, provider_id=name)
        for number, name in zip(ids, ("wamid.1", "wamid.1"), strict=True)
    ]
    async with db.transaction() as session:
        assert await moves.settle(session, outcomes, set()) == 2
    async with db.reading() as session:
        found = await moves.find(session, 3, "wamid.1")
        assert found is not None
        assert (found.delivery_id, found.attempt) == (ids[0], 1), "the first keeps it"
        assert await moves.find(session, 4, "wamid.1") is None, "another account's names are its own"


async def test_move_counts_and_leaves_what_cannot_move(database: str) -> None:
    campaign_id, ids = await factory.ledger_rows([S.PENDING, S.SENT, S.SKIPPED, S.UNCERTAIN])
    async with db.transaction() as session:
        moved = await moves.move(session, ids, S.SENT, at=AT, response="250 ok")
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
        moved = await moves.move_matching(session, campaign_id, S.PENDING, S.SKIPPED, at=AT, reason=Reason.CANCELLED)
        with pytest.raises(NotAllowed):
            await moves.move_matching(session, campaign_id, S.SENT, S.SKIPPED, at=AT)
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
    for kind, minutes, moved in events:
        async with db.transaction() as session:
            assert await moves.record_event(session, ids[0], kind, AT + timedelta(minutes=minutes)) is moved
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
        assert await moves.record_event(session, ids[0], EventKind.DELIVER, AT)
        outcome = Outcome(ids[0], campaign_id, 1, S.SENT, AT, "d.example", attempts=1)
        assert await moves.settle(session, [outcome], set()) == 0
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
        assert await moves.settle(session, outcomes, {8}) == 2  # lease 8 was lost: its pending row is not ours
    async with db.transaction() as session:
        assert await moves.settle(session, outcomes[:2], {8}) == 0
    assert await factory.counters_of(campaign_id) == {"sent": 2, "pending": 1, "total": 3}
    await factory.assert_sound(campaign_id)


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(S)), max_size=12))
def test_counters_follow_any_sequence_of_moves(steps: list[tuple[int, S]]) -> None:
    rows = [S.PENDING] * 4
    counted: Counter[S] = Counter(rows)
    for index, target in steps:
        if transitions.allows(rows[index], target):
            total = Tally()
            total.add(1, rows[index], target, AT, "d")
            counted.update(total.counters[1])
            rows[index] = target
    assert {k: v for k, v in counted.items() if v} == Counter(rows)


async def test_lock_order_is_by_id(database: str) -> None:
    _, ids = await factory.ledger_rows([S.PENDING] * 3)
    async with db.transaction() as session:
        found = await repository.lock_deliveries(session, list(reversed(ids)))
    assert [row.id for row in found] == ids


async def _row(delivery_id: int) -> Delivery:
    async with db.reading() as session:
        found = await session.get(Delivery, delivery_id)
    assert found is not None
    return found


async def _change(delivery_ids: list[int], **values: object) -> None:
    async with db.transaction() as session:
        for delivery_id in delivery_ids:
            row = await session.get(Delivery, delivery_id)
            assert row is not None
            row.sqlmodel_update(values)
            session.add(row)


async def test_more_rows_than_one_step_takes_are_all_moved(
    sqlite_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moves, "_AT_ONCE", 2)
    campaign_id, ids = await factory.ledger_rows([S.PENDING] * 5)
    async with db.transaction() as session:
        assert await moves.move(session, ids, S.FAILED, at=AT, reason=Reason.REFUSED, response="550 no") == 5
    assert await factory.counters_of(campaign_id) == {"failed": 5, "total": 5}
    rows = [await _row(delivery_id) for delivery_id in ids]
    assert {(row.reason, row.response, row.failed_at) for row in rows} == {(Reason.REFUSED, "550 no", AT)}


async def test_a_move_of_a_set_adds_attempts_only_where_asked(sqlite_database: str) -> None:
    campaign_id, ids = await factory.ledger_rows([S.PENDING] * 2)
    only_first = Delivery.id == ids[0]
    async with db.transaction() as session:
        moved = await moves.move_matching(
            session, campaign_id, S.PENDING, S.UNCERTAIN, at=AT, condition=only_first, attempts=1
        )
        assert moved == 1
    async with db.transaction() as session:
        assert await moves.move_matching(session, campaign_id, S.PENDING, S.SKIPPED, at=AT) == 1
    first, second = await _row(ids[0]), await _row(ids[1])
    assert (first.status, first.attempts, second.status, second.attempts) == (S.UNCERTAIN, 1, S.SKIPPED, 0)
    await factory.assert_sound(campaign_id)
    async with db.transaction() as session:
        for target in (S.SENT, S.FAILED, S.BOUNCED):
            with pytest.raises(ValueError, match=r"^minutes and domains count this one: use move\(\)$"):
                await moves.move_matching(session, campaign_id, S.UNCERTAIN, target, at=AT)


async def test_a_withdrawn_doubt_takes_its_attempt_back_from_those_that_nobody_tried_since(
    sqlite_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moves, "_AT_ONCE", 2)
    campaign_id, ids = await factory.ledger_rows([S.UNCERTAIN] * 5 + [S.SENT])
    await _change(ids, attempts=3, reason=Reason.WORKER_DIED)
    await _change(ids[3:4], attempts=4)
    await _change(ids[4:5], reason=Reason.CONNECTION_LOST)
    later = AT + timedelta(minutes=5)
    async with db.transaction() as session:
        assert await moves.revert_uncertain(session, [(delivery_id, 2) for delivery_id in ids], later) == 3
    rows = [await _row(delivery_id) for delivery_id in ids]
    assert [(row.status, row.attempts) for row in rows[:3]] == [(S.PENDING, 2)] * 3
    assert {(row.reason, row.updated_at) for row in rows[:3]} == {(Reason.NONE, later)}
    assert [(row.status, row.attempts) for row in rows[3:]] == [(S.UNCERTAIN, 4), (S.UNCERTAIN, 3), (S.SENT, 3)]
    await factory.assert_sound(campaign_id)
    async with db.transaction() as session:
        assert await moves.revert_uncertain(session, [(ids[3], 2)], later) == 0


async def test_a_report_s_reason_and_words_are_kept_and_a_later_one_keeps_the_bounce_s(sqlite_database: str) -> None:
    _, ids = await factory.ledger_rows([S.SENT] * 3)
    await _change(ids, response="250 ok")
    async with db.transaction() as session:
        assert await moves.record_event(session, ids[0], EventKind.BOUNCE, AT)
        assert await moves.record_event(
            session, ids[1], EventKind.BOUNCE, AT, reason=Reason.MAILBOX_FULL, response="552 full"
        )
        assert await moves.record_event(session, ids[2], EventKind.DELIVER, AT)
        assert not await moves.record_event(session, 99_999, EventKind.BOUNCE, AT)
    rows = [await _row(delivery_id) for delivery_id in ids]
    assert [(row.status, row.reason, row.response) for row in rows] == [
        (S.BOUNCED, Reason.BOUNCE_REPORT, "250 ok"),
        (S.BOUNCED, Reason.MAILBOX_FULL, "552 full"),
        (S.DELIVERED, Reason.NONE, "250 ok"),
    ]
    async with db.transaction() as session:
        assert await moves.record_event(session, ids[1], EventKind.REPLY, AT)
    assert ((await _row(ids[1])).status, (await _row(ids[1])).reason) == (S.REPLIED, Reason.NONE)


async def test_of_a_lost_lease_only_the_uncertain_are_improved_and_the_rest_is_looked_at(sqlite_database: str) -> None:
    campaign_id, ids = await factory.ledger_rows([S.PENDING, S.UNCERTAIN, S.PENDING, S.PENDING])
    outcomes = [
        Outcome(ids[0], campaign_id, 8, S.SENT, AT, "d.example", attempts=1),  # of the lost lease
        Outcome(ids[1], campaign_id, 8, S.SKIPPED, AT, "d.example", attempts=1),  # no improvement
        Outcome(ids[2], campaign_id, 7, S.SENT, AT, "d.example", before=1, attempts=2),  # somebody else tried it
        Outcome(ids[3], campaign_id, 7, S.FAILED, AT, "d.example", attempts=1, reason=Reason.REFUSED),
    ]
    async with db.transaction() as session:
        assert await moves.settle(session, outcomes, {8}) == 1
    statuses = [(await _row(delivery_id)).status for delivery_id in ids]
    assert statuses == [S.PENDING, S.UNCERTAIN, S.PENDING, S.FAILED]
    await factory.assert_sound(campaign_id)
