"""Use cases of analytics: one campaign's results, a period over all campaigns, the dashboard."""

from datetime import timedelta
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.analytics import first_steps, periods, repository
from campaign_app.analytics.schemas import (
    AccountUse,
    Attention,
    CampaignLine,
    Dashboard,
    DomainCount,
    FunnelStep,
    LinkCount,
    Overview,
    ReasonCount,
    Results,
)
from campaign_app.campaigns import contents, readiness
from campaign_app.campaigns import service as campaigns
from campaign_app.channels import service as accounts
from campaign_app.channels.content import Capabilities
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.kit import text
from campaign_app.kit.days import day_of, start_of
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignStatus
from campaign_app.workspace import service as workspace

S = CampaignStatus
_DOMAINS: Final = 20
_SOON: Final = timedelta(hours=24)
_LATELY: Final = timedelta(days=7)
MAX_DAYS: Final = 366


async def campaign_results(session: AsyncSession, actor: Actor, campaign_id: int) -> Results:
    """A campaign's results so far."""
    actor.require("analytics:read")
    channel = contents.channel_of(await campaigns.get(session, actor, campaign_id))
    counter = await repository.counter(session, campaign_id)
    points, width = periods.times(await repository.minutes(session, campaign_id))
    found_links = await repository.links(session, campaign_id)
    found_domains = await repository.domains(session, campaign_id, _DOMAINS)
    return Results(
        campaign_id=campaign_id,
        total=counter.total,
        sent=counter.messages_sent,
        opened=counter.opened,
        clicked=counter.clicked,
        unsubscribed=counter.unsubscribed,
        complained=counter.complained,
        bounced=counter.bounced,
        failed=counter.failed,
        machine_opens=counter.machine_opens,
        machine_clicks=counter.machine_clicks,
        funnel=funnel(counter, channel.capabilities),
        can=channel.capabilities,
        has_domains=channel.address.has_domain,
        times=points,
        slot_minutes=width,
        reasons=[
            ReasonCount(status, reason.value, reason.label or status.capitalize(), count)
            for status, reason, count in await repository.reasons(session, campaign_id)
        ],
        links=[LinkCount(row.position, row.url, row.people, row.clicks) for row in found_links],
        domains=[
            DomainCount(
                row.domain,
                row.sent,
                row.failed,
                row.bounced,
                row.opened,
                row.clicked,
                row.unsubscribed,
                row.complained,
            )
            for row in found_domains
        ],
    )


def funnel(counter: CampaignCounter, can: Capabilities) -> list[FunnelStep]:
    """The steps that the channel can measure, each with its share of the messages sent."""
    sent, read = counter.messages_sent, counter.read + counter.replied
    steps = [
        ("sent", "Sent", sent, True),
        ("delivered", "Delivered", counter.delivered + read, can.confirms_delivery),
        ("read", "Read", read, can.confirms_read),
        ("opened", "Opened by people", counter.opened, can.tracks_opens),
        ("clicked", "Clicked", counter.clicked, can.has_links),
        ("unsubscribed", "Unsubscribed", counter.unsubscribed, can.has_links),
    ]
    return [
        FunnelStep(key, label, count, count / sent if sent else 0.0) for key, label, count, is_told in steps if is_told
    ]


async def overview(session: AsyncSession, actor: Actor, days: int = 30) -> Overview:
    """The last `days` days up to today in the person's time zone, and the same number of days before them."""
    actor.require("analytics:read")
    days = max(1, min(days, MAX_DAYS))
    zone = await workspace.zone_of(session, actor)
    today = day_of(now(), zone)
    first, first_before = today - timedelta(days=days - 1), today - timedelta(days=2 * days - 1)
    start = start_of(first_before, zone)
    end = start_of(today + timedelta(days=1), zone)
    hours = await repository.hours(session, start, end)
    middle = start_of(first, zone)
    points = periods.days(hours, first, days, zone)
    before = periods.days(hours, first_before, days, zone)
    return Overview(
        days=points,
        before=before,
        totals=periods.totals(points),
        totals_before=periods.totals(before),
        heat=periods.heat([hour for hour in hours if hour[0] >= middle], zone),
    )


async def campaigns_table(session: AsyncSession, actor: Actor, days: int = 30, limit: int = 100) -> list[CampaignLine]:
    """Campaigns launched or finished in the period, last changed first."""
    actor.require("analytics:read")
    since = now() - timedelta(days=max(1, min(days, MAX_DAYS)))
    states = [S.RUNNING, S.PAUSED, S.COMPLETED, S.FAILED, S.CANCELLED]
    return [line(*row) for row in await repository.campaigns(session, states, since, limit)]


