"""Common parts of the failure cases: a running campaign, the sandbox as witness, workers on own hosts, the result."""

import os
import signal
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any

import sqlalchemy as sa

from bench import kill
from bench.installation import Installation
from campaign_app.core import db
from campaign_app.core.config import settings
from campaign_app.models.campaign import Campaign, CampaignStatus
from tests.scenarios.scene import OwnRedis

OVER = {CampaignStatus.COMPLETED, CampaignStatus.FAILED, CampaignStatus.CANCELLED}
PATIENCE_S = 300.0


@dataclass
class Scenario:
    """One case on one database."""

    installation: Installation
    given: Namespace
    chance: Random
    say: Callable[[str], None]
    most: int | None = None  # recipients of a case that is slow on purpose
    campaign_id: int = 0
    began: float = 0.0
    hosts: dict[str, str] = field(default_factory=dict)  # worker → its var folder, where it has one of its own

    @property
    def recipients(self) -> int:
        """How many there are."""
        return min(int(self.given.recipients), self.most or int(self.given.recipients))

    @property
    def connections(self) -> int:
        """Of each worker."""
        return int(self.given.connections)

    @property
    def sandbox(self) -> kill.Sandbox:
        """The witness."""
        return kill.Sandbox(self.installation.stack.sandbox_url)

    def open(self, *, connections: int = 0, rate_per_minute: int | None = None, host: str = "", **faults: Any) -> None:
        """A sandbox with these faults, and a campaign that is ready. `host`: its account's, if not the loopback."""
        port = self.installation.stack.smtp_port
        self.installation.stack.start_sandbox()
        self.sandbox.faults(faults)
        people = self.installation.people(self.recipients)
        where = host or "127.0.0.1"
        made = self.installation.campaign(people, port, connections or self.connections, rate_per_minute, where)
        self.campaign_id = made

    def launch(self) -> None:
        """Begin."""
        self.began = self.installation.launch(self.campaign_id)

    def start_worker(self, name: str, *, own_folder: bool = False, wait: bool = True, **options: Any) -> None:
        """A worker. With a folder of its own it cannot read the others' journals, as on a host of its own."""
        environment = dict(options.pop("environment", {}))
        if own_folder:
            environment["BEACON_VAR"] = self.hosts[name] = str(self.installation.stack.var / f"host-{name}")
        module = options.pop("module", ("campaign_app.worker",))
        ready = self.ready(name)
        self.installation.stack.start(name, *module, environment=environment, **options)
        if wait:
            self.installation.until(lambda: self.ready(name) > ready, f"{name} is ready", 90)

    def log(self, name: str) -> str:
        """What a worker has printed."""
        return self.installation.stack.log(name) if (self.installation.stack.var / f"{name}.log").exists() else ""

    def ready(self, name: str) -> int:
        """How often a worker of this name has become ready."""
        return self.log(name).count("worker ready")

    def logs(self, words: str) -> int:
        """In how many lines of all workers' logs these words stand."""
        return sum(
            path.read_text(errors="replace").count(words) for path in self.installation.stack.var.glob("worker*.log")
        )

    def share(self, part: float) -> bool:
        """Wait until this part of the recipients is settled; False: the campaign was faster."""
        return kill.reached(self.installation, self.campaign_id, self.sandbox, part * self.recipients)

    def pause(self, low: float, high: float) -> None:
        """Sleep for a random time."""
        time.sleep(self.chance.uniform(low, high))

    def verdict(self, seconds: float = PATIENCE_S) -> dict[str, Any]:
        """Wait for the end, stop all workers, and compare the ledger with the witness."""
        self.installation.until(
            lambda: self.installation.run(_is_over(self.campaign_id)), f"campaign {self.campaign_id}", seconds
        )
        took = round(time.time() - self.began, 1)
        for name in [name for name in self.installation.stack.processes if name.startswith("worker")]:
            self.installation.stack.stop(name, signal.SIGTERM, 60)
        found = self.installation.run(kill.judge(self.campaign_id, self.sandbox.log(), self.sandbox.cut_off()))
        return {**found, "seconds": took, "longest_silence_s": self.longest_silence()}

    def longest_silence(self) -> float:
        """The longest time without an acceptance while the campaign ran."""
        instants = sorted(at for at, _ in self.sandbox.times())
        return round(max((later - earlier for earlier, later in pairwise(instants)), default=0.0), 1)


async def _is_over(campaign_id: int) -> bool:
    async with db.reading() as session:
        campaign = await session.get(Campaign, campaign_id)
    return campaign is not None and campaign.status in OVER


async def held(host: str) -> list[tuple[int, int, int, int]]:
    """(lease, first id, reach, epoch) of the leases that workers of a host hold."""
    async with db.reading() as session:
        statement = sa.text(
            "SELECT id, first_id, read_through_id, epoch FROM lease WHERE state = 'held' AND owner LIKE :owner"
        )
        rows = (await session.execute(statement, {"owner": f"{host}%"})).all()
    return [(int(row[0]), int(row[1]), int(row[2]), int(row[3])) for row in rows]


@contextmanager
def own_redis(installation: Installation) -> Iterator[OwnRedis]:
    """A Redis that can be killed; it keeps nothing."""
    server = OwnRedis(installation.stack.var)
    server.start()
    installation.stack.redis_url = server.url
    os.environ["REDIS_URL"] = server.url
    settings.cache_clear()
    try:
        yield server
    finally:
        installation.stack.stop_all()
        server.stop()
