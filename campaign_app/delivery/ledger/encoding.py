"""From outcomes to the values and sums that `writing` takes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from campaign_app.delivery.ledger.lease_store import ANY_TIME, LedgerWrite, WriteBatch
from campaign_app.delivery.ledger.outcome import Outcome, Tally, tally
from campaign_app.delivery.ledger.steps import Sql
from campaign_app.delivery.ledger.transitions import OUTCOMES
from campaign_app.models.delivery import DeliveryStatus


def encode(sql: Sql, batch: WriteBatch, at: datetime) -> LedgerWrite:
    """A batch whose rows are pending.

    Raises:
        ValueError: an outcome of a status that a pending row cannot have.
    """
    coded = empty(sql, at)
    coded.handles, coded.finished = batch.handles, batch.finished
    coded.leases = {outcome.lease_id for outcome in batch.outcomes}
    for outcome in batch.outcomes:
        if outcome.status is DeliveryStatus.SENT:
            coded.sent.append((outcome.delivery_id, outcome.before, sql.time(outcome.at), outcome.response))
        else:
            coded.other.append(row_of(sql, outcome, outcome.before))
    add_refs(coded, batch.outcomes)
    add_sums(sql, coded, tally(batch.outcomes))
    if wrong := {outcome.status for outcome in batch.outcomes} - OUTCOMES[DeliveryStatus.PENDING]:
        raise ValueError(f"a pending delivery does not become {', '.join(sorted(wrong))}")
    return coded


def empty(sql: Sql, at: datetime) -> LedgerWrite:
    """A write of nothing, at this time."""
    return LedgerWrite(sql.time(at), sql.clock(at), sql.time(ANY_TIME))


def row_of(sql: Sql, outcome: Outcome, attempts: int) -> tuple[Any, ...]:
    """A row of WRITE: the delivery has so many attempts now."""
    following = sql.time(outcome.next_attempt_at)
    then = (outcome.status.value, outcome.reason.value, outcome.attempts, following)
    return (outcome.delivery_id, attempts, sql.time(outcome.at), outcome.response[:500], *then)


def add_refs(coded: LedgerWrite, outcomes: Sequence[Outcome]) -> None:
    """What providers call the attempts."""
    coded.refs = [
        (outcome.account_id, outcome.provider_id, outcome.delivery_id, outcome.attempts)
        for outcome in outcomes
        if outcome.provider_id
    ]


def add_sums(sql: Sql, coded: LedgerWrite, total: Tally) -> None:
    """The sums of all outcomes."""
    for campaign_id, changes in total.counters.items():
        coded.count(campaign_id, {status.value: change for status, change in changes.items()})
    coded.minutes = [
        (campaign, sql.time(minute), *counts) for (campaign, minute), counts in sorted(total.minutes.items())
    ]
    coded.domains = [(*key, *counts) for key, counts in sorted(total.domains.items())]


def ids(sql: Sql, delivery_ids: Sequence[int]) -> tuple[Any, ...]:
    """Ids as parameters, in the order in which rows are locked."""
    return sql.table([(delivery_id,) for delivery_id in sorted(delivery_ids)], 1)
