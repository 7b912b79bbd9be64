"""SQL of contacts, lists, tags and suppressions. Member counts change in the same transaction as memberships."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import contact_pages
from campaign_app.audience.contact_pages import dialect_of
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.models.contact import (
    EMAIL,
    PHONE,
    AttributeDefinition,
    Contact,
    ContactList,
    ContactTag,
    ListMember,
    Tag,
)
from campaign_app.models.delivery import Delivery
from campaign_app.models.segment import Segment
from campaign_app.models.suppression import Suppression, SuppressionReason

_CHUNK = 5_000
_chosen = sa.Table("chosen_contact", sa.MetaData(), sa.Column("id", sa.BigInteger, primary_key=True))


@dataclass(frozen=True, slots=True)
class Group:
    """A list or tag: a set of contacts with a member count."""

    owner: Any
    member: Any
    key: str


LISTS = Group(ContactList, ListMember, "list_id")
TAGS = Group(Tag, ContactTag, "tag_id")
GROUPS = (LISTS, TAGS)


def insert(session: AsyncSession, table: Any) -> Any:
    """An INSERT of the session's dialect, which has ON CONFLICT."""
    return sqlite.insert(table) if dialect_of(session) == "sqlite" else postgresql.insert(table)


async def choose(session: AsyncSession, statements: Iterable[sa.Select[Any]]) -> int:
    """Store the ids that the statements select, for the set operations below; return how many there are."""
    kept = "" if dialect_of(session) == "sqlite" else " ON COMMIT DELETE ROWS"
    await session.execute(sa.text(f"CREATE TEMPORARY TABLE IF NOT EXISTS chosen_contact (id BIGINT PRIMARY KEY){kept}"))
    await session.execute(sa.delete(_chosen))
    for statement in statements:
        ids = statement.where(sa.true())
        await session.execute(insert(session, _chosen).from_select(["id"], ids).on_conflict_do_nothing())
    return int((await session.execute(sa.select(sa.func.count()).select_from(_chosen))).scalar_one())


def chunks(ids: Iterable[int]) -> Iterable[sa.Select[Any]]:
    """Statements that select the existing ids, some thousands at a time."""
    source = iter(ids)
    while part := list(islice(source, _CHUNK)):
        yield contact_pages.by_ids(part)


async def join(session: AsyncSession, group: Group, owner_id: int) -> int:
    """Add the chosen contacts to a list or tag; return how many were not in it."""
    ids = sa.select(sa.literal(owner_id), _chosen.c.id).where(sa.true())
    statement = insert(session, group.member).from_select([group.key, "contact_id"], ids).on_conflict_do_nothing()
    result: Any = await session.execute(statement.execution_options(preserve_rowcount=True))
    added = result.rowcount
    await move_count(session, group, owner_id, added)
    return int(added)


async def leave(session: AsyncSession, group: Group, owner_id: int) -> int:
    """Remove the chosen contacts from a list or tag; return how many were in it."""
    key = getattr(group.member, group.key)
    inside = sa.select(_chosen.c.id).scalar_subquery()
    statement = sa.delete(group.member).where(key == owner_id, group.member.contact_id.in_(inside))
    removed = (await session.execute(statement)).rowcount  # type: ignore[attr-defined]
    await move_count(session, group, owner_id, -removed)
    return int(removed)


async def move_count(session: AsyncSession, group: Group, owner_id: int, by: int) -> None:
    """Change the member count of a list or tag."""
    if by:
        statement = sa.update(group.owner).where(group.owner.id == owner_id)
        await session.execute(statement.values(members=group.owner.members + by))


async def delete_chosen(session: AsyncSession) -> int:
    """Delete the chosen contacts with their memberships. Ledger and suppressions stay."""
    inside = sa.select(_chosen.c.id).scalar_subquery()
    for group in GROUPS:
        key = getattr(group.member, group.key)
        counted = sa.select(key, sa.func.count()).where(group.member.contact_id.in_(inside)).group_by(key)
        for owner_id, count in (await session.execute(counted)).all():
            await move_count(session, group, owner_id, -count)
        await session.execute(sa.delete(group.member).where(group.member.contact_id.in_(inside)))
    deleted = await session.execute(sa.delete(Contact).where(col(Contact.id).in_(inside)))
    return int(deleted.rowcount)  # type: ignore[attr-defined]


async def contact_by_identity(session: AsyncSession, identity: str) -> Contact | None:
    return (await session.exec(select(Contact).where(Contact.identity == identity))).first()


async def memberships(session: AsyncSession, group: Group, contact_id: int) -> list[Any]:
    """The lists or tags of a contact, sorted by name."""
    key = getattr(group.member, group.key)
    query = select(group.owner).join(group.member, key == group.owner.id)
    return list(
        (await session.exec(query.where(group.member.contact_id == contact_id).order_by(group.owner.name))).all()
    )


async def tags_of(session: AsyncSession, ids: Sequence[int]) -> dict[int, list[str]]:
    """Tag names by contact id."""
    query = sa.select(col(ContactTag.contact_id), col(Tag.name)).join(Tag, col(Tag.id) == ContactTag.tag_id)
    found: dict[int, list[str]] = {}
    for contact_id, name in await session.execute(
        query.where(col(ContactTag.contact_id).in_(ids)).order_by(col(Tag.name))
    ):
        found.setdefault(contact_id, []).append(name)
    return found


