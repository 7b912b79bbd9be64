"""Keeps a campaign in send slots: asks the limiter ahead of time for blocks of a fraction of a second."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from redis.exceptions import RedisError

from campaign_app.core import clock, logging
from campaign_app.core.rate_limit import Answer, Grant, Limiter, Limits
from campaign_app.delivery.runtime.campaign_runner import CampaignRunner, RunnerState
from campaign_app.delivery.runtime.push_back import PushBack

FREE_S = 1.0  # without a limit the gate is looked at four times in this time
PATIENCE_S = 1.5
LEAD_S = 0.7
_FAST_PER_S = 5.0
log = logging.get("delivery")


class Pacer:
    """One task per campaign while it has something to send."""

    def __init__(
        self,
        limiter: Limiter,
        runner: CampaignRunner,
        wake: Callable[[], None],
        limits_of: Callable[[CampaignRunner], Limits],
        sent_today: Callable[[int], Awaitable[int]],
        push_back: PushBack | None = None,
    ) -> None:
        self._limiter = limiter
        self._runner = runner
        self._wake = wake
        self._limits_of = limits_of
        self._sent_today = sent_today
        self._push_back = push_back or PushBack()
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Run unless it runs already."""
        if self._task is None or self._task.done():
            self._task = self._loop.create_task(self._run(), name=f"pacer {self._runner.campaign_id}")

    async def stop(self) -> None:
        """Give up."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def horizon_s(self) -> float:
        """How far ahead slots are reserved."""
        rate = self._runner.limits.per_second
        return 0.2 if rate == 0 or rate >= _FAST_PER_S else 1.0

    async def _run(self) -> None:
        runner = self._runner
        while runner.leases and runner.state is not RunnerState.CLOSED:
            try:
                await self._step()
            except (RedisError, OSError) as error:
                log.warning("limiter away, no send slots", campaign=runner.campaign_id, error=type(error).__name__)
                await asyncio.sleep(0.3)

    async def _step(self) -> None:
        runner, now = self._runner, time.monotonic()
        ahead = runner.slots.until(now) - now
        wants = runner.wants - runner.slots.count
        half = self.horizon_s / 2
        if ahead > half or wants <= 0:
            await asyncio.sleep(max(0.002, min(ahead - half, half)) if ahead > half else 0.005)
            return
        missed, unspent = runner.slots.unused()
        before = self._push_back.step
        grant = await self._limiter.reserve(self._limits_of(runner), wants, self.horizon_s, missed, unspent)
        if self._push_back.step != before:  # a step down was made while we asked: this answer may be of before it
            runner.slots.waste(grant.count if grant.at else 0)
            return
        self._push_back.hear(grant.step, grant.learnt_per_s)
        await self._use(grant)

    async def _use(self, grant: Grant) -> None:
        runner, now = self._runner, time.monotonic()
        match grant.answer:
            case Answer.GRANTED if grant.at:
                runner.slots.grant(grant.at, grant.interval_s, grant.count)
                self._wake()
            case Answer.GRANTED:
                runner.slots.free(now + FREE_S)
                self._wake()
                await asyncio.sleep(FREE_S / 4)
            case Answer.LATER if grant.retry_s <= PATIENCE_S:
                await asyncio.sleep(max(0.0005, grant.retry_s))
            case Answer.LATER | Answer.DAY_USED_UP:
                runner.wait_until(clock.now() + timedelta(seconds=max(0.0, grant.retry_s - LEAD_S)))
            case Answer.CLOSED:
                runner.close()
            case Answer.SEED:
                account_id = runner.limits.account_id
                await self._limiter.seed_day(account_id, await self._sent_today(account_id))
