"""The database is not available while two workers send that cannot read each other's journals.

`python -m bench.outages FILE SECONDS` holds the one lock that writers of a SQLite file need.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from bench.scenario import Scenario
from campaign_app.core.config import settings
from tests.scenarios.scene import postgres_away

ROOT = Path(__file__).resolve().parents[1]


def refused(scenario: Scenario) -> dict[str, Any]:
    """PostgreSQL cuts every connection and takes none; SQLite's write lock is held by another process."""
    if scenario.installation.database == "sqlite":
        path = scenario.installation.stack.var / "beacon.db"
        return _outage(scenario, lambda seconds: _lock(path, seconds))
    return _outage(scenario, lambda seconds: _refuse(scenario.installation.stack.database_url, seconds))


def hangs(scenario: Scenario) -> dict[str, Any]:
    """Every process of the server is stopped: nothing fails, nothing answers."""
    return _outage(scenario, lambda seconds: _freeze(scenario, seconds))


def _outage(scenario: Scenario, away: Callable[[float], AbstractContextManager[None]]) -> dict[str, Any]:
    scenario.open(slow_ms=10)
    several = scenario.installation.database == "postgresql"
    for name in ("worker1", "worker2"):
        scenario.start_worker(name, own_folder=several)
    scenario.launch()
    scenario.share(0.3)
    with away(scenario.given.outage):
        began = time.time()
    found = scenario.verdict()
    back = began + scenario.given.outage  # the lock's holder takes a moment more to end
    meanwhile = [at for at, _ in scenario.sandbox.times() if began < at < back]
    first = min((at for at, _ in scenario.sandbox.times() if at > back), default=back)
    return {
        **found,
        "bound": 0,
        "away_s": scenario.given.outage,
        "sent_meanwhile": len(meanwhile),
        "sent_after_3_s": sum(at > began + 3 for at in meanwhile),
        "sending_again_after_s": round(first - back, 1),
        "leases_settled": scenario.logs("lease settled"),
    }


@contextmanager
def _refuse(url: str, seconds: float) -> Iterator[None]:
    postgres_away(url, away=True)
    try:
        yield
        time.sleep(seconds)
    finally:
        postgres_away(url, away=False)


@contextmanager
def _freeze(scenario: Scenario, seconds: float) -> Iterator[None]:
    with _stopped(scenario.installation.run(_postmaster())):
        yield
        time.sleep(seconds)


async def _postmaster() -> int:
    """The server's first process."""
    connection = await asyncpg.connect(settings().database.replace("postgresql+asyncpg://", "postgresql://", 1))
    try:
        folder = Path(await connection.fetchval("SHOW data_directory"))
    finally:
        await connection.close()
    return int((folder / "postmaster.pid").read_text().split("\n", 1)[0])


def _children(parent: int) -> list[int]:
    return [int(found) for found in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def _parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


@contextmanager
def _stopped(parent: int) -> Iterator[None]:
    stopped = [parent]
    os.kill(parent, signal.SIGSTOP)
    for child in _children(parent):
        os.kill(child, signal.SIGSTOP)
        stopped.append(child)
    try:
        yield
    finally:
        for process in [*reversed(stopped), _parent(parent)]:  # runuser stops itself with its child
            os.kill(process, signal.SIGCONT)


@contextmanager
def _lock(path: Path, seconds: float) -> Iterator[None]:
    command = [sys.executable, "-m", "bench.outages", str(path), str(seconds)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        if holder.stdout.readline() != b"locked\n":
            raise OSError("the file could not be locked")
        yield


def _hold(path: str, seconds: float) -> None:
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    print("locked", flush=True)
    time.sleep(seconds)
    connection.execute("ROLLBACK")
    connection.close()


if __name__ == "__main__":
    _hold(sys.argv[1], float(sys.argv[2]))
