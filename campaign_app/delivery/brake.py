"""What stops a campaign until a person has looked: they alone resume it, no account that works again does."""

from dataclasses import replace
from datetime import timedelta

from sqlmodel import col, select

from campaign_app.campaigns import lifecycle
from campaign_app.core import clock, db, learnt_rate, logging
from campaign_app.core.actor import SYSTEM
from campaign_app.delivery import completion, control, slowing
from campaign_app.delivery.slowing import Slowing
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignStatus

BRAKE = replace(SYSTEM, name="Safety brake")
log = logging.get("delivery")


async def slow_down(known: Slowing, account_id: int, measured: float, words: str) -> None:
    """Have an account's rate lowered; if that has led to nothing for long, stop its campaigns."""
    if await slowing.learn(known, account_id, measured, words):
        await _give_up(account_id, words)


async def _give_up(account_id: int, words: str) -> None:
    """Nothing was accepted for long, by what this worker knows; the ledger knows of all of them."""
    long = timedelta(seconds=learnt_rate.GIVE_UP_S)
    if await completion.sent_since(account_id, clock.now() - long):
        return
    async with db.transaction() as session:
        account = await session.get(SendingAccount, account_id)
        name = account.name if account else ""
        reason = (
            f"“{name}” has been asked to slow down for {learnt_rate.GIVE_UP_S / 60:.0f} minutes, and not one message "
            f"was accepted. The server's words: {words} Ask the provider which limit this is, then resume."
        )[:500]
        statement = select(Campaign).where(
            Campaign.account_id == account_id, col(Campaign.status) == CampaignStatus.RUNNING
        )
        for campaign in (await session.exec(statement)).all():
            if lifecycle.can("pause", campaign.status):
                await control.pause(session, BRAKE, int(campaign.id or 0), reason)
    log.warning("push-back without end", account=account_id, words=words[:200])
