"""The engine of one worker process: claims leases, feeds the senders, has outcomes written. Jobs only call `slice`."""

import asyncio
import socket
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from campaign_app.channels.base import Sender
from campaign_app.core import clock, db, logging
from campaign_app.core.config import settings
from campaign_app.core.errors import AppError
from campaign_app.core.rate_limit import Limiter
from campaign_app.delivery import completion
from campaign_app.delivery.ledger import journal, lease_store
from campaign_app.delivery.ledger.lease_store import LeaseOwner
from campaign_app.delivery.ledger.outcome import Outcome
from campaign_app.delivery.ledger.outcome_writer import TROUBLE, LeaseLost, OutcomeWriter
from campaign_app.delivery.runtime import circuit, job_chain, lease_loss, loading
from campaign_app.delivery.runtime.account_queue import AccountQueue
from campaign_app.delivery.runtime.campaign_runner import CampaignRunner
from campaign_app.delivery.runtime.database_health import DatabaseHealth
from campaign_app.delivery.runtime.held_lease import HeldLease
from campaign_app.delivery.runtime.lease_registry import LeaseRegistry
from campaign_app.delivery.runtime.lease_returns import LeaseReturnNotifier
from campaign_app.delivery.runtime.loading import Loaded
from campaign_app.delivery.runtime.pacer import Pacer
from campaign_app.rendering.isolated import NotRunning

BATCH_S = 20.0
IDLE_S = 60.0
DRAIN_S = 5.0
REGIONS = 512  # leases at once: two of each of 256 campaigns
ELSEWHERE_S = 0.5
LOADING = 16  # campaigns at once, in their order; with more, somebody would be passed over at the pool of connections
log = logging.get("delivery")


@dataclass(frozen=True, slots=True)
class Reschedule:
    """When a chain goes on; `at` None: nothing is left for it to do."""

    at: datetime | None


