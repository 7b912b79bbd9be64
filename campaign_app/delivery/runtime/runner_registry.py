"""Which campaigns this worker sends, through which accounts: loaded, brought up to date, stopped, forgotten."""

import asyncio
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic

from campaign_app.channels.base import Sender
from campaign_app.core import clock, db, logging
from campaign_app.core.config import settings
from campaign_app.core.errors import AppError
from campaign_app.core.rate_limit import Limiter
from campaign_app.delivery import completion
from campaign_app.delivery.runtime import loading
from campaign_app.delivery.runtime.account_queue import AccountQueue, EngineServices
from campaign_app.delivery.runtime.campaign_runner import CampaignRunner
from campaign_app.delivery.runtime.job_chain import Reschedule
from campaign_app.delivery.runtime.loading import Loaded
from campaign_app.delivery.runtime.pacer import Pacer
from campaign_app.rendering.isolated import NotRunning

IDLE_S = 60.0
RETIRE_S = 30.0
LOADING = 16  # campaigns at once, in their order; with more, somebody would be passed over at the pool of connections
log = logging.get("delivery")


class RunnerRegistry:
    """One per worker. `runners` by campaign, `queues` by account; `on_forget` hears of campaigns that are forgotten."""

    def __init__(self, engine: EngineServices, on_forget: Callable[[int], None]) -> None:
        self.runners: dict[int, CampaignRunner] = {}
        self.queues: dict[int, AccountQueue] = {}
        self._engine = engine
        self._on_forget = on_forget
        self._limiter = Limiter()
        self._pacers: dict[int, Pacer] = {}
        self._locks: dict[int, asyncio.Lock] = {}
        self._loading = asyncio.Semaphore(LOADING)

    async def get(self, campaign_id: int) -> CampaignRunner | Reschedule:
        """The runner of a running campaign, up to date; or when to ask again."""
        async with self._locks.setdefault(campaign_id, asyncio.Lock()), self._loading:
            at = clock.now()
            async with db.reading() as session:
                try:
                    loaded = await loading.load(session, campaign_id, at)
                    if loaded is None:
                        return Reschedule(None)
                    if loaded.opens_at is None or loaded.opens_at > at:
                        return Reschedule(loaded.opens_at)
                    runner = self.runners.get(campaign_id)
                    if runner is None or runner.version != loaded.version:
                        runner = await loading.make_runner(session, loaded)
                except NotRunning as error:
                    log.warning("message not read, trying again", campaign=campaign_id, error=error.message)
                    return Reschedule(at + timedelta(seconds=1))
                except (AppError, ValueError) as error:
                    await completion.stop_campaign(campaign_id, error)
                    return Reschedule(None)
            return self._install(runner, loaded, at)

    def _install(self, runner: CampaignRunner, loaded: Loaded, at: datetime) -> CampaignRunner:
        known = self.runners.setdefault(runner.campaign_id, runner)
        if known is not runner and known.limits.account_id == runner.limits.account_id:
            known.adopt(runner)
            runner = known
        elif known is not runner:
            self.stop(known)
            self.runners[runner.campaign_id] = runner
            self._pacers.pop(runner.campaign_id, None)
        queue = self._queue(loaded)
        closes_in = math.inf if loaded.closes_at is None else (loaded.closes_at - at).total_seconds()
        runner.open(monotonic() + closes_in)
        if runner.campaign_id not in self._pacers:
            self._pacers[runner.campaign_id] = Pacer(
                self._limiter, runner, queue.wake, queue.limits_of, completion.sent_today, queue.push_back
            )
        return runner

    def _queue(self, loaded: Loaded) -> AccountQueue:
        account_id = int(loaded.account.id or 0)
        queue = self.queues.get(account_id)
        if queue is None:
            queue = self.queues[account_id] = AccountQueue(account_id, self._engine, settings().retry_seconds)
        if queue.sender is None or queue.version != loaded.account_version:

            def make(source: AccountQueue) -> Sender:
                return loaded.adapter.sender(
                    loaded.config,
                    source,
                    on_capabilities=lambda found: self._engine.spawn(completion.learn(account_id, found)),
                )

            old = queue.use(make, loaded.account_version)
            if old is not None:
                self._engine.spawn(_retire(old))
        return queue

    def queue_of(self, runner: CampaignRunner) -> AccountQueue:
        """The account that a campaign is sent through."""
        return self.queues[runner.limits.account_id]

    def begin(self, runner: CampaignRunner) -> None:
        """A campaign has rows: it takes its turns."""
        self._pacers[runner.campaign_id].start()
        queue = self.queue_of(runner)
        queue.enter(runner)
        queue.wake()

    # ── stopping ──

    def stop(self, runner: CampaignRunner) -> None:
        """Take nothing more of a campaign; its unused slots go back to the limiter."""
        self._return_slots(runner, runner.stop())

    def close(self, campaign_id: int) -> None:
        """A campaign was paused or cancelled: act at once."""
        runner = self.runners.get(campaign_id)
        if runner is not None:
            self._return_slots(runner, runner.close())

    def close_windows(self) -> None:
        """Stop campaigns whose sending window has ended."""
        now = monotonic()
        for runner in self.runners.values():
            if runner.is_outside_window(now):
                self._return_slots(runner, runner.wait_until(clock.now()))

    def stop_account(self, account_id: int) -> None:
        """Take nothing more for an account."""
        for runner in self.queues[account_id].runners.values():
            self.stop(runner)

    def stop_all(self) -> None:
        """Take nothing more."""
        for runner in self.runners.values():
            self.stop(runner)

    def _return_slots(self, runner: CampaignRunner, unused: int) -> None:
        if unused:
            self._engine.spawn(self._limiter.return_slots(runner.limits, unused))

    # ── looking after ──

    def wake(self) -> None:
        """Something has changed for all accounts."""
        for queue in self.queues.values():
            queue.wake()

    @property
    def senders(self) -> list[Sender]:
        """The connections of all accounts."""
        return [queue.sender for queue in self.queues.values() if queue.sender is not None]

    @property
    def in_flight(self) -> int:
        """Messages taken and not settled."""
        return sum(runner.in_flight for runner in self.runners.values())

    async def tidy(self) -> None:
        """Forget campaigns and close connections that have not been used for a minute."""
        old = monotonic() - IDLE_S
        for campaign_id, runner in list(self.runners.items()):
            if runner.is_idle(old):
                self.runners.pop(campaign_id)
                self._locks.pop(campaign_id, None)
                self._on_forget(campaign_id)
                self.queue_of(runner).runners.pop(campaign_id, None)
                await self._pacers.pop(campaign_id).stop()
        used = {runner.limits.account_id for runner in self.runners.values()}  # some have not got their first lease yet
        for account_id, queue in list(self.queues.items()):
            if account_id not in used and queue.sender is not None and not queue.sender.in_flight:
                self.queues.pop(account_id)
                await queue.sender.close()

    async def end(self) -> None:
        """Stop the pacers."""
        for pacer in self._pacers.values():
            await pacer.stop()


async def _retire(sender: Sender) -> None:
    await sender.drain(RETIRE_S)
    await sender.close()
