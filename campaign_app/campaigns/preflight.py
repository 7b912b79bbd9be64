"""Pre-flight: what would go wrong after a launch, for how many people, and which step of the builder fixes it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import audiences
from campaign_app.campaigns import contents, link_check, previews, repository, schedule
from campaign_app.campaigns import preflight_checks as checks
from campaign_app.campaigns import preflight_repository as stored
from campaign_app.campaigns.errors import CampaignNotFound
from campaign_app.campaigns.preflight_checks import Facts, LinkCheck
from campaign_app.campaigns.schedule import Estimate, PaceLimits
from campaign_app.campaigns.schemas import Report
from campaign_app.channels import rows as accounts
from campaign_app.channels import service as account_service
from campaign_app.channels.base import Summary
from campaign_app.core import clock
from campaign_app.core.actor import Actor
from campaign_app.core.errors import NotFound
from campaign_app.kit import days, text
from campaign_app.models.campaign import Campaign
from campaign_app.rendering.finding import Finding, blocking, fine, warning
from campaign_app.workspace import service as workspace

SAMPLE = 200
_LONG = timedelta(days=7)
_SEVERITIES = ("blocking", "warning", "fine")


async def run(
    session: AsyncSession,
    actor: Actor,
    campaign_id: int,
    *,
    online: bool = True,
    check_links: LinkCheck = link_check.statuses,
) -> Report:
    """Check a campaign. `online`: also check DNS and the websites behind links, which takes at most about 4 s."""
    actor.require("campaigns:read")
    campaign = await repository.get(session, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    facts, found = await _look(session, actor, campaign)
    found += await checks.message(session, facts)
    found += checks.sender(facts)
    found += checks.workspace(facts)
    found += await checks.recent(session, facts)
    if online:
        seen = await asyncio.gather(checks.links(facts, check_links), checks.sender_of_channel(facts))
        found += [finding for findings in seen for finding in findings]
    starts_at = _start(facts)
    estimate = await _estimate(session, facts, starts_at)
    found += _timing(facts, starts_at, estimate)
    found.sort(key=lambda finding: _SEVERITIES.index(finding.severity))
    return Report(
        findings=tuple(found),
        summary=_summary(facts, starts_at),
        finishing=estimate.hours,
        finishes_at=estimate.finishes_at,
        starts_at=starts_at,
        limited_by=estimate.limited_by,
        checked_at=facts.at,
    )


async def _look(session: AsyncSession, actor: Actor, campaign: Campaign) -> tuple[Facts, list[Finding]]:
    facts = Facts(
        campaign=campaign,
        channel=contents.channel_of(campaign),
        at=clock.now(),
        workspace=await workspace.get(session),
        account=await stored.account(session, campaign.account_id),
        attributes=await repository.attribute_keys(session),
        who=previews.who(actor),
    )
    try:
        facts.audience = await audiences.count(session, campaign.audience, facts.channel.address.name)
        if facts.audience.reachable:
            facts.sample = await stored.sample(session, campaign.audience, facts.channel.address.name, SAMPLE)
    except NotFound as error:
        words = f"{error.message} Choose the audience again."
        return facts, [blocking("Part of the audience was deleted", words, "audience", "audience")]
    return facts, checks.audience(facts)


def _start(facts: Facts) -> datetime | None:
    """When the first message is sent: after launch or at the start time, once a window is open."""
    planned = max(facts.campaign.send_at or facts.at, facts.at)
    return schedule.next_open(facts.campaign.windows, planned)


async def _estimate(session: AsyncSession, facts: Facts, starts_at: datetime | None) -> Estimate:
    if starts_at is None:
        return Estimate(None, (), "sending windows")
    campaign, account = facts.campaign, facts.account
    day = days.limit_day(starts_at)
    sent = await account_service.sent_since(session, account.id or 0, day) if account else 0
    limits = PaceLimits(
        rate_per_minute=campaign.rate_per_minute,
        account_per_minute=account.limit_per_minute if account else None,
        account_per_day=account.limit_per_day if account else None,
        account_sent_today=sent,
        batch_size=campaign.batch_size,
        batch_delay_ms=campaign.batch_delay_ms,
    )
    zone = campaign.time_zone
    return schedule.estimate(facts.audience.reachable, starts_at, limits, campaign.windows, zone=zone)


def _timing(facts: Facts, starts_at: datetime | None, estimate: Estimate) -> list[Finding]:
    campaign, found = facts.campaign, []
    if campaign.send_at is not None and campaign.send_at <= facts.at:
        words = (
            f"It was {text.exact(campaign.send_at, campaign.time_zone)}. Choose another time, or start after launch."
        )
        found.append(blocking("The start time has passed", words, "schedule", "send_at"))
    if starts_at is None:
        return [*found, blocking("No sending window ever opens", "Choose weekdays and hours.", "schedule", "windows")]
    if not facts.audience.reachable:
        return found
    if estimate.finishes_at is None:
        words = f"Limited by: {estimate.limited_by}. Raise the limit or choose a smaller audience."
        return [*found, blocking("It would not finish within a year", words, "schedule", "finishing")]
    takes = estimate.finishes_at - starts_at
    if takes > _LONG:
        words = f"Limited by: {estimate.limited_by}."
        title = f"Sending takes about {text.duration(takes.total_seconds())}"
        return [*found, warning(title, words, "schedule", "finishing")]
    title = f"It finishes about {text.exact(estimate.finishes_at, campaign.time_zone)[:-7]}"
    return [*found, fine(f"Sending takes about {text.duration(max(1, takes.total_seconds()))}", "finishing", title)]


def _summary(facts: Facts, starts_at: datetime | None) -> dict[str, Any]:
    campaign, count = facts.campaign, facts.audience
    sender = accounts.summary(facts.account) if facts.account else Summary("")
    return {
        "name": campaign.name,
        "total": count.total,
        "reachable": count.reachable,
        "no_address": count.no_address,
        "suppressed": {reason.value: number for reason, number in count.suppressed.items()},
        "from_name": campaign.from_name or sender.name,
        "from_address": sender.address,
        "subject": campaign.subject,
        "send_at": campaign.send_at,
        "starts_at": starts_at,
        "time_zone": campaign.time_zone,
        "rate_per_minute": campaign.rate_per_minute,
        "windows": campaign.windows,
    }
