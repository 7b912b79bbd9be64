"""A message as one person would get it: previews in the editor and the library, and test messages."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import service as audience
from campaign_app.audit import service as audit
from campaign_app.campaigns import contents, preflight_repository, readiness, repository
from campaign_app.campaigns.errors import CampaignNotFound
from campaign_app.campaigns.schemas import Preview, TemplateInput, TestOutcome
from campaign_app.channels import registry
from campaign_app.channels import service as accounts
from campaign_app.channels.base import Verdict
from campaign_app.channels.content import Channel
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.core.crypto import digest
from campaign_app.core.errors import Invalid
from campaign_app.models.campaign import Campaign
from campaign_app.models.contact import Contact
from campaign_app.rendering.errors import RenderError
from campaign_app.rendering.templating import context_for, unknown
from campaign_app.workspace import service as workspace

MAX_TEST_ADDRESSES = 5
PICTURES_S = 2.0
EXAMPLE: Mapping[str, Any] = {
    "email": "anna.brandt@example.com",
    "first_name": "Anna",
    "last_name": "Brandt",
    "company": "Meridian Supply",
    "phone": "+493055570142",
    "time_zone": "Europe/Berlin",
    "language": "en",
}


async def preview(
    session: AsyncSession,
    actor: Actor,
    source: int | BaseModel,
    contact_id: int | None = None,
    *,
    content: BaseModel | None = None,
    channel: Channel | None = None,
) -> Preview:
    """The message of a campaign (or of unsaved `content`) for a contact, by default the first of the audience.

    Errors of the template are returned with part and line, not raised, because people see them while they write.
    """
    actor.require("campaigns:read")
    campaign = await repository.get(session, source) if isinstance(source, int) else None
    if isinstance(source, int) and campaign is None:
        raise CampaignNotFound
    written = content or (source if isinstance(source, BaseModel) else contents.of(_known(campaign)))
    channel = channel or (contents.channel_of(campaign) if campaign else registry.channels()[0])
    person = await _person(session, campaign, contact_id)
    try:
        around = await _surroundings(session, None)
        shown = await channel.preview(who(actor), written, context_for(person), around, marked=True)
    except RenderError as error:
        return Preview(problem=error.plain, problem_part=error.part, problem_line=error.line, recipient=_name(person))
    names = await repository.attribute_keys(session)
    return Preview(
        subject=shown.subject,
        preheader=shown.preheader,
        html=shown.html,
        text=shown.text,
        recipient=_name(person),
        missing=shown.missing,
        unknown=tuple(sorted(unknown(shown.variables, names))),
        size_bytes=len(shown.html.encode()),
    )


def _known(campaign: Campaign | None) -> Campaign:
    if campaign is None:
        raise CampaignNotFound
    return campaign


def _name(person: Mapping[str, Any] | Contact) -> str:
    values = context_for(person)
    return str(values["name"] or values["email"] or values["phone"])


async def _person(
    session: AsyncSession, campaign: Campaign | None, contact_id: int | None
) -> Mapping[str, Any] | Contact:
    if contact_id is not None and (found := await repository.contact(session, contact_id)):
        return found
    if campaign is not None and campaign.audience:
        kind = contents.channel_of(campaign).address.name
        sample = await audience.sample_contacts(session, campaign.audience, limit=1, kind=kind)
        if sample and (first := await repository.contact(session, sample[0].id)):
            return first
    return EXAMPLE


async def _surroundings(session: AsyncSession, account_id: int | None) -> dict[str, str]:
    found = await workspace.get(session)
    base = readiness.base_of(found, await preflight_repository.account(session, account_id))
    return {"unsubscribe_url": f"{base}/u/test", "view_url": f"{base}/v/test", "postal_address": found.postal_address}


def who(actor: Actor) -> str:
    """The key under which a person's renderings are queued."""
    return f"user {actor.user_id}"


