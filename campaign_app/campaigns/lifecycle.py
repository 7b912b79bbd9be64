"""A campaign's status: one table of allowed transitions, and the actions that each status allows.

The use cases (launch, pause, resume, cancel) are in `delivery/service.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.campaigns import repository
from campaign_app.core.clock import now
from campaign_app.kit.transitions import NotAllowed, check
from campaign_app.models.campaign import Campaign, CampaignStatus, Pauser

S = CampaignStatus

TRANSITIONS: Mapping[CampaignStatus, frozenset[CampaignStatus]] = {
    S.DRAFT: frozenset({S.SCHEDULED, S.RUNNING}),
    # paused: its start time passed while no worker ran, and the policy is to ask (LatePolicy.PAUSE)
    S.SCHEDULED: frozenset({S.DRAFT, S.RUNNING, S.PAUSED, S.CANCELLED, S.FAILED}),
    S.RUNNING: frozenset({S.PAUSED, S.COMPLETED, S.CANCELLED, S.FAILED}),
    # completed: the answers to the last messages in flight came after the pause
    S.PAUSED: frozenset({S.RUNNING, S.COMPLETED, S.CANCELLED, S.FAILED}),
    # running again: a person decided to send uncertain messages again
    S.COMPLETED: frozenset({S.RUNNING}),
    S.FAILED: frozenset({S.RUNNING}),
    S.CANCELLED: frozenset(),
}

ALLOWED: Mapping[str, frozenset[CampaignStatus]] = {
    "edit": frozenset({S.DRAFT, S.SCHEDULED}),
    "delete": frozenset({S.DRAFT, S.COMPLETED, S.FAILED, S.CANCELLED}),
    "start": frozenset({S.DRAFT, S.SCHEDULED, S.PAUSED}),
    "schedule": frozenset({S.DRAFT}),
    "unschedule": frozenset({S.SCHEDULED}),
    "pause": frozenset({S.RUNNING}),
    "resume": frozenset({S.PAUSED}),
    "cancel": frozenset({S.SCHEDULED, S.RUNNING, S.PAUSED}),
}
_DONE = {
    "edit": "edited",
    "delete": "deleted",
    "start": "started",
    "schedule": "scheduled",
    "unschedule": "taken back to a draft",
    "pause": "paused",
    "resume": "resumed",
    "cancel": "cancelled",
}
_HINTS: Mapping[tuple[str, CampaignStatus], str] = {
    ("edit", S.RUNNING): "Duplicate it to send a changed message.",
    ("edit", S.PAUSED): "Some recipients already have the message. Duplicate it to send a changed one.",
    ("edit", S.COMPLETED): "Duplicate it to send it again.",
    ("delete", S.RUNNING): "Pause or cancel it first.",
    ("delete", S.PAUSED): "Cancel it first.",
    ("delete", S.SCHEDULED): "Take it back to a draft or cancel it first.",
}
_TARGET = {
    S.RUNNING: "start",
    S.PAUSED: "pause",
    S.CANCELLED: "cancel",
    S.SCHEDULED: "schedule",
    S.DRAFT: "unschedule",
}


@dataclass(frozen=True, slots=True)
class PossibleActions:
    """What a campaign's status allows. Permissions are checked separately."""

    can_edit: bool
    can_delete: bool
    can_start: bool
    can_schedule: bool
    can_unschedule: bool
    can_pause: bool
    can_resume: bool
    can_cancel: bool
    can_duplicate: bool = True


def can(action: str, status: CampaignStatus) -> bool:
    """Whether `action` (a key of ALLOWED) is possible in `status`."""
    return status in ALLOWED[action]


def possible_actions(status: CampaignStatus) -> PossibleActions:
    """All actions that `status` allows."""
    return PossibleActions(**{f"can_{action}": status in statuses for action, statuses in ALLOWED.items()})


def why_not(action: str, status: CampaignStatus) -> str:
    """Why `action` is not possible in `status`, as a sentence; "" when it is possible."""
    if can(action, status):
        return ""
    if action == "start" and status is S.RUNNING:
        return "This campaign is already running."
    hint = _HINTS.get((action, status), "")
    return f"A {status} campaign cannot be {_DONE[action]}. {hint}".strip()


def require(action: str, campaign: Campaign) -> None:
    """Raise NotAllowed unless `action` is possible now."""
    if not can(action, campaign.status):
        target = next((s for s, name in _TARGET.items() if name == action), campaign.status)
        raise NotAllowed(why_not(action, campaign.status), campaign.status, target)


def _message(current: CampaignStatus, target: CampaignStatus) -> str:
    if current is target is S.RUNNING:
        return "This campaign is already running."
    if current is target:
        return f"This campaign is already {current}."
    return why_not(_TARGET.get(target, ""), current) if _TARGET.get(target) else ""


def times(status: CampaignStatus, at: datetime, *, started: bool) -> dict[str, datetime | str | None]:
    """The time columns that change when a campaign enters `status`."""
    if status is S.RUNNING:
        begun: dict[str, datetime | str | None] = {} if started else {"started_at": at}
        return begun | {"paused_at": None, "paused_by": "", "pauser": None, "finished_at": None}
    if status is S.PAUSED:
        return {"paused_at": at}
    if status in {S.COMPLETED, S.FAILED, S.CANCELLED}:
        return {"finished_at": at}
    return {}


async def set_status(
    session: AsyncSession,
    campaign: Campaign,
    target: CampaignStatus,
    reason: str = "",
    *,
    by: str = "",
    pauser: Pauser = Pauser.SYSTEM,
    at: datetime | None = None,
) -> None:
    """Change a campaign's status atomically. Of two simultaneous calls one succeeds and the other gets NotAllowed.

    `reason`: a sentence for people. `by`: the name of the person who paused it. `pauser`: decides who may resume it.
    """
    current = campaign.status
    check(TRANSITIONS, current, target, _message(current, target))
    at = at or now()
    changes: dict[str, datetime | str | None] = times(target, at, started=campaign.started_at is not None)
    if target is S.PAUSED:
        changes |= {"paused_by": by, "pauser": pauser}
    changes |= {"status": target, "status_reason": reason[:500], "updated_at": at}
    if not await repository.move_status(session, campaign, current, changes):
        await session.refresh(campaign)
        raise NotAllowed(
            _message(campaign.status, target) or f"This campaign is {campaign.status} now.", campaign.status, target
        )
