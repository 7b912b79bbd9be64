"""Reports about the sender are recorded on the account. Several of them pause its campaigns."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.channels import reported, reported_service
from campaign_app.channels import service as accounts
from campaign_app.channels.reported import Reported
from campaign_app.delivery import service
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.models.delivery import Delivery
from campaign_app.tracking import repository


async def heard(session: AsyncSession, delivery: Delivery, words: str) -> None:
    """Record that a server refused the account's mail. The recipient is not the cause."""
    campaign = await repository.campaign(session, delivery.campaign_id)
    if campaign is None or campaign.account_id is None:
        return
    note = await reported_service.record(session, campaign.account_id, words)
    if note is None or note.count < reported.SEVERAL:
        return
    sent = await accounts.sent_since(session, campaign.account_id, note.since - reported.WINDOW)
    if reported.stops(note, sent):
        await _stop(session, campaign.account_id, note)


async def _stop(session: AsyncSession, account_id: int, note: Reported) -> None:
    account = await session.get(SendingAccount, account_id)
    reason = (
        f"{note.count} reports within an hour say that servers refuse “{account.name if account else ''}” itself. The "
        f"last one: “{note.words[:200]}” Fix this with the provider, then resume."
    )
    running = select(Campaign.id).where(
        Campaign.account_id == account_id, col(Campaign.status) == CampaignStatus.RUNNING
    )
    for campaign_id in (await session.exec(running)).all():
        await service.brake(session, int(campaign_id or 0), reason)
    await reported_service.restart(session, account_id)