class Engine:
    """One per process. `start` before the first slice, `drain` and `close` at the end."""

    def __init__(self) -> None:
        self.name = journal.worker_name()
        self.started_at = clock.now()
        self.draining = False
        self.runners: dict[int, CampaignRunner] = {}
        self.queues: dict[int, AccountQueue] = {}
        self._pacers: dict[int, Pacer] = {}
        self._registry = LeaseRegistry()
        self.database_health = DatabaseHealth(self.spawn)
        self._batches: Counter[int] = Counter()
        self._claiming = 0
        self._lease_returns = LeaseReturnNotifier()
        self._locks: dict[int, asyncio.Lock] = {}
        self._loading = asyncio.Semaphore(LOADING)
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self) -> None:
        """Open journal, store and limiter in the running loop.

        Raises:
            OSError: there is no room for the journal.
        """
        self._loop = asyncio.get_running_loop()
        self.journal = journal.Journal(self.name, REGIONS)
        self.owner = LeaseOwner(self.name, socket.gethostname()[:255], self.journal.label)
        self.store = lease_store.open_store([self.journal.fileno])
        self.limiter = Limiter()
        self.writer = OutcomeWriter(self.store, self._registry.handles, self._on_beat)
        self.writer.start()

    # ── what lines ask ──

    def outcome(self, outcome: Outcome) -> None:
        """See line.Desk."""
        self.writer.add(outcome)

    def is_stuck(self) -> bool:
        """See line.Desk."""
        return self.draining or self.writer.is_full

    def refill(self, runner: CampaignRunner, lease: HeldLease) -> None:
        """See line.Desk."""
        lease.reading = True
        self.spawn(self._refill(runner, lease))

    def account_trouble(self, account_id: int, words: str) -> None:
        """See line.Desk."""
        for runner in self.queues[account_id].runners.values():
            self._stop_runner(runner)
        self.spawn(self._open_circuit(account_id, words))

    def campaign_trouble(self, runner: CampaignRunner, words: str) -> None:
        """See line.Desk."""
        self.close_gate(runner.campaign_id)
        self.spawn(completion.pause(runner.campaign_id, words))

    # ── leases ──

    def _on_beat(self, lost: set[int], asked_at: float) -> None:
        for lease in self._registry.answered(lost, asked_at):
            self.spawn(lease_loss.at_once(lease))
        for queue in self.queues.values():
            queue.wake()

    async def run_batch(self, campaign_id: int) -> Reschedule:
        """Send of one campaign for a while, lease after lease; when its chain should go on."""
        soon = Reschedule(clock.now() + timedelta(seconds=1))
        if self._batches[campaign_id] >= job_chain.PER_WORKER:  # leave it to another worker
            return Reschedule(clock.now() + timedelta(seconds=ELSEWHERE_S))
        if self.draining or self.writer.failing_since or self._is_full:
            return soon
        self._batches[campaign_id] += 1
        try:
            runner = await self._runner(campaign_id)
            if not isinstance(runner, CampaignRunner):
                return runner
            runner.batches += 1
            try:
                return await self._leases(runner)
            finally:
                runner.batches -= 1
                runner.idle_since = monotonic()
        except TROUBLE as error:
            self.database_health.lost("slice", error)
            return soon
        finally:
            self._batches[campaign_id] -= 1

    async def _leases(self, runner: CampaignRunner) -> Reschedule:
        end = monotonic() + BATCH_S
        while True:
            at = clock.now()
            if self._is_full or self.runners.get(runner.campaign_id) is not runner:
                return Reschedule(at + timedelta(milliseconds=200))
            lease = next((lease for lease in runner.leases if not (lease.attended or lease.all_taken.is_set())), None)
            if lease is None:
                seen = self._lease_returns.count(runner.campaign_id)
                lease = await self._claim(runner, at)
                if lease is None:
                    left = end - monotonic()
                    return Reschedule(
                        await self._lease_returns.nothing_open(runner.campaign_id, seen, left, self._registry.of)
                    )
            await self._attend(lease, end)
            if runner.closed or runner.resume_at or self.draining or lease.lost or monotonic() > end:
                return Reschedule(runner.resume_at or clock.now() + timedelta(seconds=0.5 if runner.closed else 0))

    @property
    def _is_full(self) -> bool:
        return self.writer.is_full or self.journal.free <= self._claiming

    async def _claim(self, runner: CampaignRunner, at: datetime) -> HeldLease | None:
        self._claiming += 1  # the journal's room is kept for those who still wait for the database
        asked_at = clock.steady()
        try:
            claimed = await self.store.claim(runner.campaign_id, self.owner, runner.ahead(), at)
        finally:
            self._claiming -= 1
        return None if claimed is None else self._take_over(runner, claimed, asked_at)

    async def _attend(self, lease: HeldLease, end: float) -> None:
        """Until the lease has no more rows, or the slice is over: the feed goes on, the next job attends to it."""
        lease.attended = True
        try:
            await asyncio.wait_for(lease.all_taken.wait(), max(0.0, end - monotonic()))
        except TimeoutError:
            pass
        finally:
            lease.attended = False

    def _take_over(self, runner: CampaignRunner, claimed: lease_store.ClaimedLease, asked_at: float) -> HeldLease:
        handle = claimed.handle
        region = self.journal.acquire(handle.lease_id, handle.epoch)
        assert region is not None, "asked before the claim"
        lease = HeldLease(handle, region, asked_at, self._on_empty)
        self._registry.add(lease)
        if runner.closed or runner.resume_at or self.draining:  # stopped while it was being claimed
            lease.stop()
            return lease
        runner.leases.append(lease)
        lease.extend(claimed.rows, claimed.read_through_id)
        self._pacers[runner.campaign_id].start()
        queue = self.queues[runner.limits.account_id]
        queue.enter(runner)
        queue.wake()
        return lease

    async def _refill(self, runner: CampaignRunner, lease: HeldLease) -> None:
        try:
            more = await self.store.read_more(lease.handle, lease.after_id, runner.ahead(), clock.now())
        except TROUBLE as error:
            log.warning("lease not read on", lease=lease.handle.lease_id, error=repr(error)[:200])
            await asyncio.sleep(0.5)
            more = ([], lease.after_id)
        finally:
            lease.reading = False
        if more is None:
            if not lease.all_taken.is_set():
                self._registry.lose(lease)
                self.spawn(lease_loss.at_once(lease))
            lease.stop()
            return
        lease.extend(*more)
        if not lease.rows and not lease.exhausted:
            self.refill(runner, lease)
        self.queues[runner.limits.account_id].wake()

    def _on_empty(self, lease: HeldLease) -> None:
        self.spawn(self._give_back(lease))

    async def _give_back(self, lease: HeldLease) -> None:
        """Everything of this lease is settled: write it, end the lease, and see whether the campaign is over."""
        handle = lease.handle
        available = await self._finish(lease)
        lease.region.release()
        runner = self.runners.get(handle.campaign_id)
        if runner is not None:
            runner.settling.discard(lease)
            if lease in runner.leases:
                runner.leases.remove(lease)
            runner.dirty = True
        self._lease_returns.note(handle.campaign_id)
        if available is not None:  # a job that found nothing to do may have ended
            await job_chain.start(handle.campaign_id, available)
        elif not lease.lost and not self._registry.of(handle.campaign_id):
            await completion.look(handle.campaign_id)

    async def _finish(self, lease: HeldLease) -> datetime | None:
        """Write what is left of a feed and end its lease; when that can be claimed again."""
        if not lease.lost:
            try:
                available = await self.writer.finish(lease.handle)
            except LeaseLost:
                self._registry.lose(lease)
            else:
                self._registry.remove(lease)
                return available
        await lease_loss.at_last(self.writer, lease)
        self._registry.remove(lease)
        return None

    # ── lanes and lines ──

    async def _runner(self, campaign_id: int) -> CampaignRunner | Reschedule:
        """The lane of a running campaign, up to date; or when to ask again."""
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
            self._stop_runner(known)
            self.runners[runner.campaign_id] = runner
            self._pacers.pop(runner.campaign_id, None)
        queue = self._queue(loaded)
        runner.closed, runner.resume_at, runner.closes_at = False, None, None
        if loaded.closes_at is not None:
            runner.closes_at = monotonic() + (loaded.closes_at - at).total_seconds()
        if runner.campaign_id not in self._pacers:
            self._pacers[runner.campaign_id] = Pacer(
                self.limiter, runner, queue.wake, queue.limits_of, completion.sent_today, queue.push_back
            )
        return runner

    def _queue(self, loaded: Loaded) -> AccountQueue:
        account_id = int(loaded.account.id or 0)
        queue = self.queues.get(account_id)
        if queue is None:
            queue = self.queues[account_id] = AccountQueue(account_id, self, settings().retry_seconds)
        if queue.sender is None or queue.version != loaded.account_version:

            def make(source: AccountQueue) -> Sender:
                return loaded.adapter.sender(
                    loaded.config,
                    source,
                    on_capabilities=lambda found: self.spawn(completion.learn(account_id, found)),
                )

            old = queue.use(make, loaded.account_version)
            if old is not None:
                self.spawn(self._retire(old))
        return queue

    async def _retire(self, sender: Sender) -> None:
        await sender.drain(DRAIN_S * 6)
        await sender.close()

    def _stop_runner(self, runner: CampaignRunner) -> None:
        unused = runner.stop()
        if unused:
            self.spawn(self.limiter.give_back(runner.limits, unused))

    async def _open_circuit(self, account_id: int, words: str) -> None:
        async with db.transaction() as session:
            await circuit.open_circuit(session, account_id, words)

    def close_gate(self, campaign_id: int) -> None:
        """Paused or cancelled: act at once."""
        runner = self.runners.get(campaign_id)
        if runner is not None:
            runner.closed = True
            self._stop_runner(runner)

    def look_at_windows(self) -> None:
        """Stop lanes whose sending window has closed."""
        now = monotonic()
        for runner in self.runners.values():
            if runner.closes_at is not None and now >= runner.closes_at and runner.leases:
                runner.resume_at = clock.now()
                self._stop_runner(runner)

    async def tidy(self) -> None:
        """Forget lanes and close connections that have not been used for a minute."""
        old = monotonic() - IDLE_S
        for campaign_id, runner in list(self.runners.items()):
            if not (runner.leases or runner.settling or runner.batches or runner.in_flight) and runner.idle_since < old:
                self.runners.pop(campaign_id)
                self._locks.pop(campaign_id, None)
                self._lease_returns.forget(campaign_id)
                self.queues[runner.limits.account_id].runners.pop(campaign_id, None)
                await self._pacers.pop(campaign_id).stop()
        used = {runner.limits.account_id for runner in self.runners.values()}  # some have not got their first lease yet
        for account_id, queue in list(self.queues.items()):
            if account_id not in used and queue.sender is not None and not queue.sender.in_flight:
                self.queues.pop(account_id)
                await queue.sender.close()

    # ── the end ──

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something beside; what goes wrong is logged."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background work failed", error=repr(error)[:500])

    @property
    def in_flight(self) -> int:
        """Messages taken and not settled."""
        return sum(runner.in_flight for runner in self.runners.values())

    async def drain(self, timeout_s: float = DRAIN_S) -> bool:
        """Take nothing more, wait for the answers under way, write everything, give the leases back.

        False: the database was away; the journal keeps what could not be written.
        """
        self.draining = True
        for runner in self.runners.values():
            self._stop_runner(runner)
        senders = [queue.sender for queue in self.queues.values() if queue.sender is not None]
        await asyncio.gather(*(sender.drain(timeout_s) for sender in senders), return_exceptions=True)
        for lease in self._registry:
            lease.stop()
        done = await self.writer.settle(timeout_s)
        await asyncio.gather(*(sender.close() for sender in senders), return_exceptions=True)
        return done

    async def close(self) -> None:
        """Everything is given back (or the journal stays for the sweep)."""
        for pacer in self._pacers.values():
            await pacer.stop()
        written = await self.writer.close()
        pending = [task for task in self._tasks if not task.done()]
        if pending:
            _, late = await asyncio.wait(pending, timeout=2)
            for task in late:
                task.cancel()
        await self.store.close()
        self.journal.close(remove=written and not self._registry)
