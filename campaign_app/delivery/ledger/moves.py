"""Moves of delivery rows in a session: by id, by condition, by a provider's event, and outcomes one by one."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.delivery.ledger import in_session, repository, settling
from campaign_app.delivery.ledger.outcome import Outcome, Tally
from campaign_app.delivery.ledger.transitions import EVENT_STATUS, TRANSITIONS, after_event, allows
from campaign_app.kit.transitions import check
from campaign_app.models.delivery import DeliveryRef, DeliveryStatus, EventKind, Reason

S = DeliveryStatus
_AT_ONCE = 1_000


async def move(
    session: AsyncSession,
    delivery_ids: Sequence[int],
    target: DeliveryStatus,
    *,
    at: datetime,
    reason: Reason = Reason.NONE,
    response: str = "",
) -> int:
    """Move these deliveries to `target` with their counters and roll-ups. Returns how many moved.

    Rows for which the table has no such way are left unchanged.
    """
    total = Tally()
    count = 0
    ordered = sorted(delivery_ids)
    for start in range(0, len(ordered), _AT_ONCE):
        moved: list[int] = []
        for row in await repository.lock_deliveries(session, ordered[start : start + _AT_ONCE]):
            if allows(row.status, target):
                total.add(row.campaign_id, row.status, target, at, row.domain)
                moved.append(row.id)
        await repository.set_status(session, moved, target, at=at, reason=reason, response=response)
        count += len(moved)
    await in_session.count(session, total)
    return count


async def move_matching(
    session: AsyncSession,
    campaign_id: int,
    source: DeliveryStatus,
    target: DeliveryStatus,
    *,
    at: datetime,
    reason: Reason = Reason.NONE,
    condition: ColumnElement[bool] | None = None,
    attempts: int = 0,
) -> int:
    """Move a campaign's deliveries in `source` that match `condition`, in one statement. Returns how many moved.

    `attempts` are added to what each has. For targets that no roll-up counts: skipped, uncertain, pending.

    Raises:
        NotAllowed: the table has no such way.
    """
    check(TRANSITIONS, source, target)
    if target in {S.SENT, S.FAILED, S.BOUNCED}:
        raise ValueError("minutes and domains count this one: use move()")
    moved = await repository.set_status_matching(session, campaign_id, source, target, at, reason, condition, attempts)
    if moved:
        total = Tally()
        total.counters[campaign_id][source] -= moved
        total.counters[campaign_id][target] += moved
        await in_session.count(session, total)
    return moved


async def revert_uncertain(session: AsyncSession, entries: Sequence[tuple[int, int]], at: datetime) -> int:
    """Make uncertain deliveries pending again that were certainly not sent. Returns how many.

    An entry is (id, attempts when the worker read the row). Rows another worker retried are left unchanged.
    """
    before = dict(entries)
    total, back = Tally(), []
    ordered = sorted(before)
    for start in range(0, len(ordered), _AT_ONCE):
        for row in await repository.lock_deliveries(session, ordered[start : start + _AT_ONCE]):
            doubted = row.status is S.UNCERTAIN and row.reason is Reason.WORKER_DIED
            if doubted and row.attempts == before[row.id] + 1:
                total.add(row.campaign_id, row.status, S.PENDING, at, row.domain)
                back.append(row.id)
    if back:
        await repository.take_back_attempt(session, back, at)
        await in_session.count(session, total)
    return len(back)


async def record_event(
    session: AsyncSession,
    delivery_id: int,
    kind: EventKind,
    at: datetime,
    *,
    reason: Reason = Reason.NONE,
    response: str = "",
) -> bool:
    """Record a provider's report. Returns whether the delivery's status moved. The first time of each kind is kept."""
    rows = await repository.lock_deliveries(session, [delivery_id])
    if not rows or kind not in EVENT_STATUS:
        return False
    row = rows[0]
    await repository.keep_first_time(session, delivery_id, EVENT_STATUS[kind], at)
    target = after_event(row.status, kind)
    if target is None:
        return False
    if kind is EventKind.BOUNCE and reason is Reason.NONE:
        reason = Reason.BOUNCE_REPORT
    total = Tally()
    total.add(row.campaign_id, row.status, target, at, row.domain)
    if target is S.FAILED:
        reason = reason or Reason.REFUSED
    elif row.status is S.FAILED:
        reason = Reason.NONE
    elif target is not S.BOUNCED and row.status is not S.BOUNCED:
        reason = row.reason
    await repository.set_status(session, [delivery_id], target, at=at, reason=reason, response=response)
    await in_session.count(session, total)
    return True


async def find(session: AsyncSession, account_id: int, provider_id: str) -> DeliveryRef | None:
    """The delivery and attempt that a provider means."""
    return await session.get(DeliveryRef, (account_id, provider_id))


async def settle(session: AsyncSession, outcomes: Sequence[Outcome], lost: set[int]) -> int:
    """Write outcomes of rows that may have another status than their worker knew (see settling); how many counted."""
    total, counted = await in_session.run(session, settling.settle(in_session.sql(), outcomes, lost))
    await in_session.count(session, total)
    return counted
