"""Use cases of tracking: what a recipient's request means and what is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import suppression
from campaign_app.core.actor import SYSTEM
from campaign_app.core.clock import now
from campaign_app.models.delivery import Delivery, EventKind
from campaign_app.models.suppression import SuppressionReason
from campaign_app.rendering import link_values, links
from campaign_app.rendering.errors import RenderError
from campaign_app.rendering.links import LinkKind
from campaign_app.rendering.templating import context_for, render_url
from campaign_app.tracking import repository, targets
from campaign_app.tracking.hits import Batch, Changes, Hit, delivery_ids, minute_of
from campaign_app.workspace import service as workspace


@dataclass(frozen=True, slots=True)
class Click:
    """The target of a click, and what its hit needs."""

    url: str
    delivery_id: int
    position: int
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Leaving:
    """What the unsubscribe page shows: the partly hidden address, the sender's name, whether it is already done."""

    delivery_id: int
    address: str
    company: str
    done: bool


def hit_of(kind: EventKind, token: str, *, method: str = "GET", ip: str = "", user_agent: str = "") -> Hit | None:
    """The hit of an open pixel's or a view's token; None when the token is not valid. No I/O."""
    found = links.read_token(LinkKind(kind.value), token)
    return Hit(kind, found, now(), method=method, ip=ip, user_agent=user_agent) if found is not None else None


async def record_hits(session: AsyncSession, hits: Sequence[Hit]) -> Changes:
    """Store a batch and its roll-ups in this transaction."""
    ids = delivery_ids(hits)
    known = await repository.targets(session, ids)
    clicked, people = await repository.clicks_before(session, ids)
    counts = await repository.link_counts(session, sorted({target.campaign_id for target in known.values()}))
    changes = Batch(known, clicked, people, counts).add(hits)
    await repository.apply(session, changes)
    return changes


async def click(session: AsyncSession, token: str) -> Click | None:
    """Where a click token leads; None when it is not valid, or the target is no web address for this person."""
    found = links.read_click(token)
    known = await repository.click_target(session, found.delivery_id, found.position) if found else None
    if found is None or known is None:
        return None
    url, contact_id, sent_at = known
    if found.values:
        url = link_values.address(url, found.values)
    elif "{" in url:  # sent by a version whose tokens had no values
        contact = await repository.contact(session, contact_id)
        try:
            url = render_url(url, context_for(contact) if contact else {})
        except RenderError:
            return None
    safe = targets.redirectable(url)
    return Click(safe, found.delivery_id, found.position, sent_at) if safe else None


async def leaving(session: AsyncSession, token: str) -> Leaving | None:
    """What the unsubscribe page for this token shows; None when the token is not valid."""
    found = links.read_token(LinkKind.UNSUBSCRIBE, token)
    if found is None or (delivery := await repository.delivery(session, found)) is None:
        return None
    company = (await workspace.get(session)).company
    address = targets.half_hidden(delivery.address)
    return Leaving(found, address, company, delivery.unsubscribed_at is not None)


async def unsubscribe(session: AsyncSession, token: str, *, ip: str = "", user_agent: str = "") -> Leaving | None:
    """Suppress the recipient at once in all campaigns, also running ones. Repeating it changes nothing."""
    page = await leaving(session, token)
    if page is None or (delivery := await repository.delivery(session, page.delivery_id)) is None:
        return None
    at = now()
    if await repository.add_event(
        session,
        delivery,
        EventKind.UNSUBSCRIBE,
        at,
        ip=ip[:64],
        user_agent=user_agent[:255],
        dedupe=f"unsubscribe:{delivery.id}",
    ):
        await count_once(session, delivery, "unsubscribed", at)
    await suppress(session, delivery, SuppressionReason.UNSUBSCRIBED, "Unsubscribed from a message")
    return Leaving(page.delivery_id, page.address, page.company, done=True)


async def suppress(session: AsyncSession, delivery: Delivery, reason: SuppressionReason, note: str) -> None:
    """Put a recipient on the suppression list, as the system."""
    if not delivery.address:
        return
    campaign = await repository.campaign(session, delivery.campaign_id)
    kind = campaign.address_kind if campaign else ""
    await suppression.add(session, SYSTEM, delivery.address, reason, note, delivery.campaign_id, kind=kind)


async def count_once(session: AsyncSession, delivery: Delivery, column: str, at: datetime) -> None:
    """Count a recipient's first unsubscribe or complaint in the counter row and the roll-ups."""
    if not await repository.set_first_time(session, delivery.id or 0, f"{column}_at", at):
        return
    changes = Changes()
    changes.counters[delivery.campaign_id][column] += 1
    changes.domains[delivery.campaign_id, delivery.domain][column] += 1
    if column == "unsubscribed":
        changes.minutes[delivery.campaign_id, minute_of(at)][column] += 1
    await repository.add_amounts(session, changes)
