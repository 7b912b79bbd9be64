"""What a worker that was taken for dead says when it is back: of the doubtful, these were certainly not sent."""

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
    """A lease was lost: from this call on nothing of it is taken; to be awaited, who is certainly not going to get a
    message from us. The rest follows when it is known.
    """
    return _persist(lease.handle.campaign_id, lease.withdraw())


async def at_last(writer: OutcomeWriter, lease: HeldLease) -> None:
    """Nothing of a lost lease is under way any more: report what became of its messages, then who got none."""
    while not await writer.settle(5.0):
        log.warning("a lost lease's outcomes wait", lease=lease.handle.lease_id)
    await _persist(lease.handle.campaign_id, lease.region.not_sent())


async def _persist(campaign_id: int, entries: Sequence[tuple[int, int]]) -> None:
    while True:
        try:
            await not_sent(campaign_id, entries)
        except TROUBLE as error:
            log.warning("doubt not withdrawn yet", campaign=campaign_id, error=repr(error)[:200])
            await asyncio.sleep(1.0)
        else:
            return


async def not_sent(campaign_id: int, entries: Sequence[tuple[int, int]]) -> int:
    """Those of the entries (id, attempts at that time) that are in doubt are pending again; how many."""
    if not entries:
        return 0
    try:
        found = await _take_back(campaign_id, entries)
    except AppError as error:  # it was over and cannot go on: they stay with the person who decides about the doubtful
        log.warning("doubt stays", campaign=campaign_id, why=error.message)
        return 0
    if found:
        log.info("doubt withdrawn", campaign=campaign_id, recipients=found)
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