def line(campaign: Campaign, counter: CampaignCounter) -> CampaignLine:
    """A campaign as a row with its figures."""
    counts = counter.model_dump(exclude={"campaign_id"})
    return CampaignLine(
        id=int(campaign.id or 0),
        name=campaign.name,
        status=campaign.status.value,
        status_reason=campaign.status_reason,
        total=counter.total,
        counts=counts,
        sent=counter.messages_sent,
        opened=counter.opened,
        clicked=counter.clicked,
        unsubscribed=counter.unsubscribed,
        paused_by=campaign.paused_by,
        pauser=campaign.pauser,
        paused_at=campaign.paused_at,
        finished_at=campaign.finished_at,
        send_at=campaign.send_at,
    )


async def dashboard(session: AsyncSession, actor: Actor) -> Dashboard:
    """What is sending, what needs a person, and the results of the last days."""
    actor.require("campaigns:read")
    at = now()
    active = await repository.campaigns(session, [S.RUNNING, S.PAUSED], None, 20)
    finished = await repository.campaigns(session, [S.COMPLETED, S.FAILED, S.CANCELLED], at - timedelta(days=30), 8)
    used = await _accounts(session, actor)
    return Dashboard(
        active=[line(*row) for row in active],
        finished=[line(*row) for row in finished],
        attention=await _attention(session, actor, active, finished, used),
        accounts=used,
        overview=await overview(session, actor),
    )


async def _accounts(session: AsyncSession, actor: Actor) -> list[AccountUse]:
    if not actor.can("accounts:read"):
        return []
    return [
        AccountUse(row.id, row.address, row.health, row.words, row.sent_today, row.limit_used, row.limit_per_day)
        for row in await accounts.list_accounts(session, actor)
    ]


Rows = list[tuple[Campaign, CampaignCounter]]


async def _attention(
    session: AsyncSession, actor: Actor, active: Rows, finished: Rows, used: list[AccountUse]
) -> list[Attention]:
    at = now()
    found = [
        Attention(
            "blocking", f"{row.address}: {row.words}", "Its campaigns wait until it works", "account", row.id, "Open"
        )
        for row in used
        if row.health == "disconnected"
    ]
    found += [
        Attention(
            "blocking", f"{campaign.name} failed", campaign.status_reason, "campaign", int(campaign.id or 0), "Open"
        )
        for campaign, _ in finished
        if campaign.status is S.FAILED and campaign.finished_at and campaign.finished_at > at - _LATELY
    ]
    found += [
        Attention(
            "warning", f"{campaign.name} paused", campaign.status_reason, "campaign", int(campaign.id or 0), "Open"
        )
        for campaign, _ in active
        if campaign.status is S.PAUSED and campaign.status_reason
    ]
    found += [
        Attention(
            "warning",
            f"{text.plural(count, 'message')} without an answer",
            campaign.name,
            "campaign",
            int(campaign.id or 0),
            "Review",
        )
        for campaign, count in await repository.uncertain(session, 5)
    ]
    found += [
        Attention("warning", row.address, row.words, "account", row.id, action)
        for row in used
        if (action := {"bouncing": "See bounces", "refused": "See reports"}.get(row.health))
    ]
    return await _of_workspace(session, actor) + found + await _starting_soon(session)


async def _of_workspace(session: AsyncSession, actor: Actor) -> list[Attention]:
    """Workspace settings that stop every launch, once an account exists that reaches real people."""
    if not actor.can("workspace:read") or not actor.can("accounts:read"):
        return []
    if not first_steps.matters(await accounts.list_accounts(session, actor)):
        return []
    stops = readiness.stops(await workspace.get(session), None)
    return [Attention("blocking", stop.title, stop.detail, "workspace", 0, "Open settings") for stop in stops]


async def _starting_soon(session: AsyncSession) -> list[Attention]:
    at = now()
    return [
        Attention(
            "scheduled",
            f"{campaign.name} starts in {text.duration((campaign.send_at - at).total_seconds())}",
            campaign.subject,
            "campaign",
            int(campaign.id or 0),
            "Open",
        )
        for campaign, _ in await repository.campaigns(session, [S.SCHEDULED], None, 20)
        if campaign.send_at and at < campaign.send_at < at + _SOON
    ]
