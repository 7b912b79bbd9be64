"""Writes finished campaigns: deliveries, events, roll-ups and counters, all computed from the same recipients."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import addresses
from campaign_app.channels import rows as accounts
from campaign_app.core import clock
from campaign_app.core.actor import SYSTEM
from campaign_app.delivery.launch import content
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import (
    Campaign,
    CampaignActivity,
    CampaignCounter,
    CampaignDomain,
    CampaignLink,
    CampaignMinute,
    CampaignStatus,
)
from campaign_app.models.contact import EMAIL, Contact, ContactList, ListMember
from campaign_app.models.delivery import Delivery, DeliveryEvent, DeliveryStatus, EventKind
from campaign_app.models.suppression import Suppression, SuppressionReason
from campaign_app.models.template import Template
from campaign_app.models.user import User
from campaign_app.ops.demo import people
from campaign_app.ops.demo.rehearsal import insert_many
from campaign_app.ops.demo.stories import Member, Recipient, Story, tell

SENT = {DeliveryStatus.SENT, DeliveryStatus.BOUNCED}
UNIQUE = {
    EventKind.OPEN: "opened",
    EventKind.CLICK: "clicked",
    EventKind.UNSUBSCRIBE: "unsubscribed",
    EventKind.COMPLAIN: "complained",
}
SUPPRESSES = {
    EventKind.UNSUBSCRIBE: SuppressionReason.UNSUBSCRIBED,
    EventKind.COMPLAIN: SuppressionReason.COMPLAINED,
    EventKind.BOUNCE: SuppressionReason.BOUNCED,
}


async def write(session: AsyncSession, story: Story, account: SendingAccount, owner: User) -> Campaign:
    """Write one finished campaign with all its rows."""
    now = clock.now()
    launched = (now - timedelta(days=story.days_ago)).replace(hour=story.hour, minute=2, second=11, microsecond=0)
    everybody = (await session.exec(select(ContactList).where(ContactList.name == story.list_name))).one()
    campaign = await _campaign(session, story, account, owner, everybody, launched)
    links = (await content.prepare(campaign, None)).links
    campaign_id = int(campaign.id or 0)
    session.add_all(CampaignLink(campaign_id=campaign_id, position=n, url=url) for n, url in enumerate(links))
    members = await _members(session, everybody, launched)
    recipients = list(tell(story, members, launched, now, len(links)))
    await _store(session, campaign, recipients)
    finished = max(r.sent_at or r.updated_at for r in recipients if r.attempts)
    campaign.finished_at = campaign.updated_at = finished
    _activities(session, campaign, owner, recipients)
    await session.flush()
    return campaign


async def _campaign(
    session: AsyncSession,
    story: Story,
    account: SendingAccount,
    owner: User,
    everybody: ContactList,
    launched: datetime,
) -> Campaign:
    template = (await session.exec(select(Template).where(Template.name == story.template))).one()
    campaign = Campaign(
        name=story.name,
        status=CampaignStatus.CANCELLED if story.stopped_at < 1 else CampaignStatus.COMPLETED,
        account_id=account.id,
        from_name=accounts.summary(account).name,
        subject=template.subject,
        preheader=template.preheader,
        editor=template.editor,
        html=people.in_our_words(template.html),
        text=people.in_our_words(template.text),
        audience={"lists": [everybody.id]},
        time_zone="Europe/Berlin",
        rate_per_minute=story.per_minute,
        step_reached=5,
        owner_id=owner.id,
        updated_by=owner.name,
        created_at=launched - timedelta(days=2, minutes=40),
        launched_at=launched,
        started_at=launched,
    )
    session.add(campaign)
    await session.flush()
    return campaign


async def _members(session: AsyncSession, everybody: ContactList, launched: datetime) -> list[Member]:
    """The list's contacts at the launch, and which of them were already suppressed."""
    statement = (
        select(Contact.id, Contact.email, Contact.domain, Suppression.reason)
        .join(ListMember, col(ListMember.contact_id) == col(Contact.id))
        .outerjoin(
            Suppression,
            sa.and_(addresses.is_suppressed(EMAIL, col(Contact.email)), col(Suppression.created_at) < launched),
        )
        .where(ListMember.list_id == everybody.id, col(Contact.created_at) < launched)
        .order_by(col(Contact.id))
    )
    rows = (await session.execute(statement)).all()
    return [Member(contact, email, domain, reason) for contact, email, domain, reason in rows]


async def _store(session: AsyncSession, campaign: Campaign, recipients: Sequence[Recipient]) -> None:
    campaign_id = int(campaign.id or 0)
    await insert_many(session, Delivery, (_delivery(campaign_id, r) for r in recipients))
    pairs = select(Delivery.contact_id, Delivery.id).where(Delivery.campaign_id == campaign_id)
    ids: dict[int, int] = {contact: int(found or 0) for contact, found in (await session.exec(pairs)).all()}
    await insert_many(session, DeliveryEvent, _events(campaign_id, recipients, ids))
    await _suppress(session, campaign_id, recipients)
    session.add(_counter(campaign_id, recipients))
    await insert_many(session, CampaignMinute, _minutes(campaign_id, recipients))
    await insert_many(session, CampaignDomain, _domains(campaign_id, recipients))
    await session.flush()
    for link in (await session.exec(select(CampaignLink).where(CampaignLink.campaign_id == campaign_id))).all():
        clicks = [e for r in recipients for e in r.events if e.kind is EventKind.CLICK and e.link == link.position]
        link.clicks = link.people = len(clicks)
        session.add(link)


