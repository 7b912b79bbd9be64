"""Use cases of sending: launch, pause, resume, cancel, start when scheduled, decide about uncertain recipients."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Literal

from redis.exceptions import RedisError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import suppression
from campaign_app.audit import service as audit
from campaign_app.campaigns import lifecycle
from campaign_app.campaigns import service as campaigns
from campaign_app.campaigns.errors import CampaignNotFound
from campaign_app.core import clock, db, logging, queue, rate_limit
from campaign_app.core.actor import SYSTEM, Actor
from campaign_app.core.errors import AppError, Conflict, Invalid
from campaign_app.delivery import repository
from campaign_app.delivery.errors import AccountNotConnected, AlreadyRunning, CannotStart, SetupIncomplete
from campaign_app.delivery.launch import recipients, refusals
from campaign_app.delivery.ledger import leases, moves
from campaign_app.delivery.ledger import repository as ledger_repository
from campaign_app.delivery.ledger.lease_store import ANY_TIME
from campaign_app.kit.text import duration, plural
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignStatus, LatePolicy, Pauser
from campaign_app.models.delivery import DeliveryStatus, Reason
from campaign_app.workspace import service as workspace

LATE_AFTER = timedelta(minutes=10)
_PAUSED = {Pauser.BRAKE: "Stopped by the safety brake", Pauser.CIRCUIT: "Paused until the account works again"}
Decision = Literal["sent", "failed", "requeue"]
log = logging.get("delivery")


async def _campaign(session: AsyncSession, campaign_id: int) -> Campaign:
    campaign = await repository.get_campaign(session, campaign_id, lock=True)
    if campaign is None:
        raise CampaignNotFound
    return campaign


async def _gate(act: Callable[[int], Awaitable[None]], campaign_id: int) -> None:
    """Move the gate, which acts at once. Without Redis the workers see the status at their next heartbeat."""
    try:
        await act(campaign_id)
    except (RedisError, OSError) as error:
        log.warning("gate not moved", campaign=campaign_id, error=type(error).__name__)


async def _note(
    session: AsyncSession, actor: Actor, campaign: Campaign, verb: str, title: str, detail: str = ""
) -> None:
    await campaigns.record_activity(session, int(campaign.id or 0), verb, actor, title, detail)
    await audit.record(
        session,
        actor,
        f"campaign.{verb}",
        "campaign",
        campaign.id,
        campaign.name,
        **({"detail": detail} if detail else {}),
    )
    queue.collect(session, "publish_progress", campaign_id=campaign.id)


def _start_jobs(session: AsyncSession, campaign: Campaign) -> None:
    queue.collect(session, "start_sending", queue=queue.SEND, campaign_id=campaign.id)


async def launch(session: AsyncSession, actor: Actor, campaign_id: int) -> recipients.Plan:
    """Freeze the recipients and begin to send.

    Raises:
        AlreadyRunning: someone was faster. CannotStart: its status does not allow it. AccountNotConnected,
        SetupIncomplete, EmptyAudience, NothingToSend, TemplateInvalid: what pre-flight would have said.
    """
    actor.require("campaigns:start")
    campaign = await _campaign(session, campaign_id)
    if campaign.status is CampaignStatus.RUNNING:
        raise AlreadyRunning
    if not lifecycle.can("start", campaign.status):
        raise CannotStart(campaign.status.value)
    if campaign.launched_at is not None:
        await _resume(session, actor, campaign)
        counter = await repository.get_counter(session, campaign_id)
        return recipients.Plan(*((counter.total, counter.pending, counter.skipped) if counter else (0, 0, 0)))
    at = clock.now()
    await _check_ready(session, campaign, at)
    recipients.check_content(campaign)
    await lifecycle.set_status(session, campaign, CampaignStatus.RUNNING, at=at)
    plan = await recipients.plan(session, campaign, at)
    campaign.launched_at = at
    session.add(campaign)
    await _gate(rate_limit.open_gate, campaign_id)
    skip = f", {plural(plan.skipped, 'recipient')} left out" if plan.skipped else ""
    await _note(session, actor, campaign, "start", f"Launched to {plural(plan.pending, 'recipient')}{skip}")
    _start_jobs(session, campaign)
    return plan


async def _check_ready(session: AsyncSession, campaign: Campaign, at: datetime) -> None:
    """Every start of sending passes here: launch, resume, and a campaign that goes on after its end."""
    found = await session.get(SendingAccount, campaign.account_id) if campaign.account_id else None
    recipients.check_workspace(await workspace.get(session), recipients.check_account(found, at))


async def pause(
    session: AsyncSession, actor: Actor, campaign_id: int, reason: str = "", *, pauser: Pauser | None = None
) -> None:
    """Stop within one message. `pauser`: the part of the system that pauses; by default the actor.

    Raises:
        NotAllowed: it is not running.
    """
    actor.require("campaigns:pause")
    campaign = await _campaign(session, campaign_id)
    lifecycle.require("pause", campaign)
    pauser = pauser or (Pauser.SYSTEM if actor.user_id is None else Pauser.PERSON)
    await lifecycle.set_status(session, campaign, CampaignStatus.PAUSED, reason, by=actor.name, pauser=pauser)
    await _gate(rate_limit.close_gate, campaign_id)
    await _note(session, actor, campaign, "pause", _PAUSED.get(pauser, "Paused"), reason)


async def brake(session: AsyncSession, campaign_id: int, reason: str) -> None:
    """Pause until a person resumes: an account that works again does not resume it.

    Raises:
        NotAllowed: it is not running.
    """
    await pause(session, refusals.BRAKE, campaign_id, reason[:500], pauser=Pauser.BRAKE)


async def resume(session: AsyncSession, actor: Actor, campaign_id: int) -> None:
    """Go on exactly where it stopped.

    Raises:
        NotAllowed: it is not paused. AccountNotConnected, SetupIncomplete: nothing can be sent now.
    """
    actor.require("campaigns:pause")
    campaign = await _campaign(session, campaign_id)
    lifecycle.require("resume", campaign)
    if campaign.launched_at is None:  # it was paused because its start time had passed
        await launch(session, actor, campaign_id)
        return
    await _resume(session, actor, campaign)


async def _resume(session: AsyncSession, actor: Actor, campaign: Campaign) -> None:
    await _check_ready(session, campaign, clock.now())
    if campaign.pauser is Pauser.BRAKE:
        await _gate(refusals.release, int(campaign.id or 0))
        if campaign.brake_at is not None:  # earlier refusals may have been the server's fault
            campaign.brake_at = clock.now()
            session.add(campaign)
    await lifecycle.set_status(session, campaign, CampaignStatus.RUNNING)
    await _gate(rate_limit.open_gate, int(campaign.id or 0))
    await _note(session, actor, campaign, "resume", "Resumed")
    _start_jobs(session, campaign)


async def cancel(session: AsyncSession, actor: Actor, campaign_id: int) -> int:
    """Never send the rest. Returns how many recipients were left out now; those in held leases follow within seconds.

    Raises:
        NotAllowed: it is over already, or was never started.
    """
    actor.require("campaigns:pause")
    campaign = await _campaign(session, campaign_id)
    lifecycle.require("cancel", campaign)
    at = clock.now()
    if campaign.pauser is not Pauser.BRAKE:
        await suppression.add_refused(session, campaign_id, after=campaign.brake_at)
    await lifecycle.set_status(session, campaign, CampaignStatus.CANCELLED, at=at)
    await _gate(rate_limit.close_gate, campaign_id)
    skip = await skip_rest(session, campaign_id, at)
    await _note(session, actor, campaign, "cancel", "Cancelled", f"{plural(skip, 'recipient')} left out")
    return skip


async def skip_rest(session: AsyncSession, campaign_id: int, at: datetime) -> int:
    """Skip the pending deliveries of a cancelled campaign that are in no held lease."""
    nobody_has_it = await leases.outside_held(session, campaign_id)
    await leases.close_open(session, campaign_id)
    return await moves.move_matching(
        session,
        campaign_id,
        DeliveryStatus.PENDING,
        DeliveryStatus.SKIPPED,
        at=at,
        reason=Reason.CANCELLED,
        condition=nobody_has_it,
    )


_DECISIONS = {"sent": "counted as sent", "failed": "counted as failed", "requeue": "sent again"}


async def resolve_uncertain(session: AsyncSession, actor: Actor, campaign_id: int, decision: Decision) -> int:
    """Decide about uncertain recipients: count them as sent, as failed, or send again. Returns how many.

    Raises:
        Conflict: the campaign was cancelled, so nothing can be sent again.
        Invalid: there is no such decision.
    """
    actor.require("campaigns:start")
    if decision not in _DECISIONS:
        raise Invalid("Decide for sent, failed or requeue.", {"decision": "There is no such decision."})
    campaign = await _campaign(session, campaign_id)
    at = clock.now()
    if decision == "requeue":
        if campaign.status is CampaignStatus.CANCELLED:
            raise Conflict("This campaign was cancelled: nothing is sent again.", title="Cancelled")
        changed = await moves.move_matching(
            session, campaign_id, DeliveryStatus.UNCERTAIN, DeliveryStatus.PENDING, at=at
        )
        if changed:
            await send_again(session, campaign, at)
    else:
        target = DeliveryStatus.SENT if decision == "sent" else DeliveryStatus.FAILED
        ids = await ledger_repository.ids_with_status(session, campaign_id, DeliveryStatus.UNCERTAIN)
        reason = Reason.NONE if decision == "sent" else Reason.CONNECTION_LOST
        changed = await moves.move(session, ids, target, at=at, reason=reason)
    words = _DECISIONS[decision]
    await _note(session, actor, campaign, "uncertain", f"{plural(changed, 'uncertain recipient')} {words}")
    return changed


async def send_again(session: AsyncSession, campaign: Campaign, at: datetime) -> None:
    """Open the leases of rows that are pending again. A campaign that was over goes on.

    Raises:
        AccountNotConnected, SetupIncomplete: it was over, and nothing can be sent now.
    """
    await leases.reopen(session, int(campaign.id or 0), ANY_TIME)
    if campaign.status in {CampaignStatus.COMPLETED, CampaignStatus.FAILED}:
        await _check_ready(session, campaign, at)
        await lifecycle.set_status(session, campaign, CampaignStatus.RUNNING, at=at)
        await _gate(rate_limit.open_gate, int(campaign.id or 0))
    if campaign.status is CampaignStatus.RUNNING:
        _start_jobs(session, campaign)


async def start_scheduled(at: datetime) -> list[int]:
    """Start due campaigns (cron), each in a transaction of its own. Returns the ids that were looked at."""
    async with db.reading() as session:
        statement = (
            select(Campaign.id)
            .where(
                Campaign.status == CampaignStatus.SCHEDULED,
                col(Campaign.send_at) <= at,
                col(Campaign.deleted_at).is_(None),
            )
            .order_by(col(Campaign.priority), col(Campaign.send_at))
            .limit(50)
        )
        due = [int(found) for found in (await session.exec(statement)).all() if found is not None]
    for campaign_id in due:
        try:
            async with db.transaction() as session:
                await _start_one(session, campaign_id, at)
        except AppError as error:
            async with db.transaction() as session:
                await _could_not_start(session, campaign_id, error)
    return due


async def _start_one(session: AsyncSession, campaign_id: int, at: datetime) -> None:
    campaign = await _campaign(session, campaign_id)
    if campaign.status is not CampaignStatus.SCHEDULED or campaign.send_at is None or campaign.send_at > at:
        return  # someone was faster, or moved it
    late = at - campaign.send_at
    if late > LATE_AFTER and campaign.late_policy is LatePolicy.PAUSE:
        reason = f"Its start time passed {duration(late.total_seconds())} ago while nothing was running."
        await lifecycle.set_status(session, campaign, CampaignStatus.PAUSED, reason, by=SYSTEM.name)
        await _note(session, SYSTEM, campaign, "pause", "Held back", reason)
        return
    await launch(session, SYSTEM, campaign_id)


async def _could_not_start(session: AsyncSession, campaign_id: int, error: AppError) -> None:
    """A problem of account or settings pauses the campaign. A problem of the campaign itself fails it."""
    campaign = await _campaign(session, campaign_id)
    if campaign.status is not CampaignStatus.SCHEDULED:
        return
    can_be_mended = isinstance(error, AccountNotConnected | SetupIncomplete)
    target = CampaignStatus.PAUSED if can_be_mended else CampaignStatus.FAILED
    await lifecycle.set_status(session, campaign, target, error.message, by=SYSTEM.name)
    kind = "pause" if target is CampaignStatus.PAUSED else "failed"
    await _note(session, SYSTEM, campaign, kind, "Could not start", error.message)
