"""The ledger's and the campaigns' SQL outside the fast path."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import load_only
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import clock, db
from campaign_app.delivery.outcome import Outcome, Tally
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignDomain, CampaignMinute, CampaignStatus
from campaign_app.models.delivery import Delivery, DeliveryStatus, Lease, LeaseState, Reason

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
_STANDING: tuple[Any, ...] = (
    Campaign.id, Campaign.status, Campaign.status_reason, Campaign.launched_at, Campaign.windows,
    Campaign.rate_per_minute, Campaign.batch_size, Campaign.batch_delay_ms,
)  # fmt: skip
_PACE: tuple[Any, ...] = (SendingAccount.id, SendingAccount.limit_per_minute, SendingAccount.limit_per_day)
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


async def get_campaign(session: AsyncSession, campaign_id: int, *, lock: bool = False) -> Campaign | None:
    """A campaign that is not deleted; with `lock` nobody else changes it until the transaction ends."""
    statement = select(Campaign).where(Campaign.id == campaign_id, col(Campaign.deleted_at).is_(None))
    if lock:
        statement = statement.with_for_update()
    return (await session.exec(statement.execution_options(populate_existing=True))).first()


async def get_counter(session: AsyncSession, campaign_id: int) -> CampaignCounter | None:
    """The campaign's counter row."""
    statement = select(CampaignCounter).where(CampaignCounter.campaign_id == campaign_id)
    return (await session.exec(statement.execution_options(populate_existing=True))).first()


async def standing(
    session: AsyncSession, campaign_ids: Collection[int]
) -> Sequence[tuple[Campaign, SendingAccount | None, CampaignCounter | None]]:
    """What progress is told of, in one statement and without the messages: it is asked for five times a second."""
    statement = (
        select(Campaign, SendingAccount, CampaignCounter)
        .join(SendingAccount, col(SendingAccount.id) == col(Campaign.account_id), isouter=True)
        .join(CampaignCounter, col(CampaignCounter.campaign_id) == col(Campaign.id), isouter=True)
        .where(col(Campaign.id).in_(campaign_ids), col(Campaign.deleted_at).is_(None))
        .options(load_only(*_STANDING), load_only(*_PACE))
    )
    return (await session.exec(statement)).all()


async def ids_with_status(session: AsyncSession, campaign_id: int, status: DeliveryStatus) -> list[int]:
    """The campaign's deliveries in an exceptional status."""
    statement = sa.select(col(Delivery.id)).where(
        col(Delivery.campaign_id) == campaign_id,
        col(Delivery.status) == status,
        sa.text("delivery.status NOT IN ('pending', 'sent')"),
    )
    return [int(found) for found in (await session.execute(statement)).scalars() if found is not None]


async def instant(session: AsyncSession) -> datetime:
    """Now, on the clock that all hosts share: PostgreSQL's; with SQLite there is one host."""
    if not db.is_postgres():
        return clock.now()
    found: datetime = (await session.execute(sa.select(sa.func.now()))).scalar_one()
    return found


async def campaigns_with_status(session: AsyncSession, status: CampaignStatus) -> list[int]:
    """Ids of the campaigns in a status, by priority."""
    statement = (
        sa.select(col(Campaign.id))
        .where(col(Campaign.status) == status, col(Campaign.deleted_at).is_(None))
        .order_by(col(Campaign.priority), col(Campaign.id))
    )
    return [int(found) for found in (await session.execute(statement)).scalars() if found is not None]


async def cancelled_with_open_leases(session: AsyncSession) -> list[int]:
    """Cancelled campaigns of which a lease came back after the cancelling."""
    statement = (
        sa.select(col(Campaign.id))
        .join(Lease, col(Lease.campaign_id) == col(Campaign.id))
        .where(col(Campaign.status) == CampaignStatus.CANCELLED, col(Lease.state) == LeaseState.OPEN)
        .distinct()
    )
    return [int(found) for found in (await session.execute(statement)).scalars() if found is not None]


async def paused_with_nothing_left(session: AsyncSession) -> list[int]:
    """Paused campaigns whose last messages were answered after the pause."""
    statement = (
        sa.select(col(Campaign.id))
        .join(CampaignCounter, col(CampaignCounter.campaign_id) == col(Campaign.id))
        .where(
            col(Campaign.status) == CampaignStatus.PAUSED,
            col(CampaignCounter.pending) == 0,
            col(CampaignCounter.total) > 0,
        )
    )
    return [int(found) for found in (await session.execute(statement)).scalars() if found is not None]
