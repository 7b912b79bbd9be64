"""The campaign in five lines, for a last check before the launch."""

from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import segment_service
from campaign_app.audience import service as audience
from campaign_app.campaigns.schemas import Report
from campaign_app.channels import registry
from campaign_app.channels import service as accounts
from campaign_app.core import clock
from campaign_app.core.actor import Actor
from campaign_app.kit import text
from campaign_app.models.campaign import Campaign
from campaign_app.ui.campaign_builder.finish import moment
from campaign_app.ui.components.editors.variables import in_words


@dataclass(frozen=True, slots=True)
class Summary:
    """`lines`: (label, value, step where it can be changed)."""

    lines: list[tuple[str, str, str]]
    reachable: int
    sender: str


async def summarize(session: AsyncSession, actor: Actor, campaign: Campaign, report: Report) -> Summary:
    """What will happen, in the terms of the screen."""
    total, reachable = int(report.summary["total"]), int(report.summary["reachable"])
    left_out = total - reachable
    people = f"{text.number(reachable)} of {text.number(total)}"
    sender = await _sender(session, actor, campaign)
    lines = [
        ("Audience", await _audience(session, actor, campaign), "audience"),
        ("Recipients", f"{people} ({text.number(left_out)} left out)" if left_out else people, "audience"),
        ("From", sender, "setup"),
        *_subject(campaign),
        ("Starts", _start(campaign), "schedule"),
    ]
    return Summary(lines, reachable, sender)


def _subject(campaign: Campaign) -> list[tuple[str, str, str]]:
    if not registry.channel(campaign.channel).capabilities.has_subject:
        return []
    return [("Subject", in_words(campaign.subject) or "No subject yet", "content")]


async def _audience(session: AsyncSession, actor: Actor, campaign: Campaign) -> str:
    chosen = campaign.audience or {}
    lists = {row.id: row.name for row in await audience.lists(session, actor)}
    segments = {row.id: row.name for row in await segment_service.list_segments(session, actor)}

    def names(prefix: str) -> list[str]:
        found = [lists.get(n) for n in chosen.get(f"{prefix}lists", [])]
        return [name for name in (*found, *(segments.get(n) for n in chosen.get(f"{prefix}segments", []))) if name]

    included = "Everyone" if chosen.get("everyone") else ", ".join(names("")) or "Nobody yet"
    excluded = ", ".join(names("exclude_"))
    return f"{included}, without {excluded}" if excluded else included


async def _sender(session: AsyncSession, actor: Actor, campaign: Campaign) -> str:
    rows = await accounts.list_accounts(session, actor)
    account = next((row for row in rows if row.id == campaign.account_id), None)
    if account is None:
        return "No sending account yet"
    name = campaign.from_name or account.sender_name
    return f"{name}, {account.address}" if name else account.address


def _start(campaign: Campaign) -> str:
    if campaign.send_at is None:
        return "Right after launch"
    words = moment(campaign.send_at, clock.now(), campaign.time_zone)
    return f"{words[0].upper()}{words[1:]} ({campaign.time_zone})"
