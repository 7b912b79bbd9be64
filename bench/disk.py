"""A full disk: before the journal is created, after it was created, with the database on it. Needs root (tmpfs)."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bench.scenario import Scenario
from campaign_app.core.config import settings

_MISSING = "a disk of its own (tmpfs) needs root"
_WORDS = "no room for the journal"


def journal(scenario: Scenario) -> dict[str, Any]:
    """Only journals are on it. One kill happens while it is full: at most one message per connection is uncertain."""
    if os.geteuid():
        return {"missing": _MISSING}
    folder = scenario.installation.stack.var / "small"
    url = scenario.installation.stack.database_url or f"sqlite:///{scenario.installation.stack.var / 'beacon.db'}"
    environment = {"BEACON_VAR": str(folder), "DATABASE_URL": url}
    with _tmpfs(folder, "256k") as disk:
        scenario.open(slow_ms=10)
        scenario.start_worker("worker", environment=environment, wait=False)
        scenario.launch()
        said_s = _until_said(scenario, 1)
        time.sleep(scenario.given.full)
        without = scenario.sandbox.accepted()
        disk.resize("16m")
        scenario.installation.until(lambda: scenario.ready("worker") == 1, "the worker begins by itself", 30)
        scenario.share(0.3)
        disk.fill()
        before = scenario.sandbox.accepted()
        scenario.share(0.6)
        with_full = scenario.sandbox.accepted() - before
        scenario.installation.stack.stop("worker", signal.SIGKILL)
        said = scenario.logs(_WORDS)
        scenario.start_worker("worker", environment=environment, wait=False)
        _until_said(scenario, said + 1)
        time.sleep(scenario.given.full)
        disk.empty()
        found = scenario.verdict()
    return {
        **found,
        "bound": scenario.connections,
        "sent_without_journal": without,
        "said_after_s": said_s,
        "sent_with_a_full_disk": with_full,
    }


def everything(scenario: Scenario) -> dict[str, Any]:
    """The database is on it too, and nothing can be written for a while: nobody is uncertain."""
    if os.geteuid():
        return {"missing": _MISSING}
    folder = scenario.installation.stack.var / "small"
    with _tmpfs(folder, "512m") as disk:
        file = folder / "beacon.db"
        subprocess.run(["cp", str(scenario.installation.stack.var / "beacon.db"), str(file)], check=True)
        scenario.installation.stack.database_url = os.environ["DATABASE_URL"] = f"sqlite:///{file}"
        settings.cache_clear()
        scenario.open(slow_ms=10)
        scenario.start_worker("worker", environment={"BEACON_VAR": str(folder)})
        scenario.launch()
        scenario.share(0.3)
        disk.fill()
        before = scenario.sandbox.accepted()
        time.sleep(scenario.given.outage)
        meanwhile = scenario.sandbox.accepted() - before
        disk.empty()
        found = scenario.verdict()
    return {**found, "bound": 0, "full_s": scenario.given.outage, "sent_meanwhile": meanwhile}


def _until_said(scenario: Scenario, times: int) -> float:
    began = time.monotonic()
    scenario.installation.until(lambda: scenario.logs(_WORDS) >= times, f"“{_WORDS}” stands in the worker's log", 30)
    return round(time.monotonic() - began, 1)


class _Disk:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resize(self, size: str) -> None:
        """Give it more room."""
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self._folder)], check=True)

    def fill(self) -> None:
        """Fill it completely."""
        with (self._folder / "filling").open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"\0" * 4096)

    def empty(self) -> None:
        """Free the space."""
        (self._folder / "filling").unlink()


@contextmanager
def _tmpfs(folder: Path, size: str) -> Iterator[_Disk]:
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield _Disk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
