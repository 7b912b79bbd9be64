"""Outcomes of rows that may have another status than their worker knew: each is checked against the table first."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from campaign_app.delivery.ledger import encoding, writing
from campaign_app.delivery.ledger.lease_store import WriteBatch, WriteResult
from campaign_app.delivery.ledger.outcome import Outcome, Tally
from campaign_app.delivery.ledger.steps import Sql, Step, Steps
from campaign_app.delivery.ledger.transitions import OUTCOMES
from campaign_app.models.delivery import DeliveryStatus

S = DeliveryStatus


def settle_batch(sql: Sql, batch: WriteBatch, at: datetime) -> Steps[WriteResult]:
    """A batch that was disputed."""
    coded = encoding.empty(sql, at)
    coded.handles, coded.finished = batch.handles, batch.finished
    known = yield from writing.statuses(sql, {handle.campaign_id for handle in batch.finished})
    lost = yield from writing.confirm(sql, coded.handles, coded.clock)
    total, _ = yield from settle(sql, batch.outcomes, lost)
    encoding.add_sums(sql, coded, total)
    result = yield from writing.finish(sql, coded, known, lost)
    result.reopened = {lease_id: sql.read_time(at) for lease_id, at in result.reopened.items()}
    return result


def settle(sql: Sql, outcomes: Sequence[Outcome], lost: set[int]) -> Steps[tuple[Tally, int]]:
    """Write outcomes where the table and the row allow it; their sums, still to be counted, and how many.

    A repeated write (the first one's answer was lost) finds its own result and changes nothing. Of a lease in `lost`
    only what became uncertain in the meantime is improved: its other rows may be in another worker's hands.
    """
    asked = encoding.ids(sql, [outcome.delivery_id for outcome in outcomes])
    found = (yield Step(sql.LOCK_ROWS, asked, reads=True)) if outcomes else ()
    rows = {row[0]: row[1:] for row in found}
    total, fitting = Tally(), defaultdict[str, list[tuple[Any, ...]]](list)
    for outcome in outcomes:
        campaign_id, status, domain, attempts = rows.pop(outcome.delivery_id, (0, "", "", 0))
        if status and _still_counts(S(status), attempts, outcome, outcome.lease_id in lost):
            total.add(campaign_id, S(status), outcome.status, outcome.at, domain)
            fitting[status].append(encoding.row_of(sql, outcome, attempts))
    for status in sorted(fitting):
        yield from writing.write_rows(sql, status, fitting[status])
    refs = encoding.empty(sql, outcomes[0].at) if outcomes else None
    if refs is not None:
        encoding.add_refs(refs, outcomes)
        yield from writing.write_refs(sql, refs.refs)
    return total, sum(len(found) for found in fitting.values())


def _still_counts(status: DeliveryStatus, attempts: int, outcome: Outcome, lease_lost: bool) -> bool:
    if outcome.status not in OUTCOMES[status]:
        return False
    return status is not S.PENDING or (not lease_lost and attempts == outcome.before)
