"""Use cases of campaigns: list, build, schedule, duplicate, delete. Launch, pause and cancel are in delivery/."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audit import service as audit
from campaign_app.campaigns import contents, lifecycle, repository
from campaign_app.campaigns.errors import CampaignNotFound, SavedByAnother, invalid_from
from campaign_app.campaigns.schemas import CampaignPatch, CampaignQuery, CampaignRow
from campaign_app.channels import registry
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.core.errors import Invalid
from campaign_app.kit import text
from campaign_app.kit.bulk import ItemResult, each
from campaign_app.kit.pagination import Page
from campaign_app.models.campaign import Campaign, CampaignActivity, CampaignCounter, CampaignStatus
from campaign_app.models.delivery import DeliveryStatus
from campaign_app.workspace import service as workspace

_NOT_COPIED = frozenset({"name", "send_at"})
_COPIED = ("channel", "address_kind", *(name for name in CampaignPatch.model_fields if name not in _NOT_COPIED))
_STEP_TITLES = {
    "audience": "Audience changed",
    "subject": "Message changed",
    "html": "Message changed",
    "text": "Message changed",
    "preheader": "Message changed",
    "content": "Message changed",
    "send_at": "Schedule changed",
    "windows": "Schedule changed",
    "rate_per_minute": "Rate changed",
}


async def list_campaigns(session: AsyncSession, actor: Actor, query: CampaignQuery) -> Page[CampaignRow]:
    """A page of the campaign list, with the total of the query."""
    actor.require("campaigns:read")
    found = await repository.page(session, query, actor.user_id)
    return found.map(lambda line: _row(*line))


async def rows_of(session: AsyncSession, actor: Actor, ids: Sequence[int]) -> list[CampaignRow]:
    """These campaigns as rows of the list, at most 1,000, last changed first."""
    actor.require("campaigns:read")
    rows = await repository.of_ids(session, list(dict.fromkeys(ids))[:1_000])
    return [_row(campaign, counter, owner) for campaign, counter, owner in rows]


def _row(campaign: Campaign, counter: CampaignCounter | None, owner: str) -> CampaignRow:
    found = counter or CampaignCounter(campaign_id=campaign.id or 0)
    return CampaignRow(
        id=campaign.id or 0,
        name=campaign.name,
        subject=campaign.subject,
        channel=registry.channel(campaign.channel).name,
        status=campaign.status,
        status_reason=campaign.status_reason,
        step_reached=campaign.step_reached,
        send_at=campaign.send_at,
        owner_id=campaign.owner_id,
        owner_name=owner,
        version=campaign.version,
        created_at=campaign.created_at,
        updated_at=campaign.updated_at,
        total=found.total,
        counts={status.value: getattr(found, status.value) for status in DeliveryStatus},
        sent=found.messages_sent,
        opened=found.opened,
        clicked=found.clicked,
        replied=found.replied,
    )


async def counts_by_view(session: AsyncSession, actor: Actor) -> dict[str, int]:
    """View (a key of schemas.VIEWS) → number of campaigns, for this person."""
    actor.require("campaigns:read")
    return await repository.counts(session, actor.user_id)


async def get(session: AsyncSession, actor: Actor, campaign_id: int) -> Campaign:
    """One campaign.

    Raises:
        CampaignNotFound: it does not exist, or it was deleted.
    """
    actor.require("campaigns:read")
    return await _found(session, campaign_id)


async def _found(session: AsyncSession, campaign_id: int) -> Campaign:
    campaign = await repository.get(session, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    return campaign


async def create(session: AsyncSession, actor: Actor, name: str, **fields: Any) -> Campaign:
    """Create a draft. `fields`: those of CampaignPatch.

    Raises:
        Invalid: a field is wrong.
    """
    actor.require("campaigns:write")
    values = await _values(session, checked({"name": name, **fields}))
    zone = await workspace.zone_of(session, actor)
    campaign = Campaign(owner_id=actor.user_id, updated_by=actor.name, **{"time_zone": zone, **values})
    if campaign.account_id is None and (only := await repository.only_account(session)):
        campaign.account_id = only
        channel = registry.adapter(await repository.provider_of(session, only)).channel
        campaign.channel, campaign.address_kind = channel.name, channel.address.name
    session.add(campaign)
    await session.flush()
    await _note(session, actor, campaign, "created", "edit", "Created")
    return campaign


def checked(fields: dict[str, Any]) -> CampaignPatch:
    """Check form or API input.

    Raises:
        Invalid: with a message per field.
    """
    try:
        return CampaignPatch.model_validate(fields)
    except ValidationError as error:
        raise invalid_from(error) from None


async def _values(session: AsyncSession, patch: CampaignPatch, campaign: Campaign | None = None) -> dict[str, Any]:
    """The columns that a patch changes. The account determines the channel."""
    values = {name: getattr(patch, name) for name in patch.model_fields_set}
    if "name" in values and not values["name"]:
        raise Invalid("A campaign needs a name.", {"name": "Give it a name"}, title="Not saved")
    channel = campaign.channel if campaign else ""
    if values.get("account_id") and (provider := await repository.provider_of(session, values["account_id"])):
        channel = registry.adapter(provider).channel.name
    channel = registry.channel(channel).name
    if campaign is None or campaign.channel != channel:
        values |= {"channel": channel, "address_kind": registry.channel(channel).address.name}
    if "content" in values and campaign is not None and "channel" not in values:
        values["content"] = {**(campaign.content or {}), **values["content"]}
    return contents.checked(registry.channel(channel), values)


async def save_step(
    session: AsyncSession, actor: Actor, campaign_id: int, version: int, patch: CampaignPatch
) -> Campaign:
    """Save the changes of a step of the builder; return the campaign with its new version.

    Raises:
        SavedByAnother: someone saved after `version`. It says who and when; nothing is overwritten.
        NotAllowed: it is running or has ended.
        Invalid: a start time in the past, a schedule without a time, an empty name.
    """
    actor.require("campaigns:write")
    campaign = await _found(session, campaign_id)
    lifecycle.require("edit", campaign)
    if campaign.version != version:
        raise await _conflict(session, campaign, actor)
    wanted = await _values(session, patch, campaign)
    changes = {name: value for name, value in wanted.items() if getattr(campaign, name) != value}
    _check_time(campaign, changes)
    if "step_reached" in changes:
        changes["step_reached"] = max(changes["step_reached"], campaign.step_reached)
    if not changes:
        return campaign
    stamped = {**changes, "updated_at": now(), "updated_by": actor.name}
    if not await repository.save(session, campaign, version, stamped):
        fresh = await _found(session, campaign_id)
        lifecycle.require("edit", fresh)
        raise await _conflict(session, fresh, actor)
    if set(changes) != {"step_reached"}:
        title = next((_STEP_TITLES[name] for name in changes if name in _STEP_TITLES), "Changed")
        await _note(session, actor, campaign, "updated", "edit", title, fields=sorted(changes))
    return campaign


async def _conflict(session: AsyncSession, campaign: Campaign, actor: Actor) -> SavedByAnother:
    by = "You" if campaign.updated_by == actor.name else campaign.updated_by or "Someone"
    when = text.ago(campaign.updated_at, now(), await workspace.zone_of(session, actor))
    return SavedByAnother("campaign", by, "just now" if when == "Now" else when, campaign.version)


def _check_time(campaign: Campaign, changes: dict[str, Any]) -> None:
    if "send_at" not in changes:
        return
    send_at: datetime | None = changes["send_at"]
    if send_at is not None and send_at <= now():
        raise Invalid(
            "The start time has passed already. Choose a time in the future, or start right after launch.",
            {"send_at": "Choose a time in the future"},
            title="Not saved",
        )
    if send_at is None and campaign.status is CampaignStatus.SCHEDULED:
        raise Invalid(
            "A scheduled campaign needs its start time. Take it back to a draft to start it by hand.",
            {"send_at": "Choose a time, or take it back to a draft"},
            title="Not saved",
        )


async def schedule(session: AsyncSession, actor: Actor, campaign_id: int) -> Campaign:
    """Schedule a draft. It is launched at its start time.

    Raises:
        NotAllowed: it is no draft. Invalid: it has no start time, or the start time has passed.
    """
    actor.require("campaigns:start")
    campaign = await _found(session, campaign_id)
    lifecycle.require("schedule", campaign)
    if campaign.send_at is None or campaign.send_at <= now():
        raise Invalid(
            "It needs a start time in the future. Choose one, or launch it right away.",
            {"send_at": "Choose a time in the future"},
            title="Not scheduled",
        )
    await lifecycle.set_status(session, campaign, CampaignStatus.SCHEDULED)
    await _note(
        session, actor, campaign, "scheduled", "edit", "Scheduled", text.exact(campaign.send_at, campaign.time_zone)
    )
    return campaign


async def unschedule(session: AsyncSession, actor: Actor, campaign_id: int) -> Campaign:
    """Take a scheduled campaign back to a draft."""
    actor.require("campaigns:write")
    campaign = await _found(session, campaign_id)
    lifecycle.require("unschedule", campaign)
    await lifecycle.set_status(session, campaign, CampaignStatus.DRAFT)
    await _note(session, actor, campaign, "unscheduled", "edit", "Taken back to a draft")
    return campaign


async def duplicate(session: AsyncSession, actor: Actor, campaign_id: int) -> Campaign:
    """Create a draft with the same message, audience and limits. Its recipients are determined at its own launch."""
    actor.require("campaigns:duplicate")
    source = await _found(session, campaign_id)
    copy = Campaign(
        **{name: getattr(source, name) for name in _COPIED},
        name=await _copy_name(session, source.name),
        owner_id=actor.user_id,
        updated_by=actor.name,
    )
    session.add(copy)
    await session.flush()
    await _note(session, actor, copy, "duplicated", "edit", "Created", f"Copy of {source.name}", source=campaign_id)
    return copy


async def _copy_name(session: AsyncSession, name: str) -> str:
    base = name[:240]
    taken = await repository.names_like(session, base)
    proposals = (f"{base} (copy{'' if number == 1 else f' {number}'})" for number in range(1, len(taken) + 2))
    return next(proposal for proposal in proposals if proposal not in taken)


async def delete(session: AsyncSession, actor: Actor, campaign_id: int) -> None:
    """Hide a campaign from the lists. Its ledger and activity log stay.

    Raises:
        NotAllowed: it is scheduled, running or paused.
    """
    actor.require("campaigns:delete")
    campaign = await _found(session, campaign_id)
    lifecycle.require("delete", campaign)
    if not await repository.save(session, campaign, campaign.version, {"deleted_at": now(), "updated_by": actor.name}):
        lifecycle.require("delete", await _found(session, campaign_id))
        raise await _conflict(session, campaign, actor)
    await audit.record(session, actor, "campaign.deleted", "campaign", campaign_id, campaign.name)


UseCase = Callable[[AsyncSession, Actor, int], Awaitable[Any]]


async def bulk(session: AsyncSession, actor: Actor, ids: Sequence[int], use_case: UseCase) -> list[ItemResult]:
    """Run a use case (`delete`, `duplicate`, delivery's `pause` …) on each campaign."""

    async def name_of(campaign_id: int) -> str:
        campaign = await repository.get(session, campaign_id)
        return campaign.name if campaign else f"Campaign {campaign_id}"

    return await each(session, ids, name_of, lambda campaign_id: use_case(session, actor, campaign_id))


async def activity(
    session: AsyncSession, actor: Actor, campaign_id: int, limit: int = 50
) -> Sequence[CampaignActivity]:
    """The activity log of a campaign, newest first."""
    actor.require("campaigns:read")
    return await repository.activity(session, campaign_id, min(limit, 200))


async def record_activity(
    session: AsyncSession, campaign_id: int, kind: str, actor: Actor, title: str, detail: str = ""
) -> None:
    """Add an entry to the activity log (kinds: edit, start, pause, resume, cancel, done, failed, uncertain …)."""
    await repository.add_activity(session, campaign_id, now(), kind, actor, title, detail)


async def _note(
    session: AsyncSession,
    actor: Actor,
    campaign: Campaign,
    act: str,
    kind: str,
    title: str,
    detail: str = "",
    **details: Any,
) -> None:
    await audit.record(session, actor, f"campaign.{act}", "campaign", campaign.id or 0, campaign.name, **details)
    await record_activity(session, campaign.id or 0, kind, actor, title, detail)
