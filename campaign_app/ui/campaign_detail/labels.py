"""Texts of the campaign page: activity rows, time left, results of its buttons."""

from datetime import datetime
from typing import Final, Literal

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.channels import service as accounts
from campaign_app.core.clock import now
from campaign_app.core.errors import NotFound
from campaign_app.delivery import service
from campaign_app.kit import text
from campaign_app.models.campaign import Campaign, CampaignActivity, CampaignStatus
from campaign_app.ui.campaign_detail import figures
from campaign_app.ui.components.timeline import KINDS, TimelineEvent

CONTROLS: Final = {"pause": service.pause, "resume": service.resume, "cancel": service.cancel}
DONE: Final = {"pause": "paused", "resume": "goes on", "cancel": "cancelled"}
Decision = Literal["sent", "failed", "requeue"]
DECIDED: Final[dict[Decision, str]] = {
    "sent": "marked as sent",
    "failed": "marked as failed",
    "requeue": "will be sent again",
}


async def sender_of(session: AsyncSession, campaign: Campaign) -> str:
    """The sender address of the campaign; a dash while none is chosen."""
    if campaign.account_id is None:
        return text.NONE
    try:
        return await accounts.address(session, campaign.account_id)
    except NotFound:
        return "Account deleted"


def time_left(campaign: Campaign, now: datetime, zone: str) -> tuple[str, str]:
    """Label and value of the second figure: time left, when it was paused, when it starts, or how long it took."""
    if campaign.status is CampaignStatus.PAUSED and campaign.paused_at:
        by = figures.by(campaign.pauser, campaign.paused_by)
        return "Paused", f"{figures.clock(campaign.paused_at, now, zone)}{by}"
    if campaign.status is CampaignStatus.SCHEDULED and campaign.send_at:
        return "Starts", figures.clock(campaign.send_at, now, zone)
    if campaign.finished_at:
        return "Duration", figures.took(campaign.started_at, campaign.finished_at) or text.NONE
    return "Time left", text.NONE


def activity_row(row: CampaignActivity, zone: str) -> TimelineEvent:
    """A line of the activity log. The title names the person, the detail gives the reason."""
    by = f" by {row.actor_name}" if row.actor_name and row.by_person else ""
    detail = row.detail or ("" if row.by_person else "Automatic")
    return TimelineEvent(
        kind=row.kind if row.kind in KINDS else "system",
        title=f"{row.title}{by}",
        time=figures.short(row.at, now(), zone),
        detail=detail,
        exact=text.exact(row.at, zone),
    )
