"""Use cases of contacts, lists and tags."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import audiences, contact_fields, contact_pages, repository, segment_service, timelines
from campaign_app.audience.contact_fields import full_name
from campaign_app.audience.contact_pages import CAP, dialect_of
from campaign_app.audience.errors import (
    ContactChanged,
    ContactNotFound,
    InUse,
    ListNotFound,
    NameTaken,
)
from campaign_app.audience.repository import LISTS, TAGS
from campaign_app.audience.schemas import (
    AttributeRow,
    ContactDetail,
    ContactInput,
    ContactQuery,
    ContactRow,
    ListRow,
    SampleContact,
    TagRow,
    TimelineItem,
    TimelineKind,
)
from campaign_app.audience.segment_rules import Rules
from campaign_app.audit import service as audit
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.core.errors import Invalid
from campaign_app.kit.pagination import Page
from campaign_app.models.audit import AuditEntry
from campaign_app.models.contact import EMAIL, Contact, ContactList, Tag
from campaign_app.models.contact_import import ContactImport

COUNT_CAP = CAP
Target = Sequence[int] | ContactQuery
_YEAR = timedelta(days=365)
_FIELDS = ("email", "phone", "first_name", "last_name", "company", "time_zone", "language")


async def list_contacts(session: AsyncSession, actor: Actor, query: ContactQuery) -> Page[ContactRow]:
    """A page of contacts. Counting stops at COUNT_CAP (then `total_is_minimum` is set), unless the total is known."""
    actor.require("contacts:read")
    found = await contact_pages.page(session, query, await _rules(session, query))
    ids = [row.id for row in found.rows]
    tags = await repository.tags_of(session, ids)
    reasons = await repository.reasons_for(session, [row.identity for row in found.rows])
    activity = await repository.activity_of(session, ids)
    rows = []
    for row in found.rows:
        messages, last, at = activity.get(row.id, (0, "", None))
        rows.append(
            ContactRow(
                id=row.id,
                name=full_name(row),
                first_name=row.first_name,
                last_name=row.last_name,
                email=row.email,
                phone=row.phone,
                company=row.company,
                tags=tags.get(row.id, []),
                suppressed=reasons.get(row.identity),
                messages=messages,
                last_activity=last,
                last_activity_at=at,
                created_at=row.created_at,
                updated_at=row.updated_at,
            )
        )
    return replace(found, rows=rows)


async def _rules(session: AsyncSession, query: ContactQuery) -> Rules | None:
    return await segment_service.rules_of(session, query.segment_id) if query.segment_id is not None else None


async def get_contact(session: AsyncSession, actor: Actor, contact_id: int) -> ContactDetail:
    """Everything about one contact."""
    actor.require("contacts:read")
    contact = await _contact(session, contact_id)
    at = now()
    messages, opened, clicked = await repository.engagement_since(session, contact_id, at - _YEAR)
    reasons = await repository.reasons_for(session, [contact.identity])
    lists = await repository.memberships(session, LISTS, contact_id)
    return ContactDetail(
        id=contact_id,
        name=full_name(contact),
        **{name: getattr(contact, name) for name in _FIELDS},
        attributes={key: str(value) for key, value in (contact.attributes or {}).items()},
        tags=[tag.name for tag in await repository.memberships(session, TAGS, contact_id)],
        lists=[_list_row(one) for one in lists],
        suppressed=reasons.get(contact.identity),
        source=await _source(session, contact),
        messages=messages,
        opened=opened,
        clicked=clicked,
        created_at=contact.created_at,
        updated_at=contact.updated_at,
    )


async def _contact(session: AsyncSession, contact_id: int) -> Contact:
    contact = await session.get(Contact, contact_id)
    if contact is None:
        raise ContactNotFound("This contact does not exist or was deleted.")
    return contact


async def _source(session: AsyncSession, contact: Contact) -> str:
    found = await session.get(ContactImport, contact.source_import_id) if contact.source_import_id else None
    return f"Import of {found.filename}" if found else "Added by hand"


async def create_contact(session: AsyncSession, actor: Actor, data: ContactInput) -> ContactDetail:
    """Add a contact.

    Raises:
        Invalid: an address, number or zone is wrong (by field), or neither address nor number is given.
        ContactExists: another contact has the address.
    """
    actor.require("contacts:write")
    fields = await contact_fields.cleaned(session, data)
    await contact_fields.must_be_free(session, fields["identity"], None)
    at = now()
    contact = Contact(
        **fields, attributes=await contact_fields.attributes(session, data.attributes, at), created_at=at, updated_at=at
    )
    session.add(contact)
    await session.flush()
    contact_id = int(contact.id or 0)
    await _set_groups(session, contact_id, data)
    await audit.record(session, actor, "contact.create", "contact", contact_id, full_name(contact))
    return await get_contact(session, actor, contact_id)


async def update_contact(session: AsyncSession, actor: Actor, contact_id: int, data: ContactInput) -> ContactDetail:
    """Change a contact.

    Raises:
        ContactChanged: it was changed since the editor loaded it (`expected_updated_at`).
        Invalid, ContactExists: as for `create_contact`.
    """
    actor.require("contacts:write")
    contact = await session.get(Contact, contact_id, with_for_update={"key_share": True}, populate_existing=True)
    if contact is None:
        raise ContactNotFound("This contact does not exist or was deleted.")
    if data.expected_updated_at is not None and contact.updated_at != data.expected_updated_at:
        raise await _changed(session, contact)
    fields = await contact_fields.cleaned(session, data)
    await contact_fields.must_be_free(session, fields["identity"], contact_id)
    at = now()
    fields["attributes"] = await contact_fields.attributes(session, data.attributes, at)
    changed = sorted(name for name, value in fields.items() if getattr(contact, name) != value)
    for name in changed:
        setattr(contact, name, fields[name])
    contact.updated_at = max(at, contact.updated_at + timedelta(microseconds=1))
    session.add(contact)
    await session.flush()
    await _set_groups(session, contact_id, data)
    shown = [name for name in changed if name not in {"identity", "domain"}]
    await audit.record(session, actor, "contact.update", "contact", contact_id, full_name(contact), changed=shown)
    return await get_contact(session, actor, contact_id)


async def _changed(session: AsyncSession, contact: Contact) -> ContactChanged:
    query = select(AuditEntry.actor_name).where(
        AuditEntry.object_type == "contact", AuditEntry.object_id == str(contact.id)
    )
    who = (await session.exec(query.order_by(col(AuditEntry.id).desc()).limit(1))).first()
    return ContactChanged(
        f"{who or 'An import'} changed {full_name(contact)} at {contact.updated_at:%H:%M:%S} UTC "
        "while you were editing. "
        "Your changes were not saved. Load the contact again and repeat them.",
        title="Someone else changed this contact",
    )


async def _set_groups(session: AsyncSession, contact_id: int, data: ContactInput) -> None:
    """Set tags and lists. None leaves them unchanged."""
    if data.tags is None and data.list_ids is None:
        return
    wanted: dict[Any, set[int]] = {}
    if data.tags is not None:
        wanted[TAGS] = set((await repository.tag_ids(session, data.tags)).values())
    if data.list_ids is not None:
        wanted[LISTS] = set(data.list_ids)
        for list_id in wanted[LISTS]:
            await _list(session, list_id)
    await repository.choose(session, repository.chunks([contact_id]))
    for group, ids in wanted.items():
        before = {one.id for one in await repository.memberships(session, group, contact_id)}
        for owner_id in ids - before:
            await repository.join(session, group, owner_id)
        for owner_id in before - ids:
            await repository.leave(session, group, owner_id)


async def delete_contacts(session: AsyncSession, actor: Actor, target: Target) -> int:
    """Delete contacts by ids or by query. The ledger and the suppression list keep their addresses."""
    actor.require("contacts:delete")
    names = await _choose(session, target)
    count = await repository.delete_chosen(session)
    session.expire_all()
    if isinstance(target, ContactQuery) or count != 1:
        await audit.record(session, actor, "contact.delete_many", "contact", "", f"{count:,} contacts", count=count)
    else:
        await audit.record(session, actor, "contact.delete", "contact", next(iter(target)), names)
    return count


async def bulk_tag(session: AsyncSession, actor: Actor, target: Target, tag: str, *, add: bool = True) -> int:
    """Add or remove a tag; return how many contacts changed."""
    actor.require("contacts:write")
    name = " ".join(tag.split())
    if not name or len(name) > 64 or any(sign in name for sign in ",;|"):
        raise Invalid("A tag has 1 to 64 characters and no comma, semicolon or bar.", {"tag": "Enter a shorter tag."})
    await _choose(session, target)
    tag_id = next(iter((await repository.tag_ids(session, [name])).values()))
    count = await (repository.join if add else repository.leave)(session, TAGS, tag_id)
    act = "contact.tag" if add else "contact.untag"
    await audit.record(session, actor, act, *_object_of(target, count), tag=name, count=count)
    return count


async def bulk_list(session: AsyncSession, actor: Actor, target: Target, list_id: int, *, add: bool = True) -> int:
    """Add contacts to a list or remove them; return how many changed."""
    actor.require("contacts:write")
    found = await _list(session, list_id)
    await _choose(session, target)
    count = await (repository.join if add else repository.leave)(session, LISTS, list_id)
    act = "contact.list" if add else "contact.unlist"
    await audit.record(session, actor, act, *_object_of(target, count), list=found.name, count=count)
    return count


def _object_of(target: Target, count: int) -> tuple[str, object, str]:
    one = not isinstance(target, ContactQuery) and len(target) == 1
    return ("contact", target[0] if one else "", "" if one else f"{count:,} contacts")  # type: ignore[index]


async def _choose(session: AsyncSession, target: Target) -> str:
    """Choose the contacts of a target; return the name if it is a single one."""
    if isinstance(target, ContactQuery):
        rules = await _rules(session, target)
        await repository.choose(session, [contact_pages.selected_ids(target, rules, dialect_of(session))])
        return ""
    await repository.choose(session, repository.chunks(target))
    found = await session.get(Contact, target[0]) if len(target) == 1 else None
    return full_name(found) if found else ""


def _list_row(row: ContactList) -> ListRow:
    return ListRow(int(row.id or 0), row.name, row.description, row.members, row.created_at)


async def lists(session: AsyncSession, actor: Actor) -> list[ListRow]:
    """All lists, sorted by name."""
    actor.require("contacts:read")
    return [_list_row(row) for row in await session.exec(select(ContactList).order_by(sa.func.lower(ContactList.name)))]


async def _list(session: AsyncSession, list_id: int) -> ContactList:
    found = await session.get(ContactList, list_id, populate_existing=True)
    if found is None:
        raise ListNotFound("This list does not exist or was deleted.")
    return found


async def create_list(session: AsyncSession, actor: Actor, name: str, description: str = "") -> ListRow:
    """Create an empty list."""
    actor.require("contacts:write")
    row = ContactList(name=await _free_name(session, name, None), description=description.strip()[:1000])
    session.add(row)
    await session.flush()
    await audit.record(session, actor, "list.create", "list", row.id, row.name)
    return _list_row(row)


async def rename_list(
    session: AsyncSession, actor: Actor, list_id: int, name: str, description: str | None = None
) -> ListRow:
    """Change a list's name, and its description when one is given."""
    actor.require("contacts:write")
    row = await _list(session, list_id)
    before, row.name = row.name, await _free_name(session, name, list_id)
    if description is not None:
        row.description = description.strip()[:1000]
    session.add(row)
    await session.flush()
    await audit.record(session, actor, "list.rename", "list", list_id, row.name, before=before)
    return _list_row(row)


