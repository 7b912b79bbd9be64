"""Circuit breaker: an account that does not work pauses its campaigns, which go on when it works again."""

from datetime import datetime, timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.channels import registry
from campaign_app.channels import service as accounts
from campaign_app.core import clock, db, logging
from campaign_app.core.actor import SYSTEM
from campaign_app.core.errors import AppError
from campaign_app.delivery import completion, repository, service
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignStatus, Pauser

BACKOFF_S = (30, 60, 120, 300, 600, 900)
log = logging.get("delivery")


def wait_s(failures: int) -> int:
    """Seconds until the account is tried again after so many failures in a row."""
    return BACKOFF_S[min(max(failures, 1), len(BACKOFF_S)) - 1]


async def _account(session: AsyncSession, account_id: int) -> SendingAccount | None:
    statement = select(SendingAccount).where(SendingAccount.id == account_id).with_for_update(key_share=True)
    return (await session.exec(statement)).first()


async def open_circuit(session: AsyncSession, account_id: int, words: str) -> bool:
    """Pause the account's running campaigns with the server's words. Returns False when that was done already."""
    account = await _account(session, account_id)
    at = clock.now()
    if account is None or (account.circuit_open_until and account.circuit_open_until > at):
        return False
    if account.circuit_failures and await completion.sent_since(account_id, _last_try(account)):
        account.circuit_failures = 0
    _extend(account, words, at)
    session.add(account)
    reason = f"“{account.name}” does not work: {words or 'no answer'}. It is tried again by itself."[:500]
    statement = select(Campaign.id).where(Campaign.account_id == account_id, Campaign.status == CampaignStatus.RUNNING)
    for campaign_id in (await session.exec(statement)).all():
        await service.pause(session, SYSTEM, int(campaign_id or 0), reason, pauser=Pauser.CIRCUIT)
    log.warning("circuit open", account=account_id, words=words[:200], until=str(account.circuit_open_until))
    return True


def _last_try(account: SendingAccount) -> datetime:
    return (account.last_checked_at or account.created_at).replace(second=0, microsecond=0)


def _extend(account: SendingAccount, words: str, at: datetime) -> None:
    account.circuit_failures += 1
    account.circuit_open_until = at + timedelta(seconds=wait_s(account.circuit_failures))
    account.last_error = words[:500]
    account.last_checked_at = at


async def try_again(at: datetime) -> int:
    """Test the accounts that are due (cron) and resume the campaigns of those that work. Returns how many work."""
    async with db.reading() as session:
        statement = select(SendingAccount.id).where(
            col(SendingAccount.circuit_open_until) <= at, col(SendingAccount.deleted_at).is_(None)
        )
        due = [int(found) for found in (await session.exec(statement)).all() if found is not None]
    return sum([await _try_one(account_id) for account_id in due])


async def _try_one(account_id: int) -> bool:
    try:
        async with db.reading() as session:
            account = await session.get(SendingAccount, account_id)
            config = await accounts.config(session, account_id)
        report = await registry.adapter(account.provider).test_connection(config) if account else None
        works, words = bool(report and report.ok), report.summary if report else ""
    except AppError as error:
        works, words = False, error.message
    async with db.transaction() as session:
        account = await _account(session, account_id)
        if account is None:
            return False
        if works:
            account.circuit_open_until, account.last_error = None, ""  # the next acceptance clears its failures
            account.last_checked_at = clock.now()
        else:
            _extend(account, words, clock.now())
        session.add(account)
    if works:
        await _resume_all(account_id)
    return works


async def _resume_all(account_id: int) -> None:
    """Resume what the circuit paused. What a person, the brake or anything else paused stays paused."""
    async with db.reading() as session:
        statement = select(Campaign.id).where(
            Campaign.account_id == account_id,
            Campaign.status == CampaignStatus.PAUSED,
            Campaign.pauser == Pauser.CIRCUIT,
            col(Campaign.launched_at).is_not(None),
        )
        paused = [int(found) for found in (await session.exec(statement)).all() if found is not None]
    for campaign_id in paused:
        try:
            async with db.transaction() as session:
                campaign = await repository.get_campaign(session, campaign_id, lock=True)
                if campaign is not None and campaign.pauser is Pauser.CIRCUIT:
                    await service.resume(session, SYSTEM, campaign_id)
        except AppError as error:
            log.warning("campaign not resumed", campaign=campaign_id, why=error.message)
