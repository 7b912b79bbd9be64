"""Two hosts (network namespaces with their own names, addresses and journals) send one campaign; one of them fails.

The other host waits until the lease has expired and a grace is over, marks what may have been sent as uncertain, and
sends the rest. What the first one knows, it tells when it comes back: so in doubt remains what was on its wires.
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa

from bench import namespaces
from bench.namespaces import DATABASE, REST, Wires
from bench.scenario import Scenario, held
from campaign_app.core import db
from campaign_app.delivery.ledger.lease_store import LEASE_TTL_S
from campaign_app.delivery.recovery.sweeper import FOREIGN_GRACE_S
from campaign_app.delivery.runtime.held_lease import FENCE_S

NAMES = ("north", "south")
_FEW = 3
FENCE_AFTER_S = LEASE_TTL_S - FENCE_S


class Pair:
    """The two hosts under way, and what the first one had in hand when its trouble began."""

    def __init__(self, scenario: Scenario, wires: Wires) -> None:
        self.scenario = scenario
        self.wires = wires
        self.north = wires.hosts[0]
        self.since = self.settled_at = 0.0
        self.in_hand: dict[str, int] = {}  # address → lease
        self.read_ahead = 0

    def start(self, name: str) -> None:
        """A worker on the host of this name."""
        database, rest, stack = self.wires.at(DATABASE), self.wires.at(REST), self.scenario.installation.stack
        host = next(host for host in self.wires.hosts if host.name == name)
        given = urlsplit(stack.database_url)
        environment = {
            "DATABASE_URL": f"postgresql://{given.username}@{database}:5432{given.path}",
            "REDIS_URL": f"redis://{rest}:6379/0",
        }
        self.scenario.start_worker(f"worker-{name}", own_folder=True, prefix=host.prefix, environment=environment)

    def trouble(self, begin: Callable[[], None]) -> None:
        """Record the first host's leases, right after its failure began."""
        begin()
        self.since = time.time()
        time.sleep(0.5)  # a flush under way arrives
        leases = self.scenario.installation.run(held("north"))
        self.in_hand = self.scenario.installation.run(_pending(leases))
        self.read_ahead = len(self.in_hand)

    def taken_over(self) -> float:
        """Wait until the other host has settled every lease of the first; seconds since the trouble began."""
        if self.scenario.given.hurry:
            self.scenario.installation.run(_time_passes())
        self.scenario.installation.until(
            lambda: not self.scenario.installation.run(held("north")), "the leases are taken over", 200
        )
        self.settled_at = time.time()
        return round(self.settled_at - self.since, 1)

    def uncertain_now(self) -> int:
        """The number of uncertain recipients now."""
        return self.scenario.installation.run(_count("uncertain", self.scenario.campaign_id))

    def sent_behind_the_fence(self) -> int:
        """Messages that only the first host can have sent, after it had to stop and before it came back."""
        first = self.since + FENCE_AFTER_S + 1.0
        return sum(
            address in self.in_hand and first < at < self.settled_at for at, address in self.scenario.sandbox.times()
        )


def cut_off(scenario: Scenario) -> dict[str, Any]:
    """Both networks are cut for longer than lease and grace: at most one message per connection stays uncertain."""
    return _on_two_hosts(scenario, _cut_off, slow_ms=10)


def without_database(scenario: Scenario) -> dict[str, Any]:
    """The database's cable alone: the host could go on sending, and stops by its fence. Slow mail, so that it has
    something left to send by then."""
    scenario.most = 2_000
    slow_ms = 100 if scenario.given.hurry else 300
    return _on_two_hosts(scenario, _without_database, slow_ms=slow_ms, connections=_FEW)


def stopped(scenario: Scenario) -> dict[str, Any]:
    """The worker is stopped (SIGSTOP) and continues long after its leases were taken."""
    return _on_two_hosts(scenario, _stopped, slow_ms=10)


def gone(scenario: Scenario) -> dict[str, Any]:
    """The host never comes back: only what it had read and not reported stays uncertain."""
    return _on_two_hosts(scenario, _gone, slow_ms=10)