def _delivery(campaign_id: int, recipient: Recipient) -> dict[str, Any]:
    last = max([recipient.updated_at, *(e.at for e in recipient.events if not e.machine)])
    return {
        "campaign_id": campaign_id,
        "contact_id": recipient.member.contact_id,
        "step": 1,
        "status": recipient.status,
        "reason": recipient.reason,
        "address": recipient.member.email,
        "domain": recipient.member.domain,
        "attempts": recipient.attempts,
        "response": recipient.response,
        "updated_at": last,
        "sent_at": recipient.sent_at,
        "failed_at": recipient.updated_at if recipient.status is DeliveryStatus.FAILED else None,
        **{f"{name}_at": recipient.first(kind) for kind, name in UNIQUE.items()},
    }


def _events(campaign_id: int, recipients: Sequence[Recipient], ids: dict[int, int]) -> list[dict[str, Any]]:
    return [
        {
            "delivery_id": ids[r.member.contact_id],
            "campaign_id": campaign_id,
            "contact_id": r.member.contact_id,
            "kind": event.kind,
            "at": event.at,
            "link": event.link,
            "machine": event.machine,
            "ip": "",
            "user_agent": event.user_agent,
            "detail": event.detail,
        }
        for r in recipients
        for event in r.events
    ]


async def _suppress(session: AsyncSession, campaign_id: int, recipients: Sequence[Recipient]) -> None:
    known = set((await session.exec(select(Suppression.address))).all())
    rows: dict[str, dict[str, Any]] = {}
    for recipient in recipients:
        for event in recipient.events:
            address = recipient.member.email
            if event.kind in SUPPRESSES and address not in known:
                rows[address] = {
                    "address": address,
                    "reason": SUPPRESSES[event.kind],
                    "note": "",
                    "campaign_id": campaign_id,
                    "created_at": event.at,
                }
    await insert_many(session, Suppression, rows.values())


def _counter(campaign_id: int, recipients: Sequence[Recipient]) -> CampaignCounter:
    states = Counter(r.status.value for r in recipients)
    people = Counter(name for r in recipients for kind, name in UNIQUE.items() if r.first(kind))
    happened = Counter((e.kind, bool(e.machine)) for r in recipients for e in r.events)
    return CampaignCounter(
        campaign_id=campaign_id,
        total=len(recipients),
        **states,
        **people,
        opens=happened[EventKind.OPEN, False],
        clicks=happened[EventKind.CLICK, False],
        machine_opens=happened[EventKind.OPEN, True],
        machine_clicks=happened[EventKind.CLICK, True],
    )


def _minutes(campaign_id: int, recipients: Sequence[Recipient]) -> list[dict[str, Any]]:
    """Sent messages and people's events by minute; first events have their own columns."""
    found: dict[datetime, Counter[str]] = {}

    def count(at: datetime | None, what: str) -> None:
        if at is not None:
            found.setdefault(at.replace(second=0, microsecond=0), Counter())[what] += 1

    for r in recipients:
        count(r.sent_at, "sent")
        count(r.updated_at if r.status is DeliveryStatus.FAILED else None, "failed")
        for kind in (EventKind.OPEN, EventKind.CLICK, EventKind.UNSUBSCRIBE):
            count(r.first(kind), UNIQUE[kind])
        for event in r.events:
            if not event.machine and event.kind in {EventKind.OPEN, EventKind.CLICK}:
                count(event.at, f"{event.kind.value}s")
    names = ("sent", "failed", "opens", "clicks", "opened", "clicked", "unsubscribed")
    return [
        {"campaign_id": campaign_id, "minute": minute, **{n: row[n] for n in names}} for minute, row in found.items()
    ]


def _domains(campaign_id: int, recipients: Sequence[Recipient]) -> list[dict[str, Any]]:
    found: dict[str, Counter[str]] = {}
    for r in recipients:
        row = found.setdefault(r.member.domain, Counter())
        row["sent"] += r.status in SENT
        row["failed"] += r.status is DeliveryStatus.FAILED
        row["bounced"] += r.status is DeliveryStatus.BOUNCED
        for kind, name in UNIQUE.items():
            row[name] += r.first(kind) is not None
    names = ("sent", "failed", "bounced", *UNIQUE.values())
    return [
        {"campaign_id": campaign_id, "domain": domain, **{n: row[n] for n in names}} for domain, row in found.items()
    ]


def _activities(session: AsyncSession, campaign: Campaign, owner: User, recipients: Sequence[Recipient]) -> None:
    reachable = sum(1 for r in recipients if r.attempts)
    assert campaign.launched_at is not None
    assert campaign.finished_at is not None
    lines = [(campaign.created_at, "created", owner.name, "Created")]
    lines.append((campaign.launched_at, "launched", owner.name, f"Launched to {len(recipients):,} recipients"))
    if campaign.status is CampaignStatus.CANCELLED:
        lines.append((campaign.finished_at, "cancelled", owner.name, "Cancelled"))
    else:
        lines.append((campaign.finished_at, "completed", SYSTEM.name, f"Finished: {reachable:,} messages handled"))
    for at, kind, who, title in lines:
        line = CampaignActivity(campaign_id=int(campaign.id or 0), at=at, kind=kind, actor_name=who, title=title)
        line.by_person = kind != "completed"
        session.add(line)
