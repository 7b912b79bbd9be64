"""Freezes a launch: one delivery per recipient (with the reason if none can be sent), leases, links, counters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import addresses, audiences
from campaign_app.campaigns import contents, readiness
from campaign_app.delivery import repository
from campaign_app.delivery.errors import AccountNotConnected, EmptyAudience, NothingToSend, SetupIncomplete
from campaign_app.delivery.launch import content
from campaign_app.delivery.ledger.lease_store import ANY_TIME
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignLink
from campaign_app.models.delivery import Delivery, DeliveryStatus, Lease, LeaseState, Reason
from campaign_app.models.suppression import Suppression, SuppressionReason
from campaign_app.workspace.schemas import Workspace

LEASE_ROWS = 500
SUPPRESSED: dict[SuppressionReason, Reason] = {
    SuppressionReason.UNSUBSCRIBED: Reason.UNSUBSCRIBED,
    SuppressionReason.BOUNCED: Reason.SUPPRESSED_BOUNCED,
    SuppressionReason.COMPLAINED: Reason.COMPLAINED,
    SuppressionReason.MANUAL: Reason.SUPPRESSED_MANUAL,
}
_select: Any = sa.select
_delivery: Any = Delivery.__table__  # type: ignore[attr-defined]
_lease: Any = Lease.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a launch froze."""

    total: int
    pending: int
    skipped: int


def check_account(account: SendingAccount | None, at: datetime) -> SendingAccount:
    """The account if it can send now.

    Raises:
        AccountNotConnected: none is chosen, it was deleted or switched off, or its server does not answer.
    """
    if account is None or account.deleted_at is not None:
        raise AccountNotConnected("no account is chosen for this campaign.")
    if not account.is_active:
        raise AccountNotConnected(f"“{account.name}” is switched off.")
    if account.circuit_open_until and account.circuit_open_until > at:
        raise AccountNotConnected(f"“{account.name}” does not work now ({account.last_error or 'no answer'}).")
    return account


def check_workspace(workspace: Workspace, account: SendingAccount) -> None:
    """Raise SetupIncomplete when recipients could not open the links, or the postal address is missing."""
    for finding in readiness.stops(workspace, account):
        raise SetupIncomplete(finding.title, finding.detail)


def check_content(campaign: Campaign) -> None:
    """Raise NothingToSend when a part is empty that the channel needs."""
    if missing := contents.channel_of(campaign).lacks(contents.of(campaign)):
        raise NothingToSend(missing)


async def plan(session: AsyncSession, campaign: Campaign, at: datetime) -> Plan:
    """Freeze recipients, links and leases of a campaign that was never launched, all in this transaction.

    Raises:
        EmptyAudience: nobody can be reached.
        TemplateInvalid: the message cannot be read.
    """
    campaign_id = int(campaign.id or 0)
    links = (await content.prepare(campaign, None)).links
    await _insert_deliveries(session, campaign, at)
    counted = await _count(session, campaign_id)
    pending, total = counted.get(DeliveryStatus.PENDING, 0), sum(counted.values())
    if not pending:
        raise EmptyAudience
    await _insert_leases(session, campaign_id)
    session.add_all(CampaignLink(campaign_id=campaign_id, position=n, url=url) for n, url in enumerate(links))
    counter = await repository.get_counter(session, campaign_id) or CampaignCounter(campaign_id=campaign_id)
    counter.total, counter.pending, counter.skipped = total, pending, total - pending
    session.add(counter)
    await session.flush()
    return Plan(total, pending, total - pending)


async def _insert_deliveries(session: AsyncSession, campaign: Campaign, at: datetime) -> None:
    kind = contents.channel_of(campaign).address
    campaign.address_kind = kind.name
    people = (await audiences.recipients_query(session, campaign.audience, kind.name)).subquery()
    address, domain = sa.func.coalesce(people.c.address, ""), sa.func.coalesce(people.c.address_domain, "")
    is_no_address = [sa.not_(address.like(kind.like)), *([domain == ""] if kind.has_domain else [])]
    reason = sa.case(
        *((col(Suppression.reason) == found, reason.value) for found, reason in SUPPRESSED.items()),
        (address == "", Reason.NO_ADDRESS.value),
        (sa.or_(*is_no_address), Reason.ADDRESS_INVALID.value),
        else_=Reason.NONE.value,
    )
    rows = (
        _select(
            people.c.id.label("contact_id"), address.label("address"), domain.label("domain"), reason.label("reason")
        )
        .select_from(people.outerjoin(Suppression, addresses.is_suppressed(kind.name, people.c.address)))
        .subquery()
    )
    status = sa.case((rows.c.reason == "", DeliveryStatus.PENDING.value), else_=DeliveryStatus.SKIPPED.value)
    values: dict[str, Any] = {
        "campaign_id": sa.literal(campaign.id),
        "contact_id": rows.c.contact_id,
        "step": sa.literal(1),
        "status": status,
        "reason": rows.c.reason,
        "address": rows.c.address,
        "domain": rows.c.domain,
        "attempts": sa.literal(0),
        "response": sa.literal(""),
        "updated_at": sa.literal(at, _delivery.c.updated_at.type),
    }
    source = _select(*values.values()).order_by(rows.c.contact_id)
    await session.execute(sa.insert(_delivery).from_select(list(values), source, include_defaults=False))


async def _count(session: AsyncSession, campaign_id: int) -> dict[DeliveryStatus, int]:
    statement = (
        _select(Delivery.status, sa.func.count())
        .where(col(Delivery.campaign_id) == campaign_id)
        .group_by(col(Delivery.status))
    )
    return {status: int(number) for status, number in (await session.execute(statement)).all()}


async def _insert_leases(session: AsyncSession, campaign_id: int) -> None:
    position = sa.func.row_number().over(order_by=col(Delivery.id)) - 1
    numbered = (
        _select(Delivery.id, (position // sa.literal(LEASE_ROWS)).label("block"))
        .where(col(Delivery.campaign_id) == campaign_id, col(Delivery.status) == DeliveryStatus.PENDING)
        .subquery()
    )
    block = numbered.c.block
    values: dict[str, Any] = {
        "campaign_id": sa.literal(campaign_id),
        "first_id": sa.func.min(numbered.c.id),
        "last_id": sa.func.max(numbered.c.id),
        "state": sa.literal(LeaseState.OPEN.value),
        "epoch": sa.literal(0),
        "read_through_id": sa.literal(0),
        "owner": sa.literal(""),
        "host": sa.literal(""),
        "journal": sa.literal(""),
        "available_at": sa.literal(ANY_TIME, _lease.c.available_at.type),
    }
    source = _select(*values.values()).group_by(block).order_by(block)
    await session.execute(sa.insert(_lease).from_select(list(values), source, include_defaults=False))