def _on_two_hosts(
    scenario: Scenario, story: Callable[[Pair], dict[str, Any]], *, slow_ms: int, connections: int = 0
) -> dict[str, Any]:
    why = namespaces.missing()
    if why:
        return {"missing": why}
    stack = scenario.installation.stack
    redis_port = stack.redis_url.rpartition(":")[2].partition("/")[0]
    with ExitStack() as around:
        wires = around.enter_context(namespaces.wires(list(NAMES)))
        routes = {
            f"{wires.at(DATABASE)}:5432": _postgres_target(stack.database_url),
            f"{wires.at(REST)}:6379": redis_port,
            f"{wires.at(REST)}:{stack.smtp_port}": str(stack.smtp_port),
        }
        around.enter_context(namespaces.relay(routes))
        around.callback(stack.stop_all)
        scenario.open(slow_ms=slow_ms, connections=connections, host=wires.at(REST))
        pair = Pair(scenario, wires)
        for name in NAMES:
            pair.start(name)
        scenario.launch()
        scenario.installation.until(
            lambda: len(scenario.installation.run(held("north"))) > 0, "the first host holds leases", 60
        )
        scenario.share(0.1)
        extra = story(pair)
        found = scenario.verdict()
        return {**found, **extra, "settled_without_journal": scenario.logs("lease settled")}


def _postgres_target(url: str) -> str:
    parts = urlsplit(url)
    folder = parse_qs(parts.query).get("host", [""])[0]
    return f"{folder}/.s.PGSQL.{parts.port or 5432}" if folder else str(parts.port or 5432)


def _shown(pair: Pair, taken_over_s: float, uncertain_before: int, bound: int) -> dict[str, Any]:
    return {
        "bound": bound,
        "read_ahead": pair.read_ahead,
        "taken_over_after_s": taken_over_s,
        "uncertain_before_return": uncertain_before,
        "sent_behind_the_fence": pair.sent_behind_the_fence(),
        "grace_s": LEASE_TTL_S + FOREIGN_GRACE_S,
    }


def _cut_off(pair: Pair) -> dict[str, Any]:
    pair.trouble(pair.north.cut)
    seconds = pair.taken_over()
    before = pair.uncertain_now()
    pair.north.mend()
    return _shown(pair, seconds, before, pair.scenario.connections) | _back(pair)


def _without_database(pair: Pair) -> dict[str, Any]:
    pair.trouble(lambda: pair.north.cut(DATABASE))
    seconds = pair.taken_over()
    before = pair.uncertain_now()
    pair.north.mend(DATABASE)
    return _shown(pair, seconds, before, _FEW) | _back(pair)


def _stopped(pair: Pair) -> dict[str, Any]:
    process = pair.scenario.installation.stack.processes["worker-north"].pid
    pair.trouble(lambda: os.killpg(process, signal.SIGSTOP))
    seconds = pair.taken_over()
    before = pair.uncertain_now()
    os.killpg(process, signal.SIGCONT)
    return _shown(pair, seconds, before, pair.scenario.connections) | _back(pair)


def _gone(pair: Pair) -> dict[str, Any]:
    pair.trouble(lambda: _kill_with_its_cables(pair))
    seconds = pair.taken_over()
    return _shown(pair, seconds, pair.uncertain_now(), pair.read_ahead)


def _kill_with_its_cables(pair: Pair) -> None:
    pair.north.cut()
    pair.scenario.installation.stack.stop("worker-north", signal.SIGKILL)


def _back(pair: Pair) -> dict[str, Any]:
    """The host is back: wait until it has told what it knows."""
    began, most = time.monotonic(), pair.scenario.connections
    pair.scenario.installation.until(
        lambda: "lease lost" in pair.scenario.log("worker-north"), "the host has noticed its loss", 90
    )
    pair.scenario.installation.until(lambda: pair.uncertain_now() <= most, "the host has told what it knows", 90)
    return {"told_after_s": round(time.monotonic() - began, 1)}


async def _pending(leases: list[tuple[int, int, int, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    async with db.reading() as session:
        for lease, first, reach, _ in leases:
            statement = sa.text(
                "SELECT address FROM delivery WHERE id BETWEEN :first AND :reach AND status = 'pending'"
            )
            rows = await session.execute(statement, {"first": first, "reach": reach})
            found |= {str(address): lease for address in rows.scalars()}
    return found


async def _count(status: str, campaign_id: int) -> int:
    async with db.reading() as session:
        statement = sa.text("SELECT COUNT(*) FROM delivery WHERE campaign_id = :campaign AND status = :status")
        return int((await session.execute(statement, {"campaign": campaign_id, "status": status})).scalar_one())


async def _time_passes() -> None:
    """As if lease and grace were over for the host that cannot say anything."""
    async with db.transaction() as session:
        await session.execute(
            sa.text(
                "UPDATE lease SET expires_at = expires_at - make_interval(secs => :grace) "
                "WHERE state = 'held' AND host LIKE 'north%'"
            ),
            {"grace": LEASE_TTL_S + FOREIGN_GRACE_S},
        )
