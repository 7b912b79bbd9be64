"""A campaign as a row of the list: formatted, and only what the screen shows. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaign_app.campaigns import lifecycle
from campaign_app.campaigns.schemas import CampaignRow
from campaign_app.kit import text
from campaign_app.models.campaign import CampaignStatus
from campaign_app.ui import routes
from campaign_app.ui.app_state import initials
from campaign_app.ui.campaign_builder.finish import moment
from campaign_app.ui.components.base import NONE
from campaign_app.ui.components.editors.variables import in_words


@dataclass
class Row:
    """One row. The counts are the parts of its bar."""

    id: int
    name: str
    subject: str
    status: str
    channel: str
    href: str
    audience: str
    progress: str
    bar: bool
    live: bool
    total: int
    sent: int
    skipped: int
    uncertain: int
    failed: int
    opened: str
    clicked: str
    replied: str
    rates: str
    owner: str
    owner_letters: str
    updated: str
    updated_exact: str
    can_edit: bool
    can_pause: bool
    can_resume: bool
    can_delete: bool


def row_of(campaign: CampaignRow, now: datetime, zone: str) -> Row:
    """The row of a campaign at `now` in `zone`."""
    able = lifecycle.possible_actions(campaign.status)
    counts = bar_counts(campaign.counts)
    opened, clicked, replied = (
        text.percent(number, campaign.sent) for number in (campaign.opened, campaign.clicked, campaign.replied)
    )
    open_in_builder = campaign.status is CampaignStatus.DRAFT
    running = campaign.status is CampaignStatus.RUNNING
    return Row(
        id=campaign.id,
        name=campaign.name,
        subject=in_words(campaign.subject) or "No subject yet",
        status=campaign.status.value,
        channel=campaign.channel,
        href=routes.campaign_edit(campaign.id) if open_in_builder else routes.campaign(campaign.id),
        audience=text.number(campaign.total) if campaign.total else NONE,
        progress=_progress(campaign, counts, now, zone),
        bar=campaign.total > 0,
        live=running,
        total=campaign.total,
        **counts,
        opened=opened,
        clicked=clicked,
        replied=replied,
        rates=f"{opened} opened · {clicked} clicked" if campaign.sent else "",
        owner=campaign.owner_name,
        owner_letters=initials(campaign.owner_name),
        updated="Now" if running else text.ago(campaign.updated_at, now, zone),
        updated_exact=text.exact(campaign.updated_at, zone),
        can_edit=able.can_edit,
        can_pause=able.can_pause,
        can_resume=able.can_resume,
        can_delete=able.can_delete,
    )


def bar_counts(counters: Any) -> dict[str, int]:
    """The parts of the bar from a campaign's counters (each delivery by its current status)."""

    def count(*names: str) -> int:
        return sum(int(counters.get(name, 0)) for name in names)

    return {
        "sent": count("sent", "delivered", "read", "replied"),
        "skipped": count("skipped"),
        "uncertain": count("uncertain"),
        "failed": count("failed", "bounced"),
    }


def percent_done(counts: dict[str, int], total: int) -> str:
    """Whole percent of the recipients with a final status; 100% only when all have one."""
    done = sum(counts.values())
    return f"{done * 100 // total}%" if total else NONE


def _progress(campaign: CampaignRow, counts: dict[str, int], now: datetime, zone: str) -> str:
    if campaign.status is CampaignStatus.DRAFT:
        return f"Step {campaign.step_reached} of 5"
    if campaign.status is CampaignStatus.SCHEDULED and campaign.send_at is not None:
        words = moment(campaign.send_at, now, zone).replace(",", "")
        return words[0].upper() + words[1:]
    return percent_done(counts, campaign.total)
