"""The engine of one worker process: claims leases, hands their rows to the senders, has outcomes written.

Jobs only call `run_batch`.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from datetime import timedelta
from time import monotonic
from typing import Any

from campaign_app.core import clock, db
from campaign_app.delivery import completion
from campaign_app.delivery.ledger import journal
from campaign_app.delivery.ledger.outcome import Outcome
from campaign_app.delivery.ledger.outcome_writer import TROUBLE, OutcomeWriter
from campaign_app.delivery.runtime import circuit, job_chain
from campaign_app.delivery.runtime.background import BackgroundTasks
from campaign_app.delivery.runtime.campaign_runner import CampaignRunner, RunnerState
from campaign_app.delivery.runtime.database_health import DatabaseHealth
from campaign_app.delivery.runtime.held_lease import HeldLease
from campaign_app.delivery.runtime.job_chain import Reschedule
from campaign_app.delivery.runtime.lease_keeper import LeaseKeeper
from campaign_app.delivery.runtime.runner_registry import RunnerRegistry

BATCH_S = 20.0
DRAIN_S = 5.0
ELSEWHERE_S = 0.5


class Engine:
    """One per process. `start` before the first batch, `drain` and `close` at the end."""

    def __init__(self) -> None:
        self.name = journal.worker_name()
        self.started_at = clock.now()
        self.draining = False
        self.tasks = BackgroundTasks()
        self.database_health = DatabaseHealth(self.spawn)
        self._batches: Counter[int] = Counter()

    def start(self) -> None:
        """Open what sending needs in the running loop.

        Raises:
            OSError: there is no room for the journal.
        """
        self.registry = RunnerRegistry(self, lambda campaign_id: self.leases.returns.forget(campaign_id))
        self.leases = LeaseKeeper(
            self.name, self.tasks, self.registry.runners, on_rows=self.registry.begin, on_beat=self.registry.wake
        )

    async def run_batch(self, campaign_id: int) -> Reschedule:
        """Send of one campaign for a while, lease after lease; when its chain should go on."""
        soon = Reschedule(clock.now() + timedelta(seconds=1))
        if self._batches[campaign_id] >= job_chain.PER_WORKER:  # leave it to another worker
            return Reschedule(clock.now() + timedelta(seconds=ELSEWHERE_S))
        if self.draining or self.writer.failing_since or self.leases.is_full:
            return soon
        self._batches[campaign_id] += 1
        try:
            runner = await self.registry.get(campaign_id)
            if not isinstance(runner, CampaignRunner):
                return runner
            with runner.batch():
                return await self._send(runner)
        except TROUBLE as error:
            self.database_health.lost("batch", error)
            return soon
        finally:
            self._batches[campaign_id] -= 1

    async def _send(self, runner: CampaignRunner) -> Reschedule:
        end = monotonic() + BATCH_S
        while True:
            if self.leases.is_full or self.registry.runners.get(runner.campaign_id) is not runner:
                return Reschedule(clock.now() + timedelta(milliseconds=200))
            seen = self.leases.returns.count(runner.campaign_id)
            lease = next((lease for lease in runner.leases if lease.is_free), None) or await self.leases.claim(runner)
            if lease is None:
                return Reschedule(await self.leases.nothing_open(runner.campaign_id, seen, end - monotonic()))
            await lease.attend(end - monotonic())
            if self._pauses(runner, lease) or monotonic() > end:
                closed_s = 0.5 if runner.state is RunnerState.CLOSED else 0.0
                return Reschedule(runner.resume_at or clock.now() + timedelta(seconds=closed_s))

    def _pauses(self, runner: CampaignRunner, lease: HeldLease) -> bool:
        return self.draining or lease.lost or runner.state is not RunnerState.SENDING

    # ── what account queues ask (EngineServices) ──

    @property
    def writer(self) -> OutcomeWriter:
        """Where outcomes wait to be written."""
        return self.leases.writer

    def outcome(self, outcome: Outcome) -> None:
        """See EngineServices."""
        self.writer.add(outcome)

    def is_stuck(self) -> bool:
        """See EngineServices."""
        return self.draining or self.writer.is_full

    def refill(self, runner: CampaignRunner, lease: HeldLease) -> None:
        """See EngineServices."""
        self.leases.read_on(runner, lease)

    def account_trouble(self, account_id: int, words: str) -> None:
        """See EngineServices."""
        self.registry.stop_account(account_id)
        self.spawn(_open_circuit(account_id, words))

    def campaign_trouble(self, runner: CampaignRunner, words: str) -> None:
        """See EngineServices."""
        self.close_gate(runner.campaign_id)
        self.spawn(completion.pause(runner.campaign_id, words))

    def close_gate(self, campaign_id: int) -> None:
        """See EngineServices."""
        self.registry.close(campaign_id)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """See EngineServices."""
        self.tasks.spawn(work)

    # ── the end ──

    async def drain(self, timeout_s: float = DRAIN_S) -> bool:
        """Take nothing more, wait for the answers under way, write everything, release the leases.

        False: the database was away; the journal keeps what could not be written.
        """
        self.draining = True
        self.leases.stop_claiming()
        self.registry.stop_all()
        senders = self.registry.senders
        await asyncio.gather(*(sender.drain(timeout_s) for sender in senders), return_exceptions=True)
        self.leases.stop()
        done = await self.writer.settle(timeout_s)
        await asyncio.gather(*(sender.close() for sender in senders), return_exceptions=True)
        return done

    async def close(self) -> None:
        """Everything is released (or the journal stays for the sweep)."""
        await self.registry.end()
        written = await self.writer.close()
        await self.tasks.close()
        await self.leases.close(written=written)


async def _open_circuit(account_id: int, words: str) -> None:
    async with db.transaction() as session:
        await circuit.open_circuit(session, account_id, words)
