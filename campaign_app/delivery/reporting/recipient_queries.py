"""Reading the ledger: the recipients' table, the counters, why a recipient got what."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import search as search_words
from campaign_app.channels import registry
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.core.errors import NotFound
from campaign_app.delivery import repository
from campaign_app.delivery.reporting import reasons
from campaign_app.delivery.schemas import LeaseInfo, RecipientRow, Why
from campaign_app.kit import pagination
from campaign_app.kit.pagination import Page, SortKey
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignStatus
from campaign_app.models.contact import Contact
from campaign_app.models.delivery import Delivery, DeliveryEvent, DeliveryRef, DeliveryStatus, Lease, LeaseState, Reason

_COLUMNS: tuple[Any, ...] = (
    col(Delivery.id),
    col(Delivery.contact_id),
    sa.func.trim(sa.func.coalesce(Contact.first_name, "") + " " + sa.func.coalesce(Contact.last_name, "")),
    col(Delivery.address),
    col(Delivery.status),
    col(Delivery.reason),
    col(Delivery.response),
    col(Delivery.attempts),
    col(Delivery.updated_at),
    col(Delivery.next_attempt_at),
    col(Delivery.sent_at),
    col(Delivery.delivered_at),
    col(Delivery.read_at),
    col(Delivery.replied_at),
    col(Delivery.failed_at),
    col(Delivery.opened_at),
    col(Delivery.clicked_at),
    col(Delivery.unsubscribed_at),
    col(Delivery.complained_at),
)
_select: Any = sa.select  # its overloads know neither SQLModel's columns nor mixed entities
_DENSE = {DeliveryStatus.SENT, DeliveryStatus.PENDING}


def _search(text: str) -> Any:
    """Words of the address or the name begin like `text`: found first, by the audience's own index."""
    words = search_words.hits(text, "postgresql" if db.is_postgres() else "sqlite")
    found = _select(Contact.id).where(words).cte("found").prefix_with("MATERIALIZED", dialect="postgresql")
    return col(Delivery.contact_id).in_(_select(found.c.id))


def _filters(campaign_id: int, status: str, reason: str, search: str) -> list[Any]:
    conditions: list[Any] = [col(Delivery.campaign_id) == campaign_id]
    statuses = [DeliveryStatus(part) for part in status.split(",") if part]
    if statuses:
        conditions.append(col(Delivery.status).in_(statuses))
        if not _DENSE & set(statuses):  # literally what the partial index says, or no planner uses it
            conditions.append(sa.text("delivery.status NOT IN ('pending', 'sent')"))
    if reason:
        conditions.append(col(Delivery.reason) == Reason(reason))
    if search.strip():
        conditions.append(_search(search))
    return conditions


async def recipients(
    session: AsyncSession,
    actor: Actor,
    campaign_id: int,
    *,
    status: str = "",
    reason: str = "",
    search: str = "",
    cursor: str = "",
    limit: int = 50,
) -> Page[RecipientRow]:
    """A page of a campaign's recipients. `status` may name several, with commas; `search` is the start of an address
    or a name.
    """
    actor.require("campaigns:read")
    conditions = _filters(campaign_id, status, reason, search)
    # the unique index (campaign, contact, step) gives the order; exceptional and pending rows are few and go by id
    by_id = bool(status) and DeliveryStatus.SENT not in status.split(",")
    keys = [SortKey(col(Delivery.id))] if by_id else [SortKey(col(Delivery.contact_id)), SortKey(col(Delivery.id))]
    if status == DeliveryStatus.PENDING:
        conditions.append(col(Delivery.id) >= await _first_open_id(session, campaign_id))
    statement = (
        _select(*_COLUMNS)
        .outerjoin_from(Delivery, Contact, col(Contact.id) == col(Delivery.contact_id))
        .where(*conditions)
    )
    found = await pagination.page(session, statement, keys, cursor=cursor, limit=limit)
    if not found.rows and "@" in search and not cursor:
        return Page(await _by_frozen_address(session, campaign_id, search))
    return found.map(lambda row: RecipientRow(*row[: len(_COLUMNS)]))


async def _by_frozen_address(session: AsyncSession, campaign_id: int, address: str) -> list[RecipientRow]:
    """Find by the address as it was at the launch, because the contact may have changed since."""
    statement = (
        _select(*_COLUMNS)
        .outerjoin_from(Delivery, Contact, col(Contact.id) == col(Delivery.contact_id))
        .where(col(Delivery.campaign_id) == campaign_id, col(Delivery.address) == address.strip().lower())
        .limit(pagination.MAX_PAGE)
    )
    return [RecipientRow(*row) for row in (await session.execute(statement)).all()]


async def _first_open_id(session: AsyncSession, campaign_id: int) -> int:
    """Below this id nothing of the campaign is pending any more."""
    statement = _select(sa.func.min(Lease.first_id)).where(
        col(Lease.campaign_id) == campaign_id, col(Lease.state) != LeaseState.DONE
    )
    return int((await session.execute(statement)).scalar() or 0)


