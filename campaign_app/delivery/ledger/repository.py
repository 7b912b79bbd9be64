"""SQL of delivery rows, counters and roll-ups outside the sending path."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.models.delivery import Delivery, DeliveryStatus, Reason

_TIME_OF = {
    DeliveryStatus.SENT: "sent_at",
    DeliveryStatus.DELIVERED: "delivered_at",
    DeliveryStatus.READ: "read_at",
    DeliveryStatus.REPLIED: "replied_at",
    DeliveryStatus.BOUNCED: "failed_at",
    DeliveryStatus.FAILED: "failed_at",
}


_LEDGER_COLUMNS: tuple[Any, ...] = (
    Delivery.id,
    Delivery.campaign_id,
    Delivery.status,
    Delivery.reason,
    Delivery.domain,
    Delivery.attempts,
)


_PROVIDER = {DeliveryStatus.DELIVERED, DeliveryStatus.READ, DeliveryStatus.REPLIED, DeliveryStatus.BOUNCED}


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """The columns of a delivery that a move needs."""

    id: int
    campaign_id: int
    status: DeliveryStatus
    reason: Reason
    domain: str
    attempts: int


async def lock_deliveries(session: AsyncSession, delivery_ids: Sequence[int]) -> list[LedgerRow]:
    """These deliveries, locked until the transaction ends, in the order of their ids to avoid deadlocks."""
    if not delivery_ids:
        return []
    statement = (
        sa.select(*_LEDGER_COLUMNS)
        .where(col(Delivery.id).in_(delivery_ids))
        .order_by(col(Delivery.id))
        .with_for_update(key_share=True)
    )
    return [LedgerRow(*row) for row in (await session.execute(statement)).all()]


async def set_status(
    session: AsyncSession,
    delivery_ids: Sequence[int],
    target: DeliveryStatus,
    *,
    at: datetime,
    reason: Reason,
    response: str,
) -> None:
    """Write a status that the table allows."""
    if not delivery_ids:
        return
    values: dict[str, Any] = {"status": target, "reason": reason, "updated_at": at, "next_attempt_at": None}
    if response:
        values["response"] = response[:500]
    if target in {DeliveryStatus.SENT, DeliveryStatus.FAILED}:
        values[_TIME_OF[target]] = at
    if target in _PROVIDER:
        values["sent_at"] = sa.func.coalesce(Delivery.sent_at, at)
    await session.execute(sa.update(Delivery).where(col(Delivery.id).in_(delivery_ids)).values(**values))


async def take_back_attempt(session: AsyncSession, delivery_ids: Sequence[int], at: datetime) -> None:
    """Make these deliveries pending, without their last attempt."""
    statement = sa.update(Delivery).where(col(Delivery.id).in_(delivery_ids))
    values = {"status": DeliveryStatus.PENDING, "reason": Reason.NONE, "updated_at": at, "next_attempt_at": None}
    await session.execute(
        statement.values(**values, attempts=Delivery.attempts - 1), execution_options={"synchronize_session": False}
    )


async def set_status_matching(
    session: AsyncSession,
    campaign_id: int,
    source: DeliveryStatus,
    target: DeliveryStatus,
    at: datetime,
    reason: Reason,
    condition: sa.ColumnElement[bool] | None,
    attempts: int,
) -> int:
    """Write a status over a set and add attempts. Returns how many rows had `source` and changed."""
    statement = sa.update(Delivery).where(col(Delivery.campaign_id) == campaign_id, col(Delivery.status) == source)
    if condition is not None:
        statement = statement.where(condition)
    result: Any = await session.execute(
        statement.values(
            status=target, reason=reason, updated_at=at, next_attempt_at=None, attempts=Delivery.attempts + attempts
        ),
        execution_options={"synchronize_session": False},
    )
    return int(result.rowcount)


async def keep_first_time(session: AsyncSession, delivery_id: int, status: DeliveryStatus, at: datetime) -> None:
    """Store when `status` was first reached. An earlier time that arrives late replaces a later one."""
    column = getattr(Delivery, _TIME_OF[status])
    await session.execute(
        sa.update(Delivery)
        .where(col(Delivery.id) == delivery_id, sa.or_(column.is_(None), column > at))
        .values(**{_TIME_OF[status]: at})
    )


async def ids_with_status(session: AsyncSession, campaign_id: int, status: DeliveryStatus) -> list[int]:
    """The campaign's deliveries in an exceptional status."""
    statement = sa.select(col(Delivery.id)).where(
        col(Delivery.campaign_id) == campaign_id,
        col(Delivery.status) == status,
        sa.text("delivery.status NOT IN ('pending', 'sent')"),
    )
    return [int(found) for found in (await session.execute(statement)).scalars() if found is not None]
