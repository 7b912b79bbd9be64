"""The SQL does what the table of transitions says, for every pair of statuses, way to write and database."""

import itertools

import pytest

from campaign_app.core import clock, db
from campaign_app.delivery.ledger import lease_stores, moves
from campaign_app.delivery.ledger.lease_store import WriteBatch
from campaign_app.delivery.ledger.outcome import Outcome
from campaign_app.delivery.ledger.transitions import EVENT_STATUS, OUTCOMES, TRANSITIONS, after_event
from campaign_app.kit.transitions import NotAllowed
from campaign_app.models.delivery import Delivery, DeliveryStatus, EventKind, Reason
from tests.delivery import factory
from tests.delivery.factory import AT

pytestmark = pytest.mark.usefixtures("redis_url", "database")
S = DeliveryStatus
PAIRS = list(itertools.product(S, S))
WITHOUT_ROLL_UP = S.SKIPPED, S.UNCERTAIN, S.PENDING


async def _rows() -> tuple[int, dict[tuple[S, S], int]]:
    """A campaign with one delivery for each pair, in the pair's first status."""
    campaign_id, ids = await factory.ledger_rows([source for source, _ in PAIRS])
    return campaign_id, dict(zip(PAIRS, ids, strict=True))


async def _status(delivery_id: int) -> S:
    async with db.reading() as session:
        found = await session.get(Delivery, delivery_id)
        assert found is not None
        return found.status


async def _moved(ids: dict[tuple[S, S], int]) -> set[tuple[S, S]]:
    """The pairs whose delivery has left its first status, or was written again (a reason says so)."""
    async with db.reading() as session:
        found = {pair: await session.get(Delivery, delivery_id) for pair, delivery_id in ids.items()}
    assert all(row is not None and row.status in pair for pair, row in found.items())
    return {pair for pair, row in found.items() if row is not None and row.reason is Reason.POLICY}


def _outcome(campaign_id: int, delivery_id: int, target: S, before: int = 0) -> Outcome:
    at = clock.now()
    return Outcome(delivery_id, campaign_id, 1, target, at, "d.example", before, before + 1, Reason.POLICY, "words")


def test_what_a_worker_reports_is_part_of_the_table() -> None:
    assert set(OUTCOMES) == set(TRANSITIONS) == set(S)
    for status, targets in OUTCOMES.items():
        assert targets - {S.PENDING} <= TRANSITIONS[status]


async def test_the_bulk_write_moves_pending_rows_as_the_table_says() -> None:
    campaign_id, ids = await _rows()
    store = lease_stores.open_store()
    for (source, target), delivery_id in ids.items():
        batch = WriteBatch([_outcome(campaign_id, delivery_id, target)])
        if target not in OUTCOMES[S.PENDING]:
            with pytest.raises(ValueError, match="does not become"):
                await store.write(batch, clock.now())
            continue
        result = await store.write(batch, clock.now())
        assert result.disputed is (source is not S.PENDING), (source, target)
        assert await _status(delivery_id) is (target if source is S.PENDING else source)
        await factory.assert_sound(campaign_id)
    await store.close()


async def test_settling_moves_rows_of_every_status_as_the_table_says() -> None:
    campaign_id, ids = await _rows()
    outcomes = [_outcome(campaign_id, delivery_id, target) for (_, target), delivery_id in ids.items()]
    async with db.transaction() as session:
        counted = await moves.settle(session, outcomes, set())
    assert await _moved(ids) == {(source, target) for source, target in PAIRS if target in OUTCOMES[source]}
    assert counted == sum(len(targets) for targets in OUTCOMES.values())
    await factory.assert_sound(campaign_id)


async def test_a_lost_lease_improves_only_what_is_uncertain() -> None:
    campaign_id, ids = await _rows()
    outcomes = [_outcome(campaign_id, delivery_id, target) for (_, target), delivery_id in ids.items()]
    async with db.transaction() as session:
        await moves.settle(session, outcomes, {1})
    assert await _moved(ids) == {(S.UNCERTAIN, S.SENT), (S.UNCERTAIN, S.FAILED)}
    await factory.assert_sound(campaign_id)


async def test_rows_that_another_worker_retried_are_left_unchanged() -> None:
    campaign_id, ids = await _rows()
    outcomes = [_outcome(campaign_id, delivery_id, target, before=3) for (_, target), delivery_id in ids.items()]
    async with db.transaction() as session:
        await moves.settle(session, outcomes, set())
    assert await _moved(ids) == {(S.UNCERTAIN, S.SENT), (S.UNCERTAIN, S.FAILED)}


async def test_moves_by_id_are_those_of_the_table() -> None:
    campaign_id, ids = await _rows()
    for target in S:
        chosen = [delivery_id for (_, wanted), delivery_id in ids.items() if wanted is target]
        async with db.transaction() as session:
            await moves.move(session, chosen, target, at=AT, reason=Reason.POLICY)
    assert await _moved(ids) == {(source, target) for source, target in PAIRS if target in TRANSITIONS[source]}
    await factory.assert_sound(campaign_id)


@pytest.mark.parametrize("target", WITHOUT_ROLL_UP)
async def test_moves_of_many_are_those_of_the_table(target: S) -> None:
    campaign_id, ids = await _rows()
    for source in S:
        if source is target:
            continue
        async with db.transaction() as session:
            if target in TRANSITIONS[source]:
                one = Delivery.id == ids[source, target]
                found = await moves.move_matching(session, campaign_id, source, target, at=AT, condition=one)  # type: ignore[arg-type]
                assert found == 1
            else:
                with pytest.raises(NotAllowed):
                    await moves.move_matching(session, campaign_id, source, target, at=AT)
    await factory.assert_sound(campaign_id)


async def test_providers_events_move_rows_as_their_rank_says() -> None:
    pairs = list(itertools.product(S, EventKind))
    campaign_id, ids = await factory.ledger_rows([status for status, _ in pairs])
    for (status, kind), delivery_id in zip(pairs, ids, strict=True):
        async with db.transaction() as session:
            moved = await moves.record_event(session, delivery_id, kind, AT)
        target = after_event(status, kind)
        assert moved is (target is not None), (status, kind)
        assert await _status(delivery_id) is (target or status)
        assert target is None or (target is EVENT_STATUS[kind] and target in TRANSITIONS[status])
    await factory.assert_sound(campaign_id)
