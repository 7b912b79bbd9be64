"""Use cases of segments."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import repository, segments
from campaign_app.audience.errors import InUse, NameTaken, SegmentChanged, SegmentNotFound
from campaign_app.audience.schemas import FieldInfo, SampleContact, SegmentInput, SegmentRow
from campaign_app.audience.segment_rules import ATTRIBUTE, FIELDS, OPERATORS, Kind, Rules, check
from campaign_app.audit import service as audit
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.models.audit import AuditEntry
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.models.contact import AttributeDefinition, Contact, ContactList, Tag
from campaign_app.models.segment import Segment

_CHOICES = 500


def _row(segment: Segment) -> SegmentRow:
    return SegmentRow(
        int(segment.id or 0), segment.name, segment.description, segment.rules, segment.version, segment.updated_at
    )


async def _segment(session: AsyncSession, segment_id: int) -> Segment:
    found = await session.get(Segment, segment_id)
    if found is None:
        raise SegmentNotFound("This segment does not exist or was deleted.")
    return found


async def rules_of(session: AsyncSession, segment_id: int) -> Rules:
    """The rules of a saved segment, for other use cases. Does not check permissions."""
    return (await _segment(session, segment_id)).rules


async def list_segments(session: AsyncSession, actor: Actor) -> list[SegmentRow]:
    """All segments by name."""
    actor.require("segments:read")
    return [_row(one) for one in await session.exec(select(Segment).order_by(sa.func.lower(Segment.name)))]


async def get(session: AsyncSession, actor: Actor, segment_id: int) -> SegmentRow:
    actor.require("segments:read")
    return _row(await _segment(session, segment_id))


async def create(session: AsyncSession, actor: Actor, data: SegmentInput) -> SegmentRow:
    """Save a new segment.

    Raises:
        RulesInvalid: `fields` has the path of each mistake.
        NameTaken: another segment has the name.
    """
    actor.require("segments:write")
    await _must_be_free(session, data.name, None)
    segment = Segment(name=data.name, description=data.description, rules=check(data.rules), created_by=actor.user_id)
    session.add(segment)
    await session.flush()
    await audit.record(session, actor, "segment.create", "segment", segment.id, segment.name)
    return _row(segment)


async def update(session: AsyncSession, actor: Actor, segment_id: int, data: SegmentInput) -> SegmentRow:
    """Save a changed segment. `data.version`: the one that the editor loaded.

    Raises:
        SegmentChanged: somebody else saved it since then.
    """
    actor.require("segments:write")
    segment = await session.get(Segment, segment_id, with_for_update={"key_share": True}, populate_existing=True)
    if segment is None:
        raise SegmentNotFound("This segment does not exist or was deleted.")
    if data.version is not None and data.version != segment.version:
        raise await _changed(session, segment)
    await _must_be_free(session, data.name, segment_id)
    segment.name, segment.description, segment.rules = data.name, data.description, check(data.rules)
    segment.version, segment.updated_at = segment.version + 1, now()
    session.add(segment)
    await session.flush()
    await audit.record(session, actor, "segment.update", "segment", segment_id, segment.name)
    return _row(segment)


async def _changed(session: AsyncSession, segment: Segment) -> SegmentChanged:
    query = select(AuditEntry.actor_name).where(
        AuditEntry.object_type == "segment", AuditEntry.object_id == str(segment.id)
    )
    who = (await session.exec(query.order_by(col(AuditEntry.id).desc()).limit(1))).first()
    return SegmentChanged(
        f"{who or 'Someone'} saved “{segment.name}” at {segment.updated_at:%H:%M:%S} UTC while you were editing. "
        "Your changes were not saved. Load the segment again and repeat them.",
        title="Someone else changed this segment",
    )


async def _must_be_free(session: AsyncSession, name: str, segment_id: int | None) -> None:
    other = (await session.exec(select(Segment.id).where(Segment.name == name))).first()
    if other is not None and other != segment_id:
        raise NameTaken(
            f"A segment named “{name}” already exists. Choose another name.", {"name": "This name is taken."}
        )


async def delete(session: AsyncSession, actor: Actor, segment_id: int) -> None:
    """Delete a segment. Its contacts stay.

    Raises:
        InUse: a draft or scheduled campaign uses it.
    """
    actor.require("segments:write")
    segment = await _segment(session, segment_id)
    used = await repository.campaigns_using(session, ("segments", "exclude_segments"), segment_id)
    if used:
        raise InUse(f"The campaign “{used[0]}” uses this segment. Remove it from the audience there first.")
    await session.delete(segment)
    await audit.record(session, actor, "segment.delete", "segment", segment_id, segment.name)


async def count(session: AsyncSession, actor: Actor, rules: Rules) -> int:
    """How many contacts match the rules now."""
    actor.require("segments:read")
    query = sa.select(sa.func.count()).select_from(Contact).where(segments.compile(rules))
    return int((await session.execute(query)).scalar_one())


async def sample(session: AsyncSession, actor: Actor, rules: Rules, limit: int = 8) -> list[SampleContact]:
    """The first contacts that match the rules, by id."""
    actor.require("segments:read")
    query = select(Contact).where(segments.compile(rules)).order_by(col(Contact.id)).limit(limit)
    return [
        SampleContact(
            int(row.id or 0), " ".join((row.first_name, row.last_name)).strip() or row.identity, row.email, row.company
        )
        for row in (await session.exec(query)).all()
    ]


async def fields(session: AsyncSession, actor: Actor) -> list[FieldInfo]:
    """The fields that rules can use in this workspace, with their choices."""
    actor.require("segments:read")
    found = [
        FieldInfo(name, label, kind.value, _operators(kind), await _values(session, kind))
        for name, (label, kind) in FIELDS.items()
    ]
    custom = await session.exec(select(AttributeDefinition).order_by(AttributeDefinition.label))
    operators = _operators(Kind.ATTRIBUTE)
    return [*found, *(FieldInfo(f"{ATTRIBUTE}{a.key}", a.label, Kind.ATTRIBUTE.value, operators) for a in custom)]


def _operators(kind: Kind) -> list[tuple[str, str]]:
    return [(name, operator.label) for name, operator in OPERATORS[kind].items()]


async def _values(session: AsyncSession, kind: Kind) -> list[tuple[str, str]]:
    query: Any
    match kind:
        case Kind.LIST:
            query = sa.select(col(ContactList.id), col(ContactList.name)).order_by(col(ContactList.name))
        case Kind.TAG:
            query = sa.select(col(Tag.name), col(Tag.name).label("shown")).where(col(Tag.members) > 0)
            query = query.order_by(col(Tag.name))
        case Kind.ENGAGEMENT:
            query = sa.select(col(Campaign.id), col(Campaign.name)).order_by(col(Campaign.id).desc())
            query = query.where(col(Campaign.deleted_at).is_(None), col(Campaign.status) != CampaignStatus.DRAFT)
        case _:
            return []
    return [(str(value), label) for value, label in await session.execute(query.limit(_CHOICES))]
