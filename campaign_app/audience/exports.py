"""Contacts and suppressions as CSV, streamed in batches by id, so that memory use does not grow with the table."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import contact_pages, repository, segment_service
from campaign_app.audience.contact_pages import dialect_of
from campaign_app.audience.schemas import ContactQuery
from campaign_app.audit.exports import Export
from campaign_app.core.actor import Actor
from campaign_app.kit.csv_stream import BOM, encode
from campaign_app.kit.pagination import SortKey, batches
from campaign_app.models.contact import AttributeDefinition, Contact
from campaign_app.models.suppression import Suppression

BATCH = 2_000
CONTACT_COLUMNS = {
    "email": "E-mail",
    "phone": "Phone",
    "first_name": "First name",
    "last_name": "Last name",
    "company": "Company",
    "time_zone": "Time zone",
    "language": "Language",
}
Target = Sequence[int] | ContactQuery


def of_contacts(actor: Actor, query: ContactQuery) -> Export:
    """For the audit log: an export of the contacts that match a query (all, a list, a tag, a segment)."""

    async def people(session: AsyncSession) -> int:
        total = 0
        for statement in await _statements(session, query, [col(Contact.id)]):
            counted = sa.select(sa.func.count()).select_from(statement.subquery())
            total += (await session.execute(counted)).scalar_one()
        return total

    filters = query.model_dump(exclude_defaults=True, mode="json")
    return Export(actor, "contact.export", "contact", "Contacts as CSV", people, filters=filters)


def of_suppressions(actor: Actor) -> Export:
    """For the audit log: an export of the whole suppression list."""

    async def people(session: AsyncSession) -> int:
        return int((await session.execute(sa.select(sa.func.count(col(Suppression.id))))).scalar_one())

    return Export(actor, "suppression.export", "suppression", "Suppression list as CSV", people)


async def contacts(session: AsyncSession, actor: Actor, target: Target) -> AsyncIterator[bytes]:
    """Contacts by ids or by query, as pieces of a CSV file that can be imported again unchanged."""
    actor.require("contacts:export")
    custom = {
        a.key: a.label for a in await session.exec(select(AttributeDefinition).order_by(AttributeDefinition.label))
    }
    yield BOM + encode([[*CONTACT_COLUMNS.values(), *custom.values(), "Tags", "Suppressed", "Added", "Changed"]])
    names = ("id", "identity", *CONTACT_COLUMNS, "attributes", "created_at", "updated_at")
    columns = [col(getattr(Contact, name)) for name in names]
    async for rows in _batches(session, target, columns):
        tags = await repository.tags_of(session, [row.id for row in rows])
        reasons = await repository.reasons_for(session, [row.identity for row in rows])
        yield encode(
            [
                *(getattr(row, name) for name in CONTACT_COLUMNS),
                *(str((row.attributes or {}).get(key, "")) for key in custom),
                ", ".join(tags.get(row.id, [])),
                reasons[row.identity].label if row.identity in reasons else "",
                _instant(row.created_at),
                _instant(row.updated_at),
            ]
            for row in rows
        )


async def _batches(session: AsyncSession, target: Target, columns: list[Any]) -> AsyncIterator[Sequence[Any]]:
    for statement in await _statements(session, target, columns):
        async for rows in batches(session, statement, [SortKey(col(Contact.id))], BATCH):
            yield rows


async def _statements(session: AsyncSession, target: Target, columns: list[Any]) -> Iterable[sa.Select[Any]]:
    if not isinstance(target, ContactQuery):
        parts = (list(target[start : start + BATCH]) for start in range(0, len(target), BATCH))
        return [sa.select(*columns).where(col(Contact.id).in_(part)) for part in parts]
    rules = await segment_service.rules_of(session, target.segment_id) if target.segment_id is not None else None
    return [contact_pages.matching(target, rules, dialect_of(session), *columns)]


async def suppressions(session: AsyncSession, actor: Actor) -> AsyncIterator[bytes]:
    """The whole suppression list as pieces of a CSV file."""
    actor.require("suppressions:read")
    yield BOM + encode([["Address", "Reason", "Note", "Added"]])
    async for rows in batches(session, sa.select(Suppression), [SortKey(col(Suppression.id))], BATCH):
        yield encode([row.address, row.reason.label, row.note, _instant(row.created_at)] for row, _ in rows)
        session.expunge_all()


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
