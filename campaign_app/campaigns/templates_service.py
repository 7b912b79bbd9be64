"""Use cases of the template library."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audit import service as audit
from campaign_app.campaigns import previews
from campaign_app.campaigns import template_repository as repository
from campaign_app.campaigns.errors import CampaignNotFound, SavedByAnother, invalid_from
from campaign_app.campaigns.repository import get as get_campaign
from campaign_app.campaigns.schemas import TemplateInput
from campaign_app.channels import registry
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.core.errors import Conflict, Invalid, NotFound
from campaign_app.kit import text
from campaign_app.models.template import Editor, Template
from campaign_app.workspace import service as workspace

_CONTENT = ("subject", "preheader", "editor", "html", "text")


async def list_templates(
    session: AsyncSession, actor: Actor, *, category: str = "", search: str = ""
) -> Sequence[Template]:
    """The library: the workspace's own templates first, then the built-in ones, each sorted by name."""
    actor.require("templates:read")
    return await repository.search(session, category, search)


async def categories(session: AsyncSession, actor: Actor) -> list[tuple[str, int]]:
    """(category, number of templates) for all categories."""
    actor.require("templates:read")
    return await repository.categories(session)


async def get(session: AsyncSession, actor: Actor, template_id: int) -> Template:
    """One template.

    Raises:
        NotFound: it does not exist.
    """
    actor.require("templates:read")
    return await _found(session, template_id)


async def _found(session: AsyncSession, template_id: int) -> Template:
    template = await repository.get(session, template_id)
    if template is None:
        raise NotFound("This template does not exist any more. Someone may have deleted it.", title="No such template")
    return template


async def create(session: AsyncSession, actor: Actor, fields: TemplateInput | dict[str, Any]) -> Template:
    """Create a template.

    Raises:
        Invalid: a field is wrong or the name is taken. RenderError: the message cannot be rendered.
    """
    actor.require("templates:write")
    given = _read(fields)
    await _free(session, given.name)
    await previews.try_out(actor, given)
    template = Template(**given.model_dump(), created_by=actor.user_id)
    session.add(template)
    await session.flush()
    await audit.record(session, actor, "template.created", "template", template.id, template.name)
    return template


async def update(
    session: AsyncSession, actor: Actor, template_id: int, version: int, fields: TemplateInput | dict[str, Any]
) -> Template:
    """Save a template. `version`: the one that was loaded.

    Raises:
        SavedByAnother: someone else saved it after it was loaded. Conflict: it is built in. Invalid: a field is wrong.
        RenderError: the message cannot be rendered.
    """
    actor.require("templates:write")
    template = await _editable(session, template_id)
    given = _read(fields)
    if given.name != template.name:
        await _free(session, given.name)
    await previews.try_out(actor, given)
    changes = {**given.model_dump(), "updated_at": now(), "version": version + 1}
    if not await repository.save(session, template_id, version, changes):
        stored = await _found(session, template_id)
        when = text.ago(stored.updated_at, now(), await workspace.zone_of(session, actor))
        raise SavedByAnother("template", "Someone", "just now" if when == "Now" else when, stored.version)
    await audit.record(session, actor, "template.updated", "template", template_id, given.name)
    return await _found(session, template_id)


async def delete(session: AsyncSession, actor: Actor, template_id: int) -> None:
    """Remove a template from the library. Campaigns created from it keep their message."""
    actor.require("templates:write")
    template = await _editable(session, template_id)
    # so that another template can take the name
    changes = {"deleted_at": now(), "name": f"{template.name[:230]} (deleted {template_id})"}
    await repository.save(session, template_id, template.version, changes)
    await audit.record(session, actor, "template.deleted", "template", template_id, template.name)


async def duplicate(session: AsyncSession, actor: Actor, template_id: int) -> Template:
    """An editable copy, also of a built-in template."""
    actor.require("templates:write")
    source = await _found(session, template_id)
    name, number = f"{source.name[:230]} (copy)", 2
    while await repository.name_taken(session, name):
        name, number = f"{source.name[:230]} (copy {number})", number + 1
    content = {field: getattr(source, field) for field in (*_CONTENT, "category", "description")}
    return await create(session, actor, {"name": name, **content})


async def create_from_campaign(
    session: AsyncSession, actor: Actor, campaign_id: int, name: str, category: str = ""
) -> Template:
    """Create a template from a campaign's message."""
    actor.require("campaigns:read")
    campaign = await get_campaign(session, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    content = {field: getattr(campaign, field) for field in _CONTENT}
    return await create(session, actor, {"name": name, "category": category, **content})


async def _editable(session: AsyncSession, template_id: int) -> Template:
    template = await _found(session, template_id)
    if template.built_in:
        raise Conflict(
            "Built-in templates come with Beacon and stay as they are. Duplicate it and change the copy.",
            title="Built-in template",
        )
    return template


def _read(fields: TemplateInput | dict[str, Any]) -> TemplateInput:
    if isinstance(fields, TemplateInput):
        return fields
    try:
        return TemplateInput.model_validate(fields)
    except ValidationError as error:
        raise invalid_from(error) from None


async def _free(session: AsyncSession, name: str) -> None:
    if await repository.name_taken(session, name):
        raise Invalid(f"A template named “{name}” already exists.", {"name": "This name is taken"}, title="Not saved")


async def ensure_built_in(session: AsyncSession) -> int:
    """Create or update the built-in templates; return how many changed. Safe to run at every start."""
    changed = 0
    for written in registry.channels()[0].templates:
        content = {**written, "editor": Editor(written["editor"])}
        stored = await repository.by_name(session, content["name"])
        if stored is None:
            session.add(Template(**content, built_in=True))
            changed += 1
        elif stored.built_in and any(getattr(stored, field) != value for field, value in content.items()):
            await repository.save(session, stored.id or 0, stored.version, {**content, "updated_at": now()})
            changed += 1
    await session.flush()
    return changed