async def reasons_for(session: AsyncSession, addresses: Sequence[str]) -> dict[str, SuppressionReason]:
    """Address → reason, for the addresses that are suppressed."""
    found: dict[str, SuppressionReason] = {}
    for start in range(0, len(addresses), _CHUNK):
        part = addresses[start : start + _CHUNK]
        query = sa.select(col(Suppression.address), col(Suppression.reason))
        query = query.where(col(Suppression.address).in_(part), col(Suppression.kind).in_((EMAIL, PHONE)))
        found.update((await session.execute(query)).tuples().all())
    return found


_ACTIVITY = (
    ("Was sent an e-mail", Delivery.sent_at),
    ("Opened an e-mail", Delivery.opened_at),
    ("Clicked a link", Delivery.clicked_at),
    ("Replied by e-mail", Delivery.replied_at),
    ("Unsubscribed", Delivery.unsubscribed_at),
    ("Marked an e-mail as spam", Delivery.complained_at),
)


async def activity_of(session: AsyncSession, ids: Sequence[int]) -> dict[int, tuple[int, str, datetime | None]]:
    """(messages sent, last activity, when) by contact id."""
    moments = [sa.func.max(column) for _, column in _ACTIVITY]
    query = sa.select(col(Delivery.contact_id), sa.func.count(col(Delivery.sent_at)), *moments)
    found: dict[int, tuple[int, str, datetime | None]] = {}
    for contact_id, count, *times in await session.execute(
        query.where(col(Delivery.contact_id).in_(ids)).group_by(col(Delivery.contact_id))
    ):
        known = [(at, label) for at, (label, _) in zip(times, _ACTIVITY, strict=True) if at is not None]
        at, label = max(known, default=(None, ""), key=lambda pair: pair[0])
        found[contact_id] = (count, label, at)
    return found


async def engagement_since(session: AsyncSession, contact_id: int, since: datetime) -> tuple[int, int, int]:
    """(messages, opened, clicked) of a contact since a time."""
    query = sa.select(
        sa.func.count(), sa.func.count(col(Delivery.opened_at)), sa.func.count(col(Delivery.clicked_at))
    ).where(col(Delivery.contact_id) == contact_id, col(Delivery.sent_at) >= since)
    messages, opened, clicked = (await session.execute(query)).one()
    return messages, opened, clicked


async def tag_ids(session: AsyncSession, names: Iterable[str]) -> dict[str, int]:
    """Folded name → id of tags. Missing tags are created."""
    wanted = {name.casefold(): name for name in names}
    known = await _known_tags(session)
    missing = [{"name": name, "members": 0} for key, name in wanted.items() if key not in known]
    if missing:
        await session.execute(insert(session, Tag).on_conflict_do_nothing(), missing)
        known = await _known_tags(session)
    return {key: known[key] for key in wanted}


async def _known_tags(session: AsyncSession) -> dict[str, int]:
    rows = (await session.execute(sa.select(col(Tag.name), col(Tag.id)).order_by(col(Tag.id).desc()))).all()
    return {name.casefold(): tag_id for name, tag_id in rows}


async def define_attributes(session: AsyncSession, labels: dict[str, str], at: datetime) -> None:
    """Create missing attribute definitions. `labels`: key → label."""
    if labels:
        rows = [{"key": key, "label": label[:255], "created_at": at} for key, label in labels.items()]
        await session.execute(insert(session, AttributeDefinition).on_conflict_do_nothing(), rows)


async def campaigns_using(session: AsyncSession, keys: tuple[str, ...], owner_id: int) -> list[str]:
    """Names of campaigns that use a list or segment and whose recipients are not frozen yet.

    A paused campaign was either launched and has its recipients, or was held back before its launch.
    """
    coming = (CampaignStatus.DRAFT, CampaignStatus.SCHEDULED, CampaignStatus.PAUSED)
    query = sa.select(col(Campaign.name), col(Campaign.audience)).where(
        col(Campaign.deleted_at).is_(None), col(Campaign.status).in_(coming), col(Campaign.launched_at).is_(None)
    )
    return [
        name
        for name, audience in await session.execute(query)
        if any(owner_id in (audience or {}).get(key, ()) for key in keys)
    ]


async def segments_using(session: AsyncSession, list_id: int) -> list[str]:
    rows = await session.execute(sa.select(col(Segment.name), col(Segment.rules)).order_by(col(Segment.id)))
    return [name for name, rules in rows if _asks_for_list(rules, list_id)]


def _asks_for_list(rules: Any, list_id: int) -> bool:
    if not isinstance(rules, dict):
        return False
    if "rules" in rules:
        return any(_asks_for_list(rule, list_id) for rule in rules["rules"])
    return rules.get("field") == "list" and list_id in (rules.get("value") or ())


async def member_count(session: AsyncSession, list_id: int) -> int:
    """How many contacts are in a list, counted from the memberships."""
    query = sa.select(sa.func.count()).where(col(ListMember.list_id) == list_id)
    return int((await session.execute(query)).scalar_one())
