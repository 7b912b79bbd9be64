"""A contact's timeline: messages, opens, clicks and replies, changes of the contact, suppression."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import addresses
from campaign_app.audience.schemas import TimelineItem, TimelineKind
from campaign_app.models.audit import AuditEntry
from campaign_app.models.campaign import Campaign, CampaignLink
from campaign_app.models.contact import EMAIL, PHONE, Contact, ContactAddress
from campaign_app.models.contact_import import ContactImport
from campaign_app.models.delivery import Delivery, DeliveryEvent, DeliveryStatus, EventKind
from campaign_app.models.suppression import Suppression

_EVENT_TITLES = {
    EventKind.OPEN: "Opened “{subject}”",
    EventKind.CLICK: "Clicked a link in “{subject}”",
    EventKind.UNSUBSCRIBE: "Unsubscribed",
    EventKind.COMPLAIN: "Marked “{subject}” as spam",
    EventKind.BOUNCE: "“{subject}” bounced",
    EventKind.REPLY: "Replied to “{subject}”",
    EventKind.VIEW: "Read “{subject}” in the browser",
    EventKind.DELIVER: "“{subject}” was delivered",
    EventKind.DELAY: "“{subject}” is delayed by the receiving server",
}
_CHANGE_TITLES = {
    "contact.create": "Added",
    "contact.update": "Changed",
    "contact.tag": "Tag “{tag}” added",
    "contact.untag": "Tag “{tag}” removed",
    "contact.list": "Added to the list “{list}”",
    "contact.unlist": "Removed from the list “{list}”",
}
_FIELD_WORDS = {"first_name": "first name", "last_name": "last name", "time_zone": "time zone", "email": "e-mail"}


async def read(session: AsyncSession, contact: Contact, kind: TimelineKind, limit: int) -> list[TimelineItem]:
    """The newest `limit` items of a kind."""
    items: list[TimelineItem] = []
    if kind in {TimelineKind.ALL, TimelineKind.EMAIL}:
        items += await _messages(session, contact, limit) + await _events(session, contact, limit)
    if kind in {TimelineKind.ALL, TimelineKind.CHANGES}:
        items += await _changes(session, contact, limit) + await _suppression(session, contact)
        items += await _origin(session, contact)
    return sorted(items, key=lambda item: item.at, reverse=True)[:limit]


async def _messages(session: AsyncSession, contact: Contact, limit: int) -> list[TimelineItem]:
    query = (
        sa.select(Delivery, col(Campaign.name), col(Campaign.subject))
        .outerjoin(Campaign, col(Campaign.id) == Delivery.campaign_id)
        .where(col(Delivery.contact_id) == contact.id)
        .order_by(col(Delivery.id).desc())
        .limit(limit)
    )
    return [_message(delivery, name, subject) for delivery, name, subject in await session.execute(query)]


def _message(delivery: Delivery, name: str | None, subject: str | None) -> TimelineItem:
    what, title, at = _outcome(delivery)
    parts = (name or "A deleted campaign", subject or "", delivery.reason.label, delivery.response)
    return TimelineItem(
        at=at,
        kind=TimelineKind.EMAIL,
        what=what,
        title=title,
        detail=" · ".join(part for part in parts if part),
        campaign_id=delivery.campaign_id,
        delivery_id=delivery.id,
    )


def _outcome(delivery: Delivery) -> tuple[str, str, datetime]:
    match delivery.status:
        case DeliveryStatus.SKIPPED:
            return "skipped", "Was left out of a campaign", delivery.updated_at
        case DeliveryStatus.PENDING:
            return "pending", "An e-mail is queued", delivery.updated_at
        case DeliveryStatus.FAILED:
            return "failed", "An e-mail could not be sent", delivery.failed_at or delivery.updated_at
        case DeliveryStatus.UNCERTAIN:
            return "uncertain", "An e-mail may have been sent", delivery.updated_at
        case _:
            return "sent", "Was sent an e-mail", delivery.sent_at or delivery.updated_at


async def _events(session: AsyncSession, contact: Contact, limit: int) -> list[TimelineItem]:
    link = sa.and_(
        col(CampaignLink.campaign_id) == DeliveryEvent.campaign_id, col(CampaignLink.position) == DeliveryEvent.link
    )
    query = (
        sa.select(DeliveryEvent, col(Campaign.name), col(Campaign.subject), col(CampaignLink.url))
        .outerjoin(Campaign, col(Campaign.id) == DeliveryEvent.campaign_id)
        .outerjoin(CampaignLink, link)
        .where(col(DeliveryEvent.contact_id) == contact.id)
        .order_by(col(DeliveryEvent.at).desc())
        .limit(limit)
    )
    return [_event(*row) for row in (await session.execute(query)).tuples()]


def _event(event: DeliveryEvent, name: str | None, subject: str | None, url: str | None) -> TimelineItem:
    parts = (url or "", name or "", event.detail, f"By a machine: {event.machine}" if event.machine else "")
    return TimelineItem(
        at=event.at,
        kind=TimelineKind.EMAIL,
        what=event.kind.value,
        title=_EVENT_TITLES[event.kind].format(subject=subject or name or "an e-mail"),
        detail=" · ".join(part for part in parts if part),
        campaign_id=event.campaign_id,
        delivery_id=event.delivery_id,
        machine=event.machine,
    )


async def _changes(session: AsyncSession, contact: Contact, limit: int) -> list[TimelineItem]:
    query = (
        select(AuditEntry)
        .where(AuditEntry.object_type == "contact", AuditEntry.object_id == str(contact.id))
        .order_by(col(AuditEntry.id).desc())
        .limit(limit)
    )
    return [_change(entry) for entry in await session.exec(query)]


def _change(entry: AuditEntry) -> TimelineItem:
    words: dict[str, Any] = {"tag": "", "list": "", **entry.details}
    fields = [_FIELD_WORDS.get(name, name) for name in entry.details.get("changed", [])]
    title = _CHANGE_TITLES.get(entry.action, "Changed").format(**words)
    if entry.action == "contact.update" and fields:
        title = f"Changed {', '.join(fields)}"
    return TimelineItem(entry.at, TimelineKind.CHANGES, "changed", title, f"By {entry.actor_name}")


async def _suppression(session: AsyncSession, contact: Contact) -> list[TimelineItem]:
    own = [(EMAIL, contact.email), (PHONE, contact.phone)]
    rows = await session.exec(select(ContactAddress).where(ContactAddress.contact_id == contact.id))
    own += [(row.kind, row.value) for row in rows]
    known = [addresses.is_suppressed(kind, address) for kind, address in own if address]
    found = await session.exec(select(Suppression).where(sa.or_(*known)))
    return [
        TimelineItem(
            row.created_at,
            TimelineKind.CHANGES,
            "suppressed",
            f"{row.address} no longer receives messages",
            " · ".join(part for part in (row.reason.label, row.note) if part),
            campaign_id=row.campaign_id,
        )
        for row in found
    ]


async def _origin(session: AsyncSession, contact: Contact) -> list[TimelineItem]:
    if not contact.source_import_id:
        return []
    found = await session.get(ContactImport, contact.source_import_id)
    name = found.filename if found else "a file"
    return [TimelineItem(contact.created_at, TimelineKind.CHANGES, "imported", f"Added by the import of {name}")]
