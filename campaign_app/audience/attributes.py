"""Use cases of custom attributes: rename, merge two, delete. Contacts are changed in batches in the background."""

import re
from typing import Any, Final

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience.errors import AttributeNotFound, InUse, NameTaken
from campaign_app.audience.headings import ATTRIBUTE
from campaign_app.audience.schemas import AttributeRow
from campaign_app.audience.segment_rules import is_group
from campaign_app.audit import service as audit
from campaign_app.core import db, queue
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.core.errors import Invalid
from campaign_app.kit.html_tokens import Document
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.models.contact import AttributeDefinition, Contact
from campaign_app.models.contact_import import ContactImport, ImportStatus
from campaign_app.models.segment import Segment
from campaign_app.models.template import Template

CHUNK = 2_000
_ENDED: Final = (CampaignStatus.COMPLETED, CampaignStatus.FAILED, CampaignStatus.CANCELLED)


async def list_all(session: AsyncSession, actor: Actor) -> list[AttributeRow]:
    """Custom attributes by label, with those that are being merged or deleted."""
    actor.require("contacts:read")
    rows = await session.exec(select(AttributeDefinition).order_by(sa.func.lower(AttributeDefinition.label)))
    return [AttributeRow(row.key, row.label, row.moving_to) for row in rows]


async def rename(session: AsyncSession, actor: Actor, key: str, label: str) -> None:
    """Change an attribute's label. Its key in templates and rules stays.

    Raises:
        NameTaken: another attribute has this label (merge the two instead).
    """
    actor.require("contacts:write")
    row = await _settled(session, key)
    label = " ".join(label.replace("\0", "").split())[:255]
    if not label:
        raise Invalid("Enter a name.", {"label": "Enter a name."})
    same = sa.func.lower(AttributeDefinition.label) == label.lower()
    other = (await session.exec(select(AttributeDefinition).where(same, AttributeDefinition.key != key))).first()
    if other is not None:
        message = f"An attribute named “{other.label}” already exists. Merge the two instead."
        raise NameTaken(message, {"label": message})
    before, row.label = row.label, label
    session.add(row)
    await audit.record(session, actor, "attribute.rename", "attribute", key, label, before=before)


async def merge(session: AsyncSession, actor: Actor, key: str, into: str) -> None:
    """Move every value of `key` to contacts that have none of `into`, then drop `key`.

    Raises:
        InUse: a segment, template, campaign that has not ended, or running import uses `key`.
    """
    actor.require("contacts:write")
    if key == into:
        raise Invalid("An attribute cannot be merged with itself.", {"into": "Choose another attribute."})
    target = await _settled(session, into)
    await _move(session, actor, key, target.key, "attribute.merge")


async def delete(session: AsyncSession, actor: Actor, key: str) -> None:
    """Remove an attribute from every contact.

    Raises:
        InUse: as for `merge`.
    """
    actor.require("contacts:delete")
    await _move(session, actor, key, "", "attribute.delete")


async def _move(session: AsyncSession, actor: Actor, key: str, into: str, act: str) -> None:
    row = await _settled(session, key)
    if used := await _use_of(session, key):
        raise InUse(f"{used} uses “{row.label}”. Change that first, then try again.", title="Still in use")
    row.moving_to = into
    session.add(row)
    await audit.record(session, actor, act, "attribute", key, row.label, into=into)
    queue.collect(session, "move_attribute", job_id=f"attribute:{key}:{now():%H%M%S%f}", key=key)


async def _settled(session: AsyncSession, key: str) -> AttributeDefinition:
    row = await session.get(AttributeDefinition, key[:64], with_for_update={"key_share": True})
    if row is None or row.moving_to is not None:
        raise AttributeNotFound("This attribute does not exist or was deleted. Reload the page.")
    return row


async def _use_of(session: AsyncSession, key: str) -> str:
    """What still uses an attribute, as the start of a sentence; "" when nothing does."""
    for name, rules in await session.execute(sa.select(col(Segment.name), col(Segment.rules))):
        if _asks_for(rules, f"{ATTRIBUTE}{key}"):
            return f"The segment “{name}”"
    open_ = sa.and_(col(Campaign.deleted_at).is_(None), col(Campaign.status).not_in(_ENDED))
    for kind, table, where in (
        ("campaign", Campaign, open_),
        ("template", Template, col(Template.deleted_at).is_(None)),
    ):
        texts = [col(getattr(table, name)) for name in ("subject", "html", "text")]
        found = sa.or_(*(text.contains(key, autoescape=True) for text in texts))
        for name, *parts in await session.execute(sa.select(col(table.name), *texts).where(where, found)):
            if any(_reads(part or "", key) for part in parts):
                return f"The {kind} “{name}”"
    going = col(ContactImport.status).in_((ImportStatus.QUEUED, ImportStatus.RUNNING))
    for name, mapping in await session.execute(
        sa.select(col(ContactImport.filename), col(ContactImport.mapping)).where(going)
    ):
        if f"{ATTRIBUTE}{key}" in mapping.values():
            return f"The import of “{name}”"
    return ""


def _asks_for(rules: Any, name: str) -> bool:
    if not isinstance(rules, dict):
        return False
    if is_group(rules):
        return any(_asks_for(rule, name) for rule in rules["rules"])
    return bool(rules["field"] == name)


def _reads(source: str, key: str) -> bool:
    """Whether template code in a text uses the key."""
    name = re.compile(rf"(?<!\w){re.escape(key)}(?!\w)")
    tags = (source[tag.start : tag.end] for tag in Document(source).tags)
    return any(name.search(tag) for tag in tags if not tag.startswith("{#"))


async def carry_out(key: str) -> int:
    """Change contacts that still have an attribute being merged or deleted, in batches; return how many. Repeatable."""
    changed = last = 0
    while True:
        async with db.transaction() as session:
            definition = await session.get(AttributeDefinition, key, with_for_update={"key_share": True})
            if definition is None or definition.moving_to is None:
                return changed
            rows = await _some(session, key, last)
            if not rows and not last:
                await session.delete(definition)
                return changed
            await _change(session, rows, key, definition.moving_to)
        changed += len(rows)
        last = rows[-1][0] if rows else 0  # check again from the start: a contact may have been saved meanwhile


async def _some(session: AsyncSession, key: str, after: int) -> list[tuple[int, dict[str, str]]]:
    has = col(Contact.attributes)[key].as_string().is_not(None)
    query = sa.select(col(Contact.id), col(Contact.attributes)).where(has, col(Contact.id) > after)
    found = await session.execute(query.order_by(col(Contact.id)).limit(CHUNK).with_for_update(key_share=True))
    return [(int(number), dict(values)) for number, values in found]


async def _change(session: AsyncSession, rows: list[tuple[int, dict[str, str]]], key: str, into: str) -> None:
    if not rows:
        return
    at, changes = now(), []
    for number, values in rows:
        value = values.pop(key)
        if into and not values.get(into):
            values[into] = value
        changes.append({"id": number, "attributes": values, "updated_at": at})
    await session.execute(sa.update(Contact), changes)


async def moving(session: AsyncSession) -> list[str]:
    """Keys of attributes whose merge or deletion is not finished."""
    query = sa.select(col(AttributeDefinition.key)).where(col(AttributeDefinition.moving_to).is_not(None))
    return [key for (key,) in await session.execute(query)]
