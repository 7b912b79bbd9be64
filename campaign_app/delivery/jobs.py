"""The engine's background functions. `ctx["engine"]` is the worker's Engine."""

import asyncio
from typing import Any

from redis.exceptions import RedisError

from campaign_app.core import clock, db, logging
from campaign_app.delivery import repository, service
from campaign_app.delivery.recovery import sweeper
from campaign_app.delivery.reporting import progress
from campaign_app.delivery.runtime import circuit, job_chain
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.delivery.runtime.job_chain import Reschedule

_KEEP_S = 8.0
_OFFER_S = (0.2, 0.5, 1.0, 2.0, 2.0)
log = logging.get("delivery")


async def send_lease(ctx: dict[str, Any], campaign_id: int, chain: int, token: str) -> None:
    """Send one batch of a campaign and enqueue the next job for when the limits allow more."""
    engine: Engine = ctx["engine"]
    if engine.draining or not await job_chain.enter(campaign_id, chain, token, engine.name):
        if engine.draining:
            await _offer(campaign_id, chain, token, Reschedule(clock.now()))
        return
    keeping = asyncio.create_task(_keep(campaign_id, chain, token, engine.name))
    again = Reschedule(clock.now())
    try:
        again = await engine.run_batch(campaign_id)
    finally:
        keeping.cancel()
        await _offer(campaign_id, chain, token, again)


async def _keep(campaign_id: int, chain: int, token: str, worker: str) -> None:
    while True:
        await asyncio.sleep(_KEEP_S)
        try:
            await job_chain.keep(campaign_id, chain, token, worker)
        except (RedisError, OSError) as error:
            log.warning("chain not refreshed", campaign=campaign_id, error=type(error).__name__)


async def _offer(campaign_id: int, chain: int, token: str, again: Reschedule) -> None:
    """Continue the chain or end it. If Redis stays away, the sweep starts the chain again."""
    for wait in _OFFER_S:
        try:
            if again.at is not None:
                await job_chain.go_on(campaign_id, chain, token, again.at)
            else:
                await job_chain.end(campaign_id, chain, token)
                await sweeper.ensure_chains(campaign_id)  # a resume may have found this chain still running
        except (RedisError, OSError) as error:
            log.warning("chain not continued", campaign=campaign_id, error=type(error).__name__)
            await asyncio.sleep(wait)
        else:
            return


async def start_sending(_ctx: dict[str, Any], campaign_id: int) -> None:
    """Start the jobs of a campaign that was launched or resumed."""
    await sweeper.ensure_chains(campaign_id)
    await progress.publish([campaign_id])


async def publish_progress(_ctx: dict[str, Any], campaign_id: int) -> None:
    """Publish a campaign's progress after its status changed."""
    await progress.publish([campaign_id])


async def sweep(_ctx: dict[str, Any]) -> None:
    """Cron: settle dead workers, restart lost jobs, end finished campaigns."""
    await sweeper.sweep()


async def start_scheduled(_ctx: dict[str, Any]) -> None:
    """Cron: launch campaigns whose time has come."""
    async with db.reading() as session:
        at = await repository.instant(session)
    await service.start_scheduled(at)


async def retry_accounts(_ctx: dict[str, Any]) -> None:
    """Cron: test accounts that did not work."""
    await circuit.try_again(clock.now())
