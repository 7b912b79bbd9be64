"""Leases of one worker: claimed, read on, kept up, released. Knows no connections and no limits."""

import asyncio
import socket
from collections.abc import Callable, Mapping
from datetime import datetime

from campaign_app.core import clock, logging
from campaign_app.delivery import completion
from campaign_app.delivery.ledger import journal, lease_stores
from campaign_app.delivery.ledger.lease_store import ClaimedLease, LeaseOwner
from campaign_app.delivery.ledger.outcome_writer import TROUBLE, LeaseLost, OutcomeWriter
from campaign_app.delivery.runtime import job_chain, lease_loss
from campaign_app.delivery.runtime.background import BackgroundTasks
from campaign_app.delivery.runtime.campaign_runner import CampaignRunner
from campaign_app.delivery.runtime.held_lease import HeldLease
from campaign_app.delivery.runtime.lease_registry import LeaseRegistry
from campaign_app.delivery.runtime.lease_returns import LeaseReturnNotifier

REGIONS = 512  # leases at once: two of each of 256 campaigns
log = logging.get("delivery")


class LeaseKeeper:
    """One per worker. `runners` by campaign; `on_rows` hears when a campaign has rows to send."""

    def __init__(
        self,
        name: str,
        tasks: BackgroundTasks,
        runners: Mapping[int, CampaignRunner],
        on_rows: Callable[[CampaignRunner], None],
        on_beat: Callable[[], None],
    ) -> None:
        """Open the journal and the store in the running loop.

        Raises:
            OSError: there is no room for the journal.
        """
        self.journal = journal.Journal(name, REGIONS)
        self.owner = LeaseOwner(name, socket.gethostname()[:255], self.journal.label)
        self.store = lease_stores.open_store([self.journal.fileno])
        self.registry = LeaseRegistry()
        self.returns = LeaseReturnNotifier()
        self.writer = OutcomeWriter(self.store, self.registry.handles, self._answered)
        self.writer.start()
        self._tasks = tasks
        self._runners = runners
        self._on_rows = on_rows
        self._on_beat = on_beat
        self._claiming = 0
        self._stopped = False

    @property
    def is_full(self) -> bool:
        """No lease may be claimed: too much waits for the database, or the journal has no room."""
        return self.writer.is_full or self.journal.free <= self._claiming

    async def claim(self, runner: CampaignRunner) -> HeldLease | None:
        """The next lease of a campaign; None when none is open."""
        self._claiming += 1  # the journal's room is kept for those who still wait for the database
        asked_at = clock.steady()
        try:
            claimed = await self.store.claim(runner.campaign_id, self.owner, runner.ahead(), clock.now())
        finally:
            self._claiming -= 1
        return None if claimed is None else self._hold(runner, claimed, asked_at)

    def _hold(self, runner: CampaignRunner, claimed: ClaimedLease, asked_at: float) -> HeldLease:
        handle = claimed.handle
        region = self.journal.acquire(handle.lease_id, handle.epoch)
        assert region is not None, "asked before the claim"
        lease = HeldLease(handle, region, asked_at, lambda ended: self._tasks.spawn(self._release(ended)))
        self.registry.add(lease)
        if not self._stopped and runner.add(lease):
            lease.extend(claimed.rows, claimed.read_through_id)
            self._on_rows(runner)
        else:
            lease.stop()
        return lease

    def read_on(self, runner: CampaignRunner, lease: HeldLease) -> None:
        """Read more rows of a lease."""
        lease.begin_fetch()
        self._tasks.spawn(self._read_on(runner, lease))

    async def _read_on(self, runner: CampaignRunner, lease: HeldLease) -> None:
        try:
            more = await self.store.read_more(lease.handle, lease.after_id, runner.ahead(), clock.now())
        except TROUBLE as error:
            log.warning("more rows not read", lease=lease.handle.lease_id, error=repr(error)[:200])
            await asyncio.sleep(0.5)
            more = ([], lease.after_id)
        finally:
            lease.end_fetch()
        if more is None:
            if not lease.phase.is_taken:
                self.registry.lose(lease)
                self._tasks.spawn(lease_loss.at_once(lease))
            lease.stop()
            return
        lease.extend(*more)
        if not lease.rows and lease.wants_rows(runner.chunk):
            self.read_on(runner, lease)
        self._on_rows(runner)

    def _answered(self, lost: set[int], asked_at: float) -> None:
        for lease in self.registry.answered(lost, asked_at):
            self._tasks.spawn(lease_loss.at_once(lease))
        self._on_beat()

    async def _release(self, lease: HeldLease) -> None:
        """Everything of this lease is settled: write it, end the lease, and see whether the campaign is over."""
        campaign_id = lease.handle.campaign_id
        available = await self._finish(lease)
        lease.region.release()
        runner = self._runners.get(campaign_id)
        if runner is not None:
            runner.forget(lease)
        self.returns.note(campaign_id)
        if available is not None:  # a job that found nothing to do may have ended
            await job_chain.start(campaign_id, available)
        elif not lease.lost and not self.registry.of(campaign_id):
            await completion.look(campaign_id)

    async def _finish(self, lease: HeldLease) -> datetime | None:
        """Write what is left of a lease and end it; when it can be claimed again."""
        if not lease.lost:
            try:
                available = await self.writer.finish(lease.handle)
            except LeaseLost:
                self.registry.lose(lease)
            else:
                self.registry.remove(lease)
                return available
        await lease_loss.at_last(self.writer, lease)
        self.registry.remove(lease)
        return None

    async def nothing_open(self, campaign_id: int, seen: int, seconds: float) -> datetime | None:
        """When to look for a lease of this campaign again; None: nothing is left for this worker."""
        return await self.returns.nothing_open(campaign_id, seen, seconds, self.registry.of)

    def stop_claiming(self) -> None:
        """Leases that are being claimed now are released at once."""
        self._stopped = True

    def stop(self) -> None:
        """Take nothing more from any lease."""
        for lease in self.registry:
            lease.stop()

    async def close(self, *, written: bool) -> None:
        """Close the store and the journal, which stays for the sweep unless everything was written and released."""
        await self.store.close()
        self.journal.close(remove=written and not self.registry)
