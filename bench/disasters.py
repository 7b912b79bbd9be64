"""Failures while a campaign is sent, one case after another, each compared with the log of the receiving server.

`bound` is the largest allowed `uncertain`; each case says why. `lost` and `duplicates` must be 0.
"""

import secrets
import signal
import time
from argparse import Namespace
from collections.abc import Callable
from random import Random
from typing import Any

from bench import clocks, disk, hosts, outages
from bench.installation import installed
from bench.kill import FAULTS, RETRY_SECONDS
from bench.scenario import Scenario, own_redis

Case = Callable[[Scenario], dict[str, Any]]


def machine(scenario: Scenario) -> dict[str, Any]:
    """Worker and Redis are killed at the same instant, Redis comes back empty: one message per connection in doubt."""
    kills = 0
    with own_redis(scenario.installation) as redis:
        scenario.open(**FAULTS)
        scenario.start_worker("worker")
        scenario.launch()
        for part in sorted(scenario.chance.uniform(0.02, 0.9) for _ in range(scenario.given.crashes)):
            if not scenario.share(part):
                break
            scenario.pause(0.0, 0.06)
            redis.kill()
            scenario.installation.stack.stop("worker", signal.SIGKILL)
            redis.stop()
            kills += 1
            redis.start()
            scenario.start_worker("worker", wait=False)
        found = scenario.verdict()
    return {**found, "kills": kills, "bound": kills * scenario.connections}


def rolling(scenario: Scenario) -> dict[str, Any]:
    """Three workers are told to stop one after the other and replaced: nobody is in doubt."""
    scenario.open(slow_ms=10, temporary_share=0.01, permanent_share=0.01)
    names = ["worker1", "worker2", "worker3"]
    for name in names:
        scenario.start_worker(name)
    scenario.launch()
    drained, restarts = [], 0
    for turn, name in enumerate(names, start=1):
        if not scenario.share(turn * 0.2):
            break
        began = time.monotonic()
        assert scenario.installation.stack.stop(name, signal.SIGTERM, 60) == 0
        drained.append(round(time.monotonic() - began, 2))
        scenario.start_worker(name)
        restarts += 1
    return {**scenario.verdict(), "restarts": restarts, "drained_s": drained, "bound": 0}


CASES: dict[str, Case] = {
    "machine": machine,
    "rolling": rolling,
    "database": outages.refused,
    "database-hangs": outages.hangs,
    "disk": disk.journal,
    "disk-of-all": disk.everything,
    "clock": clocks.jumps,
    "hosts-cut-off": hosts.cut_off,
    "hosts-without-database": hosts.without_database,
    "hosts-stopped": hosts.stopped,
    "hosts-gone": hosts.gone,
}
ONLY = {
    **dict.fromkeys(("database-hangs", *(name for name in CASES if name.startswith("hosts"))), "postgresql"),
    "disk-of-all": "sqlite",
}


def run(given: Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """One row per case and database."""
    seed = given.seed if given.seed is not None else secrets.randbelow(1_000_000)
    rows = []
    for name in CASES:
        if given.case and name not in given.case:
            continue
        for database in (one for one in given.databases if ONLY.get(name, one) == one):
            say(f"{name}, {database}, {given.recipients:,} recipients, seed {seed}")
            rows.append(run_case(name, database, given, seed, say))
            say(f"  {rows[-1]}")
    return {"cases": rows, "seed": seed}


def run_case(name: str, database: str, given: Namespace, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """One case's row."""
    with installed(database, BEACON_RETRY_SECONDS=RETRY_SECONDS) as installation:
        scenario = Scenario(installation, given, Random(f"{seed} {name} {database}"), say)
        found = CASES[name](scenario)
        return {"case": name, "database": database, "recipients": scenario.recipients, **found}
