"""A worker that lost leases reports which of their rows were certainly not sent."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from campaign_app.campaigns import service as campaigns
from campaign_app.core import clock, db, logging
from campaign_app.core.actor import SYSTEM
from campaign_app.core.errors import AppError
from campaign_app.delivery import repository, service
from campaign_app.delivery.ledger import leases, moves
from campaign_app.delivery.ledger.lease_store import ANY_TIME
from campaign_app.delivery.ledger.outcome_writer import TROUBLE, OutcomeWriter
from campaign_app.delivery.runtime.held_lease import HeldLease
from campaign_app.kit.text import plural
from campaign_app.models.campaign import CampaignStatus

log = logging.get("delivery")
_DETAIL = "A worker that had been cut off is back and knows that these messages were never sent."


def at_once(lease: HeldLease) -> Coroutine[Any, Any, None]:
    """Take nothing more of a lost lease. The result reports, when awaited, the rows that were not taken."""
    return _persist(lease.handle.campaign_id, lease.withdraw())


async def at_last(writer: OutcomeWriter, lease: HeldLease) -> None:
    """Once nothing of a lost lease is under way: write its outcomes, then report the rows that were not sent."""
    while not await writer.settle(5.0):
        log.warning("a lost lease's outcomes wait", lease=lease.handle.lease_id)
    await _persist(lease.handle.campaign_id, lease.region.not_sent())


async def _persist(campaign_id: int, entries: Sequence[tuple[int, int]]) -> None:
    while True:
        try:
            await not_sent(campaign_id, entries)
        except TROUBLE as error:
            log.warning("uncertain rows not reverted yet", campaign=campaign_id, error=repr(error)[:200])
            await asyncio.sleep(1.0)
        else:
            return


async def not_sent(campaign_id: int, entries: Sequence[tuple[int, int]]) -> int:
    """Make those of the entries (id, attempts) that are uncertain pending again. Returns how many."""
    if not entries:
        return 0
    try:
        found = await _take_back(campaign_id, entries)
    except AppError as error:  # the campaign is over and cannot go on: a person decides about them
        log.warning("uncertain rows stay", campaign=campaign_id, why=error.message)
        return 0
    if found:
        log.info("uncertain rows reverted", campaign=campaign_id, recipients=found)
    return found


async def _take_back(campaign_id: int, entries: Sequence[tuple[int, int]]) -> int:
    at = clock.now()
    async with db.transaction() as session:
        campaign = await repository.get_campaign(session, campaign_id, lock=True)
        if campaign is None:
            return 0
        found = await moves.revert_uncertain(session, entries, at)
        if not found:
            return 0
        if campaign.status is CampaignStatus.CANCELLED:
            await service.skip_rest(session, campaign_id, at)
        elif campaign.status is CampaignStatus.FAILED:
            await leases.reopen(session, campaign_id, ANY_TIME)
        else:
            await service.send_again(session, campaign, at)
        title = f"{plural(found, 'recipient')} no longer uncertain"
        await campaigns.record_activity(session, campaign_id, "uncertain", SYSTEM, title, _DETAIL)
    return found