@dataclass(frozen=True, slots=True)
class Picture:
    """A template rendered for an example person, or the `problem`."""

    html: str = ""
    problem: str = ""


async def pictures(
    session: AsyncSession, actor: Actor, templates: Sequence[tuple[int | None, BaseModel]]
) -> list[Picture | None]:
    """Each template (author, fields) rendered as a page; None for those not rendered within PICTURES_S.

    Each is queued under its author, so that one author's slow template does not delay those of others.
    """
    actor.require("templates:read")
    if not templates:
        return []
    around = await _surroundings(session, None)
    tasks = [asyncio.create_task(_picture(f"user {author}", fields, around)) for author, fields in templates]
    await asyncio.wait(tasks, timeout=PICTURES_S)
    for task in tasks:
        task.cancel()
    made = await asyncio.gather(*tasks, return_exceptions=True)
    return [found if isinstance(found, Picture) else None for found in made]


async def _picture(author: str, fields: BaseModel, around: Mapping[str, str]) -> Picture:
    try:
        shown = await _library().preview(author, fields, context_for(EXAMPLE), around, marked=True)
    except RenderError as error:
        return Picture(problem=error.plain)
    return Picture(shown.html)


async def try_out(actor: Actor, fields: TemplateInput | BaseModel) -> None:
    """Render a message once for an example person, before others use it.

    Raises:
        RenderError: it cannot be rendered, or takes too long.
    """
    await _library().preview(who(actor), fields, context_for(EXAMPLE), {}, marked=True)


def _library() -> Channel:
    """The channel for which templates of the library are written."""
    return registry.channels()[0]


async def send_test(
    session: AsyncSession, actor: Actor, campaign_id: int, to: str | Sequence[str], contact_id: int | None = None
) -> list[TestOutcome]:
    """Send the current message to a few addresses, marked as a test and not tracked. Up to 30 s per address.

    It only reads. Call it inside `db.reading()`, so that it holds no lock, then `record_test` in a transaction.

    Raises:
        Invalid: no address, too many, or no sending account. RenderError: the message cannot be rendered.
    """
    actor.require("campaigns:write")
    addresses = [to] if isinstance(to, str) else list(to)
    addresses = [address.strip() for address in addresses if address.strip()]
    if not 1 <= len(addresses) <= MAX_TEST_ADDRESSES:
        raise Invalid(f"Give one to {MAX_TEST_ADDRESSES} addresses for the test.", {"to": "One to five addresses"})
    campaign = _known(await repository.get(session, campaign_id))
    if campaign.account_id is None:
        raise Invalid("Choose the sending account first.", {"account_id": "Choose an account"}, title="No sender")
    person = await _person(session, campaign, contact_id)
    around = await _surroundings(session, campaign.account_id)
    content, channel = contents.of(campaign), contents.channel_of(campaign)
    shown = await channel.preview(who(actor), content, context_for(person), around, marked=False)
    account = await accounts.config(session, campaign.account_id)
    adapter = registry.adapter(account.provider)
    outcomes = []
    for address in addresses:
        if problem := adapter.recipient_problem(address):
            raise Invalid(problem, {"to": problem})
        mark = digest(f"{campaign_id} {address} {now().isoformat()}")[:24]
        result = await adapter.send_one(account, adapter.campaign_test(account, content, shown, address, mark))
        outcomes.append(TestOutcome(address, result.verdict is Verdict.ACCEPTED, result.response))
    return outcomes


async def record_test(session: AsyncSession, actor: Actor, campaign_id: int, outcomes: Sequence[TestOutcome]) -> None:
    campaign = _known(await repository.get(session, campaign_id))
    sent = [outcome.to for outcome in outcomes if outcome.ok]
    await audit.record(session, actor, "campaign.tested", "campaign", campaign_id, campaign.name, to=sent)
    if sent:
        await repository.add_activity(session, campaign_id, now(), "sent", actor, "Test sent", ", ".join(sent))