async def _free_name(session: AsyncSession, name: str, list_id: int | None) -> str:
    clean = " ".join(name.split())
    if not 1 <= len(clean) <= 255:
        raise Invalid("A list's name has 1 to 255 characters.", {"name": "Enter a name."})
    other = (await session.exec(select(ContactList.id).where(ContactList.name == clean))).first()
    if other is not None and other != list_id:
        raise NameTaken(f"A list named “{clean}” already exists. Choose another name.", {"name": "This name is taken."})
    return clean


async def delete_list(session: AsyncSession, actor: Actor, list_id: int) -> None:
    """Delete a list. Its contacts stay.

    Raises:
        InUse: a draft or scheduled campaign, or a segment, uses it.
    """
    actor.require("contacts:delete")
    row = await _list(session, list_id)
    if used := await _use_of_list(session, list_id):
        raise InUse(used)
    members = await repository.member_count(session, list_id)
    await session.execute(sa.delete(LISTS.member).where(LISTS.member.list_id == list_id))
    await session.delete(row)
    await audit.record(session, actor, "list.delete", "list", list_id, row.name, members=members)


async def list_fate(session: AsyncSession, actor: Actor, list_id: int) -> tuple[int, str]:
    """(contacts in the list, why it cannot be deleted or "" when it can)."""
    actor.require("contacts:delete")
    await _list(session, list_id)
    return await repository.member_count(session, list_id), await _use_of_list(session, list_id)