async def counters(session: AsyncSession, campaign_id: int) -> CampaignCounter:
    """The campaign's counter row; all zero before the launch."""
    return await repository.get_counter(session, campaign_id) or CampaignCounter(campaign_id=campaign_id)


async def why(session: AsyncSession, actor: Actor, delivery_id: int) -> Why:
    """The ordered rules that led to what a recipient got.

    Raises:
        NotFound: there is no such delivery.
    """
    actor.require("campaigns:read")
    statement = (
        _select(Campaign, SendingAccount, *_COLUMNS)
        .select_from(Delivery)
        .join(Campaign, col(Campaign.id) == col(Delivery.campaign_id))
        .outerjoin(SendingAccount, col(SendingAccount.id) == col(Campaign.account_id))
        .outerjoin(Contact, col(Contact.id) == col(Delivery.contact_id))
        .where(col(Delivery.id) == delivery_id)
    )
    found = (await session.execute(statement)).first()
    if found is None:
        raise NotFound("There is no such recipient.")
    campaign, account, row = found[0], found[1], RecipientRow(*found[2:])
    events = await _events(session, delivery_id)
    message_id, provider_id = await _names(session, account, row)
    return Why(
        row=row,
        campaign_id=int(campaign.id),
        campaign_name=campaign.name,
        message_id=message_id,
        provider_id=provider_id,
        rules=reasons.explain(row, campaign, account, events, now()),
    )


async def _names(session: AsyncSession, account: SendingAccount | None, row: RecipientRow) -> tuple[str, str]:
    """The message's ids here and at its provider."""
    if account is None or not row.attempts:
        return "", ""
    adapter = registry.adapter(account.provider)
    settings = adapter.settings_model.model_validate(account.settings)
    statement = select(DeliveryRef.provider_id).where(DeliveryRef.delivery_id == row.id)
    told = (await session.exec(statement.order_by(col(DeliveryRef.attempt).desc()).limit(1))).first()
    return adapter.message_id(settings, row.id), told or adapter.provider_id(row.response)


async def _events(session: AsyncSession, delivery_id: int) -> Sequence[DeliveryEvent]:
    statement = (
        select(DeliveryEvent)
        .where(DeliveryEvent.delivery_id == delivery_id)
        .order_by(col(DeliveryEvent.at), col(DeliveryEvent.id))
        .limit(50)
    )
    return (await session.exec(statement)).all()


def under_way() -> Any:
    """Ids of campaigns that may have held leases, so that leases of finished campaigns are not read."""
    ended = (CampaignStatus.DRAFT, CampaignStatus.SCHEDULED, CampaignStatus.COMPLETED)
    return _select(col(Campaign.id)).where(col(Campaign.status).not_in(ended))


async def held_leases(session: AsyncSession, actor: Actor, limit: int = 100) -> list[LeaseInfo]:
    """Held leases, oldest heartbeat first (operations page)."""
    actor.require("workspace:read")
    statement = (
        _select(Lease, Campaign.name)
        .join(Campaign, col(Campaign.id) == col(Lease.campaign_id))
        .where(col(Lease.campaign_id).in_(under_way()), col(Lease.state) == LeaseState.HELD)
        .order_by(col(Lease.heartbeat_at), col(Lease.id))
        .limit(limit)
    )
    found = (await session.execute(statement)).all()
    counts = await _counts(session, [int(lease.id) for lease, _ in found])
    return [
        LeaseInfo(
            id=int(lease.id),
            campaign_id=lease.campaign_id,
            campaign_name=name,
            owner=lease.owner,
            host=lease.host,
            first_id=lease.first_id,
            last_id=lease.last_id,
            pending=counts[int(lease.id)][0],
            total=counts[int(lease.id)][1],
            claimed_at=lease.claimed_at,
            heartbeat_at=lease.heartbeat_at,
            expires_at=lease.expires_at,
        )
        for lease, name in found
    ]


async def _counts(session: AsyncSession, lease_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Per lease: deliveries without an outcome, and deliveries that are to get the message."""
    status = col(Delivery.status)
    pending, total = _number(status == DeliveryStatus.PENDING), _number(status != DeliveryStatus.SKIPPED)
    statement = _select(col(Lease.id), pending, total).where(col(Lease.id).in_(lease_ids))
    return {int(row[0]): (int(row[1]), int(row[2])) for row in (await session.execute(statement)).all()}


def _number(condition: sa.ColumnElement[bool]) -> Any:
    """The number of a lease's deliveries. `+ 0` keeps the planners from the index by campaign, which would read all of
    it. A join would let PostgreSQL read the whole table."""
    return (
        _select(sa.func.count())
        .select_from(Delivery)
        .where(
            col(Delivery.id).between(Lease.first_id, Lease.last_id),
            col(Delivery.campaign_id) + 0 == col(Lease.campaign_id),
            condition,
        )
        .correlate(Lease)
        .scalar_subquery()
    )
