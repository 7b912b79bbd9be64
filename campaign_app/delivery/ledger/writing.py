"""The one algorithm of the ledger: claim a lease, read its rows, write outcomes, end leases.

Its functions yield statements (see steps).

Light to import: SQLite's process loads it and little else. Locks are always taken in this order: campaign, lease,
deliveries, counter, minutes, domains.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from campaign_app.delivery.ledger.lease_store import LeaseHandle, LeaseOwner, LedgerWrite, WriteResult
from campaign_app.delivery.ledger.steps import Sql, Step, Steps

PENDING = "pending"
COUNTED = ("pending", "sent", "delivered", "read", "replied", "failed", "bounced", "skipped", "uncertain")
"""The columns of COUNTERS, in its order."""
Clock = tuple[Any, ...]


class Disputed(Exception):
    """Rows were not as the outcomes expect: roll back, and settle them one by one."""


def claim(
    sql: Sql, campaign_id: int, owner: LeaseOwner, count: int, clock: Clock
) -> Steps[tuple[LeaseHandle, list[Any], int] | None]:
    """The next open lease of a running campaign, its first rows, and the id through which it is read."""
    if (yield from statuses(sql, [campaign_id])).get(campaign_id) != "running":
        return None
    mine = (campaign_id, owner.worker, owner.host, owner.journal)
    found = yield Step(sql.CLAIM, (*mine, *clock), reads=True)
    if not found:
        return None
    lease_id, epoch, first_id, last_id = found[0]
    handle = LeaseHandle(lease_id, epoch, campaign_id, first_id, last_id)
    read, read_through = yield from _read(sql, handle, first_id - 1, count, clock)
    return handle, read, read_through


def read_more(
    sql: Sql, handle: LeaseHandle, after_id: int, count: int, clock: Clock
) -> Steps[tuple[list[Any], int] | None]:
    """The rows behind `after_id`, and the id through which the lease is read now; None: the lease was lost."""
    if (yield from confirm(sql, [handle], clock)):
        return None
    return (yield from _read(sql, handle, after_id, count, clock))


def write(sql: Sql, batch: LedgerWrite) -> Steps[WriteResult]:
    """Outcomes of pending rows, heartbeats, ended leases, counters.

    Raises:
        Disputed: a lease of the outcomes was lost, or a row is not pending, or has other attempts.
    """
    known = yield from statuses(sql, {handle.campaign_id for handle in batch.finished})
    lost = yield from confirm(sql, batch.handles, batch.clock)
    if batch.leases & lost:
        raise Disputed
    changed = yield from _write_sent(sql, batch.sent)
    changed += yield from write_rows(sql, PENDING, batch.other)
    if changed != len(batch.sent) + len(batch.other):
        raise Disputed
    yield from write_refs(sql, batch.refs)
    return (yield from finish(sql, batch, known, lost))


def finish(sql: Sql, batch: LedgerWrite, statuses: dict[int, str], lost: set[int]) -> Steps[WriteResult]:
    """The rest of a write, once its rows are written."""
    result = WriteResult(lost)
    for handle in (handle for handle in batch.finished if handle.lease_id not in lost):
        cancelled = statuses.get(handle.campaign_id) == "cancelled"
        available, skipped = yield from end_lease(sql, handle, batch, cancelled=cancelled)
        result.reopened[handle.lease_id] = available
        batch.count(handle.campaign_id, {PENDING: -skipped, "skipped": skipped})
    yield from count(sql, batch.counters, batch.minutes, batch.domains)
    return result


def end_lease(
    sql: Sql, handle: LeaseHandle, batch: LedgerWrite, *, cancelled: bool, fence: bool = False
) -> Steps[tuple[Any, int]]:
    """End a lease: done, or open again when the next of its rows is due (None: done). Of a cancelled campaign the rest
    is skipped; how many. `fence`: its worker may live, so the epoch grows and that worker can change nothing any more.
    """
    area = (handle.first_id, handle.last_id, handle.campaign_id)
    left, untried, following = (yield Step(sql.LEFT, area, reads=True))[0]
    skipped = 0
    if left and cancelled:
        skipped = yield Step(sql.SKIP, (*area, batch.at))
        left = 0
    available = None
    if left:
        available = max(batch.any_time, following) if following and not untried else batch.any_time
    state = "open" if left else "done"
    yield Step(sql.RELEASE, (state, available, int(fence), handle.lease_id, handle.epoch))
    return available, skipped


def confirm(sql: Sql, handles: Sequence[LeaseHandle], clock: Clock) -> Steps[set[int]]:
    """Heartbeats; the leases that were lost."""
    if not handles:
        return set()
    asked = [(handle.lease_id, handle.epoch) for handle in handles]
    held = yield Step(sql.CONFIRM, (*sql.table(asked, 2), *clock), reads=True)
    return {lease_id for lease_id, _ in asked} - {row[0] for row in held}


def write_rows(sql: Sql, source: str, rows: Sequence[Sequence[Any]]) -> Steps[int]:
    """Write outcomes of rows in the status `source`; how many fitted."""
    changed: int = (yield Step(sql.WRITE, (source, *sql.table(rows, 8)))) if rows else 0
    return changed


def write_refs(sql: Sql, refs: Sequence[Sequence[Any]]) -> Steps[None]:
    """Keep what providers call the attempts; the first delivery that was given a name keeps it."""
    if refs:
        yield Step(sql.REFS, sql.table(refs, 4))


def count(
    sql: Sql, counters: dict[int, dict[str, int]], minutes: Sequence[Sequence[Any]], domains: Sequence[Sequence[Any]]
) -> Steps[None]:
    """Move the counter rows and the roll-ups."""
    for campaign_id, changes in sorted(counters.items()):
        if any(changes.values()):
            yield Step(sql.COUNTERS, (campaign_id, *(changes.get(name, 0) for name in COUNTED)))
    if minutes:
        yield Step(sql.MINUTES, sql.table(minutes, 4))
    if domains:
        yield Step(sql.DOMAINS, sql.table(domains, 5))


def _write_sent(sql: Sql, rows: Sequence[Sequence[Any]]) -> Steps[int]:
    changed: int = (yield Step(sql.WRITE_SENT, (PENDING, *sql.table(rows, 4)))) if rows else 0
    return changed


def statuses(sql: Sql, campaign_ids: Iterable[int]) -> Steps[dict[int, str]]:
    """The campaigns' statuses, locked: no cancel may come between this and the end of a lease."""
    asked = [(campaign_id,) for campaign_id in sorted(campaign_ids)]
    found = (yield Step(sql.LOCK_CAMPAIGNS, sql.table(asked, 1), reads=True)) if asked else ()
    return {row[0]: row[1] for row in found}


def _read(sql: Sql, handle: LeaseHandle, after_id: int, count: int, clock: Clock) -> Steps[tuple[list[Any], int]]:
    asked = (after_id, handle.last_id, handle.campaign_id, count, *clock[:1])
    found = sql.rows((yield Step(sql.READ, asked, reads=True)))
    read_through = found[-1][0] if len(found) == count else handle.last_id
    yield Step(sql.READ_THROUGH, (read_through, handle.lease_id, handle.epoch))
    return found, read_through