async def _use_of_list(session: AsyncSession, list_id: int) -> str:
    if used := await repository.campaigns_using(session, ("lists", "exclude_lists"), list_id):
        return f"The campaign “{used[0]}” uses this list. Remove it from the audience there first."
    if used := await repository.segments_using(session, list_id):
        return f"The segment “{used[0]}” uses this list. Remove it from the rules there first."
    return ""


async def tags(session: AsyncSession, actor: Actor) -> list[TagRow]:
    """All tags that at least one contact has, sorted by name."""
    actor.require("contacts:read")
    rows = await session.exec(select(Tag).where(Tag.members > 0).order_by(sa.func.lower(Tag.name)))
    return [TagRow(int(row.id or 0), row.name, row.members) for row in rows]


async def attributes(session: AsyncSession, actor: Actor) -> list[AttributeRow]:
    """Custom attributes, sorted by label."""
    actor.require("contacts:read")
    return [AttributeRow(key, label) for key, label in (await contact_fields.definitions(session)).items()]


async def timeline(
    session: AsyncSession, actor: Actor, contact_id: int, kind: str = "", *, limit: int = 100
) -> list[TimelineItem]:
    """The events of a contact, newest first. `kind`: "" for all, "email" or "changes"."""
    actor.require("contacts:read")
    contact = await _contact(session, contact_id)
    return await timelines.read(session, contact, TimelineKind(kind), min(max(limit, 1), 500))


async def sample_contacts(
    session: AsyncSession, audience: dict[str, Any], search: str = "", limit: int = 20, kind: str = EMAIL
) -> list[SampleContact]:
    """Some contacts of an audience for previews. An empty audience means all contacts."""
    return await audiences.sample(session, audience, search, limit, kind)
