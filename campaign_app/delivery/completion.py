"""How a campaign ends, and other short transactions of the engine."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import suppression
from campaign_app.audit import service as audit
from campaign_app.campaigns import lifecycle
from campaign_app.campaigns import service as campaigns
from campaign_app.channels import service as accounts
from campaign_app.core import clock, db, queue
from campaign_app.core.actor import SYSTEM
from campaign_app.core.errors import AppError
from campaign_app.delivery import repository, service
from campaign_app.delivery.ledger import leases
from campaign_app.delivery.ledger.lease_store import ANY_TIME
from campaign_app.kit import days
from campaign_app.kit.text import plural
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignStatus, Pauser
from campaign_app.models.delivery import LeaseState
from campaign_app.rendering.errors import RenderError, TooSlow


async def look(campaign_id: int) -> bool:
    """End a campaign that has nothing left to send. Returns whether it has ended now."""
    async with db.transaction() as session:
        return await finish_if_done(session, campaign_id)


async def finish_if_done(session: AsyncSession, campaign_id: int) -> bool:
    """Complete a running or paused campaign that has no open lease and no pending row. Returns whether it is over."""
    campaign = await repository.get_campaign(session, campaign_id, lock=True)
    if campaign is None or campaign.status not in {CampaignStatus.RUNNING, CampaignStatus.PAUSED}:
        return False
    states = await leases.states(session, campaign_id)
    if campaign.launched_at is None or states.get(LeaseState.OPEN) or states.get(LeaseState.HELD):
        return False
    counter = await repository.get_counter(session, campaign_id)
    if counter is None:
        return False
    if counter.pending:  # pending rows are left: open their leases
        await leases.reopen(session, campaign_id, ANY_TIME)
        queue.collect(session, "start_sending", queue=queue.SEND, campaign_id=campaign_id)
        return False
    if campaign.pauser is not Pauser.BRAKE:
        await suppression.add_refused(session, campaign_id, after=campaign.brake_at)
    await lifecycle.set_status(session, campaign, CampaignStatus.COMPLETED, at=clock.now())
    await _note_end(session, campaign, counter)
    return True


async def _note_end(session: AsyncSession, campaign: Campaign, counter: CampaignCounter) -> None:
    campaign_id = int(campaign.id or 0)
    sent = counter.total - counter.failed - counter.skipped - counter.uncertain - counter.pending
    parts = [f"{plural(sent, 'message')} sent"]
    parts += [
        f"{count:,} {word}" for count, word in ((counter.failed, "failed"), (counter.skipped, "left out")) if count
    ]
    await campaigns.record_activity(session, campaign_id, "done", SYSTEM, "Completed", ", ".join(parts))
    if counter.uncertain:
        title = f"{plural(counter.uncertain, 'recipient')} uncertain"
        detail = "Nobody can tell whether these messages arrived. They are not sent again unless you decide so."
        await campaigns.record_activity(session, campaign_id, "uncertain", SYSTEM, title, detail)
    await audit.record(session, SYSTEM, "campaign.complete", "campaign", campaign.id, campaign.name)
    queue.collect(session, "publish_progress", campaign_id=campaign_id)


async def stop_campaign(campaign_id: int, error: Exception) -> None:
    """Stop a campaign that cannot be sent: a message that cannot be read fails it, a broken account pauses it."""
    message = error.message if isinstance(error, AppError) else str(error)
    async with db.transaction() as session:
        campaign = await repository.get_campaign(session, campaign_id, lock=True)
        if campaign is None or campaign.status is not CampaignStatus.RUNNING:
            return
        if not isinstance(error, RenderError) or isinstance(error, TooSlow):
            await service.pause(session, SYSTEM, campaign_id, message)
            return
        await lifecycle.set_status(session, campaign, CampaignStatus.FAILED, message, by=SYSTEM.name)
        await campaigns.record_activity(session, campaign_id, "failed", SYSTEM, "Failed", message[:1000])
        queue.collect(session, "publish_progress", campaign_id=campaign_id)


async def pause(campaign_id: int, words: str) -> None:
    """Pause a running campaign whose message takes too long to render. A person has to change it."""
    async with db.transaction() as session:
        campaign = await repository.get_campaign(session, campaign_id, lock=True)
        if campaign is not None and campaign.status is CampaignStatus.RUNNING:
            reason = f"{words.rstrip('.')}. Make the message simpler, then resume."
            await service.brake(session, campaign_id, reason)


async def sent_today(account_id: int) -> int:
    """Messages the account has sent in the day that its limit counts, from the roll-ups."""
    return await sent_since(account_id, days.limit_day(clock.now()))


async def sent_since(account_id: int, since: datetime) -> int:
    """Messages the account has sent since then, by whole minutes."""
    async with db.reading() as session:
        return await accounts.sent_since(session, account_id, since)


async def learn(account_id: int, found: Mapping[str, str]) -> None:
    """Save what the account's server offers."""
    async with db.transaction() as session:
        await accounts.record_capabilities(session, account_id, found)
