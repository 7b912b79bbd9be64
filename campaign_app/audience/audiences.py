"""Who a campaign goes to: the chosen lists and segments, without the excluded ones.

An audience is {"lists": [id], "segments": [id], "exclude_lists": [id], "exclude_segments": [id], "everyone": bool}.
"""

from typing import Any

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import addresses, segment_service, segments
from campaign_app.audience import search as words
from campaign_app.audience.contact_pages import dialect_of
from campaign_app.audience.schemas import AudienceCount, SampleContact
from campaign_app.models.contact import EMAIL, Contact, ListMember
from campaign_app.models.suppression import Suppression, SuppressionReason

_COLUMNS = (
    "id",
    "identity",
    "email",
    "domain",
    "phone",
    "first_name",
    "last_name",
    "company",
    "time_zone",
    "language",
    "attributes",
)


def is_empty(audience: dict[str, Any]) -> bool:
    """Whether no list or segment was chosen yet."""
    return not (audience.get("everyone") or audience.get("lists") or audience.get("segments"))


async def condition(session: AsyncSession, audience: dict[str, Any]) -> sa.ColumnElement[bool]:
    """The audience as a condition on a contact, without regard to suppressions.

    Raises:
        SegmentNotFound: a segment of the audience was deleted.
    """
    included = await _any_of(session, audience.get("lists") or [], audience.get("segments") or [])
    excluded = await _any_of(session, audience.get("exclude_lists") or [], audience.get("exclude_segments") or [])
    if audience.get("everyone"):
        included = [sa.true()]
    chosen = sa.or_(*included) if included else sa.false()
    return sa.and_(chosen, sa.not_(sa.or_(*excluded))) if excluded else chosen


async def _any_of(session: AsyncSession, lists: list[int], segment_ids: list[int]) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if lists:
        members = sa.select(col(ListMember.contact_id)).where(col(ListMember.list_id).in_(lists))
        found.append(col(Contact.id).in_(members))
    rules = [await segment_service.rules_of(session, segment_id) for segment_id in segment_ids]
    return [*found, *map(segments.compile, rules)]


async def recipients_query(session: AsyncSession, audience: dict[str, Any], kind: str = EMAIL) -> sa.Select[Any]:
    """Contacts of an audience. Suppressed ones and those without an address are included: the ledger says why they are
    skipped.

    Columns: id, identity, email, domain, phone, names, company, time_zone, language, attributes; `address` of the kind
    and `address_domain`.
    """
    columns: list[Any] = [col(getattr(Contact, name)) for name in _COLUMNS]
    columns += [addresses.of_kind(kind).label("address"), addresses.domain_of_kind(kind).label("address_domain")]
    return sa.select(*columns).where(await condition(session, audience))


async def count(session: AsyncSession, audience: dict[str, Any], kind: str = EMAIL) -> AudienceCount:
    """How many contacts an audience reaches now at addresses of this kind, and why it does not reach the others."""
    if is_empty(audience):
        return AudienceCount(0, 0, 0, {})
    address = addresses.of_kind(kind)
    missing = (address == "").label("missing")
    query = (
        sa.select(missing, col(Suppression.reason), sa.func.count())
        .select_from(Contact)
        .outerjoin(Suppression, sa.and_(addresses.is_suppressed(kind, address), address != ""))
        .where(await condition(session, audience))
        .group_by(missing, col(Suppression.reason))
    )
    total = reachable = no_address = 0
    suppressed: dict[SuppressionReason, int] = {}
    for has_none, reason, number in await session.execute(query):
        total += number
        if has_none:
            no_address += number
        elif reason is None:
            reachable += number
        else:
            suppressed[reason] = number
    return AudienceCount(total, reachable, no_address, suppressed)


async def sample(
    session: AsyncSession, audience: dict[str, Any], search: str, limit: int, kind: str = EMAIL
) -> list[SampleContact]:
    """Some contacts of the audience that have an address. An empty audience means all contacts."""
    address: sa.Label[str] = addresses.of_kind(kind).label("address")
    query = sa.select(*(col(getattr(Contact, n)) for n in ("id", "first_name", "last_name", "company")), address)
    query = query.where(address != "")
    if not is_empty(audience):
        query = query.where(await condition(session, audience))
    if search.strip():
        query = query.where(words.hits(search, dialect_of(session)))
    rows = await session.execute(query.order_by(col(Contact.id)).limit(min(max(limit, 1), 100)))
    return [
        SampleContact(row.id, f"{row.first_name} {row.last_name}".strip() or row.address, row.address, row.company)
        for row in rows
    ]
