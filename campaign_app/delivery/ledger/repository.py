"""SQL of delivery rows, counters and roll-ups outside the sending path."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import db
from campaign_app.delivery.ledger.outcome import Outcome, Tally
from campaign_app.models.campaign import CampaignCounter, CampaignDomain, CampaignMinute
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
    """What a move needs to know of a delivery."""

    id: int
    campaign_id: int
    status: DeliveryStatus
    reason: Reason
    domain: str
    attempts: int


async def lock_deliveries(session: AsyncSession, delivery_ids: Sequence[int]) -> list[LedgerRow]:
    """These deliveries, locked until the transaction ends, in the order of their ids (so that none deadlocks)."""
    if not delivery_ids:
        return []
    statement = (
        sa.select(*_LEDGER_COLUMNS)
        .where(col(Delivery.id).in_(delivery_ids))
        .order_by(col(Delivery.id))
        .with_for_update()
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
    """Write a status that the ledger allowed."""
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


async def write_outcome(session: AsyncSession, outcome: Outcome) -> None:
    """Write one outcome that the ledger allowed."""
    following: Any = outcome.next_attempt_at
    if following is not None and db.is_postgres():  # by the server's clock: ours may be wrong
        following = sa.func.now() + sa.literal(following - outcome.at, sa.Interval())
    values: dict[str, Any] = {
        "status": outcome.status,
        "reason": outcome.reason,
        "attempts": outcome.attempts,
        "next_attempt_at": following,
        "response": outcome.response[:500],
        "updated_at": outcome.at,
    }
    if outcome.status in {DeliveryStatus.SENT, DeliveryStatus.FAILED}:
        values[_TIME_OF[outcome.status]] = outcome.at
    await session.execute(sa.update(Delivery).where(col(Delivery.id) == outcome.delivery_id).values(**values))


async def take_back_attempt(session: AsyncSession, delivery_ids: Sequence[int], at: datetime) -> None:
    """These deliveries are pending as if they had never been tried."""
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
    """Write a status over a set and count so many attempts more; how many rows had `source` and changed."""
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
    """Note when `status` was first reached; an earlier time that arrives late replaces a later one."""
    column = getattr(Delivery, _TIME_OF[status])
    await session.execute(
        sa.update(Delivery)
        .where(col(Delivery.id) == delivery_id, sa.or_(column.is_(None), column > at))
        .values(**{_TIME_OF[status]: at})
    )


def insert(table: Any) -> Any:
    """INSERT of the configured database, with its ON CONFLICT."""
    return postgresql.insert(table) if db.is_postgres() else sqlite.insert(table)


async def _add(session: AsyncSession, table: Any, keys: dict[str, Any], amounts: dict[str, int]) -> None:
    statement = insert(table).values(**keys, **amounts)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=list(keys),
            set_={name: getattr(table, name) + amount for name, amount in amounts.items()},
        )
    )


async def apply_tally(session: AsyncSession, total: Tally) -> None:
    """Move the counter rows and the roll-ups, in one order everywhere."""
    for campaign_id, changes in sorted(total.counters.items()):
        amounts = {status.value: amount for status, amount in changes.items() if amount}
        if amounts:
            await session.execute(
                sa.update(CampaignCounter)
                .where(col(CampaignCounter.campaign_id) == campaign_id)
                .values({name: getattr(CampaignCounter, name) + amount for name, amount in amounts.items()}),
                execution_options={"synchronize_session": False},
            )
    for (campaign_id, minute), (sent, failed) in sorted(total.minutes.items()):
        amounts = {"sent": sent, "failed": failed, "opens": 0, "clicks": 0, "opened": 0, "clicked": 0}
        await _add(
            session, CampaignMinute, {"campaign_id": campaign_id, "minute": minute}, {**amounts, "unsubscribed": 0}
        )
    for (campaign_id, domain), (sent, failed, bounced) in sorted(total.domains.items()):
        amounts = {"sent": sent, "failed": failed, "bounced": bounced, "opened": 0, "clicked": 0}
        await _add(
            session,
            CampaignDomain,
            {"campaign_id": campaign_id, "domain": domain},
            {**amounts, "unsubscribed": 0, "complained": 0},
        )


async def ids_with_status(session: AsyncSession, campaign_id: int, status: DeliveryStatus) -> list[int]:
    """The campaign's deliveries in an exceptional status."""
    statement = sa.select(col(Delivery.id)).where(
        col(Delivery.campaign_id) == campaign_id,
        col(Delivery.status) == status,
        sa.text("delivery.status NOT IN ('pending', 'sent')"),
    )
    return [int(found) for found in (await session.execute(statement)).scalars() if found is not None]
