"""Addresses to which no campaign may send. They stay when the contact is deleted.

Each address has one reason, the strongest known: complained > bounced > unsubscribed > manual. A complaint comes from
the recipient and harms the sender's reputation; a bounce is a fact; an unsubscription is a wish; "manual" is our own
choice. A weaker reason never replaces a stronger one, so that lifting a strong one stays a deliberate act.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import addresses, identity, repository
from campaign_app.audience.contact_pages import CAP
from campaign_app.audience.errors import FileUnusable, SuppressionNotFound
from campaign_app.audience.schemas import AddResult, SuppressionRow
from campaign_app.audit import service as audit
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.core.errors import Invalid
from campaign_app.kit import pagination
from campaign_app.kit.pagination import Page, SortKey
from campaign_app.models.contact import EMAIL, PHONE
from campaign_app.models.delivery import Delivery, DeliveryStatus, Reason
from campaign_app.models.suppression import Suppression, SuppressionReason
from campaign_app.workspace import service as workspace

STRENGTH = {
    SuppressionReason.MANUAL: 1,
    SuppressionReason.UNSUBSCRIBED: 2,
    SuppressionReason.BOUNCED: 3,
    SuppressionReason.COMPLAINED: 4,
}
_NEWEST = (SortKey(col(Suppression.created_at), descending=True), SortKey(col(Suppression.id), descending=True))
MAX_PASTED = 20 * 1024 * 1024
_CHUNK = 1_000
_CUTS = re.compile(r"[\s,;|\t\"<>]+")


async def add(
    session: AsyncSession,
    actor: Actor,
    address: str,
    reason: SuppressionReason,
    note: str = "",
    campaign_id: int | None = None,
    *,
    kind: str = "",
) -> bool:
    """Suppress an address; return whether anything changed. The strongest reason stays.

    `kind`: given when the address is in the form that its channel uses. Without it, the address is read as an e-mail
    address or phone number.

    Raises:
        Invalid: neither an e-mail address nor a phone number.
    """
    actor.require("suppressions:write")
    known = kind not in {"", EMAIL, PHONE}
    clean = address.strip() if known else identity.address(address, await _country(session))
    if not clean:
        problem = identity.email_problem(address) or "This is not an e-mail address or phone number."
        raise Invalid(problem, {"address": problem})
    changed = bool(await _upsert(session, actor, [clean], reason, note, campaign_id, kind if known else ""))
    if changed and actor.user_id is not None:  # changes by the system are already recorded as events of the delivery
        await audit.record(session, actor, "suppression.add", "suppression", clean, clean, reason=reason.value)
    return changed


async def _upsert(
    session: AsyncSession,
    actor: Actor,
    given: Sequence[str],
    reason: SuppressionReason,
    note: str,
    campaign_id: int | None,
    kind: str = "",
) -> int:
    """Insert suppressions or replace weaker reasons; return how many rows changed."""
    at, changed = now(), 0
    for start in range(0, len(given), _CHUNK):
        rows = [
            {
                "kind": kind or addresses.kind_of_text(address),
                "address": address,
                "reason": reason,
                "note": note.strip()[:500],
                "campaign_id": campaign_id,
                "created_by": actor.user_id,
                "created_at": at,
            }
            for address in given[start : start + _CHUNK]
        ]
        changed += await _insert(session, repository.insert(session, Suppression).values(rows), reason)
    return changed


async def _insert(session: AsyncSession, statement: Any, reason: SuppressionReason) -> int:
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=["kind", "address"],
        set_={name: getattr(new, name) for name in ("reason", "note", "campaign_id", "created_by", "created_at")},
        where=_strength(col(Suppression.reason)) < STRENGTH[reason],
    )
    result: Any = await session.execute(statement.execution_options(preserve_rowcount=True))
    return int(result.rowcount)


async def add_refused(
    session: AsyncSession, campaign_id: int, delivery_ids: Sequence[int] | None = None, after: datetime | None = None
) -> int:
    """Suppress addresses that a server refused as non-existent while sending; return how many changed.

    `delivery_ids`: only these deliveries, else all of the campaign. `after`: only those refused later. A repeated call
    changes nothing. Nothing is suppressed when the workspace has this switched off.
    """
    if not (await workspace.get(session)).suppress_refused:
        return 0
    wanted = [col(Delivery.failed_at) > after] if after is not None else []
    if delivery_ids is None:
        return await _suppress_refused(session, campaign_id, wanted)
    changed = 0
    for start in range(0, len(delivery_ids), _CHUNK):
        these = col(Delivery.id).in_(delivery_ids[start : start + _CHUNK])
        changed += await _suppress_refused(session, campaign_id, [*wanted, these])
    return changed


async def _suppress_refused(session: AsyncSession, campaign_id: int, conditions: Sequence[Any]) -> int:
    table: Any = Suppression.__table__  # type: ignore[attr-defined]
    source = (
        sa.select(
            addresses.kind_of_campaign(campaign_id),
            col(Delivery.address),
            sa.literal(SuppressionReason.BOUNCED.value),
            sa.func.max(Delivery.response),
            sa.literal(campaign_id),
            sa.literal(now(), table.c.created_at.type),
        )
        .where(
            col(Delivery.campaign_id) == campaign_id,
            col(Delivery.status) == DeliveryStatus.FAILED,
            sa.text("delivery.status NOT IN ('pending', 'sent')"),  # uses the partial index
            col(Delivery.reason).in_((Reason.UNKNOWN_ADDRESS, Reason.ADDRESS_INVALID)),
            col(Delivery.address) != "",
            *conditions,
        )
        .group_by(col(Delivery.address))
        .order_by(col(Delivery.address))
    )
    columns = ["kind", "address", "reason", "note", "campaign_id", "created_at"]
    statement = repository.insert(session, Suppression).from_select(columns, source, include_defaults=False)
    return await _insert(session, statement, SuppressionReason.BOUNCED)


def _strength(column: Any) -> Any:
    return sa.case(*((column == reason, value) for reason, value in STRENGTH.items()), else_=0)


async def _country(session: AsyncSession) -> str:
    return (await workspace.get(session)).default_country or "DE"


async def add_text(
    session: AsyncSession,
    actor: Actor,
    text: str,
    reason: SuppressionReason = SuppressionReason.MANUAL,
    note: str = "",
) -> AddResult:
    """Suppress every address of a pasted text or CSV. Entries that are no addresses are returned (at most 100)."""
    actor.require("suppressions:write")
    if len(text) > MAX_PASTED:
        raise FileUnusable("This is more than 20 MB. Split it into several parts.")
    country = await _country(session)
    found: dict[str, None] = {}
    wrong: list[str] = []
    for line in text.splitlines():
        _read_line(line, country, found, wrong)
    changed = await _upsert(session, actor, list(found), reason, note, None) if found else 0
    if changed:
        details = {"reason": reason.value, "count": changed}
        await audit.record(
            session, actor, "suppression.add_many", "suppression", "", f"{changed:,} addresses", **details
        )
    return AddResult(changed, len(found) - changed, wrong[:100])


def _read_line(line: str, country: str, found: dict[str, None], wrong: list[str]) -> None:
    """Read the e-mail addresses of a line, or a phone number that fills a cell. Headings are skipped."""
    pieces = [piece for piece in _CUTS.split(line) if piece]
    read = [address for piece in pieces if "@" in piece and (address := identity.email(piece.strip("'()[]")))]
    if not read:
        cells = [cell.strip().strip("\"'") for cell in re.split(r"[,;|\t]", line)]
        read = [number for cell in cells if cell and (number := identity.phone(cell, country))]
    found.update(dict.fromkeys(read))
    if not read and ("@" in line or any(c.isdigit() for c in line)):
        wrong.append(line.strip()[:200])


async def remove(session: AsyncSession, actor: Actor, address: str) -> None:
    """Allow campaigns to send to an address again.

    Raises:
        SuppressionNotFound: it is not suppressed.
    """
    actor.require("suppressions:write")
    clean = identity.address(address, await _country(session)) or address
    query = sa.delete(Suppression).where(col(Suppression.address) == clean).returning(col(Suppression.reason))
    reason = (await session.execute(query)).scalar()
    if reason is None:
        raise SuppressionNotFound(f"{address} is not on the suppression list.")
    await audit.record(session, actor, "suppression.remove", "suppression", clean, clean, reason=reason.value)


async def search(
    session: AsyncSession,
    actor: Actor,
    *,
    text: str = "",
    reason: SuppressionReason | None = None,
    cursor: str = "",
    limit: int = 50,
) -> Page[SuppressionRow]:
    """Suppressed addresses, newest first. `text`: the beginning of the address."""
    actor.require("suppressions:read")
    conditions = _conditions(text, reason)
    statement = sa.select(Suppression).where(*conditions)
    found = await pagination.page(session, statement, _NEWEST, cursor=cursor, limit=limit)
    some = sa.select(sa.literal(1)).select_from(Suppression).where(*conditions)
    total = await pagination.count_up_to(session, some, CAP)
    return found.map(lambda row: _row(row[0])).counted(total, cap=CAP)


def _conditions(text: str, reason: SuppressionReason | None) -> list[Any]:
    found: list[Any] = []
    wanted = text.strip().lower()
    if wanted:
        found.append(sa.func.substr(Suppression.address, 1, len(wanted)) == wanted)
    if reason is not None:
        found.append(col(Suppression.reason) == reason)
    return found


def _row(row: Suppression) -> SuppressionRow:
    return SuppressionRow(int(row.id or 0), row.address, row.reason, row.note, row.campaign_id, row.created_at)


async def counts(session: AsyncSession, actor: Actor) -> dict[SuppressionReason, int]:
    """Reason → number of addresses."""
    actor.require("suppressions:read")
    query = sa.select(col(Suppression.reason), sa.func.count()).group_by(col(Suppression.reason))
    return dict((await session.execute(query)).tuples().all())
