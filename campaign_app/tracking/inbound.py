"""Matches bounces, complaints and replies with their deliveries. A repeated report counts once."""

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import suppression
from campaign_app.channels.content import Channel
from campaign_app.channels.reports import Fact, Report
from campaign_app.core.actor import SYSTEM
from campaign_app.core.clock import now
from campaign_app.core.errors import Invalid
from campaign_app.delivery.ledger import moves, transitions
from campaign_app.models.delivery import Delivery, EventKind
from campaign_app.models.suppression import SuppressionReason
from campaign_app.rendering import links
from campaign_app.rendering.links import LinkKind
from campaign_app.tracking import repository, service, trouble


@dataclass(frozen=True, slots=True)
class Taken:
    """Result of a report: how many facts it held, how many matched a delivery, how many were new."""

    facts: int
    matched: int
    new: int


async def take(session: AsyncSession, channel: Channel, raw: bytes, at: datetime | None = None) -> Taken:
    """Record a report that a channel received. Repeating it changes nothing."""
    report = await asyncio.to_thread(channel.read_report, raw)
    if report is None:
        return Taken(0, 0, 0)
    matched = new = 0
    for position, fact in enumerate(report.facts):
        delivery = await _delivery(session, report, fact)
        if delivery is None:
            await _suppress_stranger(session, fact)
            continue
        matched += 1
        new += await _record(session, delivery, fact, _dedupe(raw, position, delivery, fact), at or now())
    return Taken(len(report.facts), matched, new)


async def _delivery(session: AsyncSession, report: Report, fact: Fact) -> Delivery | None:
    """Found by our own header, Message-ID or bounce address; in a report about several people also by address."""
    found = links.read_token(LinkKind.DELIVERY, report.token) if report.token else None
    delivery_id = found if found is not None else report.delivery_id
    named = await repository.delivery(session, delivery_id) if delivery_id is not None else None
    several = len(report.facts) > 1 and fact.recipient
    if named is not None and not (several and named.address != fact.recipient):
        return named
    return (
        None
        if fact.kind is EventKind.REPLY or not several
        else await repository.latest_delivery(session, fact.recipient)
    )


async def _suppress_stranger(session: AsyncSession, fact: Fact) -> None:
    """A complaint that names only an address also suppresses it."""
    if fact.kind is EventKind.COMPLAIN and "@" in fact.recipient:
        with suppress(Invalid):  # the report may name something that is no address
            await suppression.add(
                session, SYSTEM, fact.recipient, SuppressionReason.COMPLAINED, note="Reported as spam"
            )


def _dedupe(raw: bytes, position: int, delivery: Delivery, fact: Fact) -> str:
    if fact.kind in {EventKind.DELAY, EventKind.REPLY}:  # there may be several
        return f"mail:{delivery.id}:{hashlib.sha256(raw).hexdigest()[:40]}:{position}"
    return f"{fact.kind.value}:{delivery.id}"


async def _record(session: AsyncSession, delivery: Delivery, fact: Fact, dedupe: str, at: datetime) -> bool:
    detail = fact.response or fact.reason.label
    if not await repository.add_event(session, delivery, fact.kind, at, detail=detail, dedupe=dedupe):
        return False
    if fact.kind in transitions.EVENT_STATUS:
        await moves.record_event(session, delivery.id or 0, fact.kind, at, reason=fact.reason, response=fact.response)
    if fact.about_us:
        await trouble.heard(session, delivery, fact.response)
    if fact.kind is EventKind.BOUNCE and fact.dead:
        await service.suppress(
            session, delivery, SuppressionReason.BOUNCED, fact.response or "Returned as undeliverable"
        )
    if fact.kind is EventKind.COMPLAIN:
        await service.count_once(session, delivery, "complained", at)
        await service.suppress(session, delivery, SuppressionReason.COMPLAINED, "Marked a message as spam")
    return True
