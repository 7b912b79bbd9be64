"""A disk that is full: before the journal is made, after it was made, with the database on it. Needs root (tmpfs)."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bench.play import Play
from campaign_app.core.config import settings

_MISSING = "a disk of its own (tmpfs) needs root"
_WORDS = "no room for the journal"


def journal(play: Play) -> dict[str, Any]:
    """Only journals lie on it. One kill happens while it is full: that many may be in doubt."""
    if os.geteuid():
        return {"missing": _MISSING}
    folder = play.here.stack.var / "small"
    url = play.here.stack.database_url or f"sqlite:///{play.here.stack.var / 'beacon.db'}"
    environment = {"BEACON_VAR": str(folder), "DATABASE_URL": url}
    with _tmpfs(folder, "256k") as disk:
        play.open(slow_ms=10)
        play.start_worker("worker", environment=environment, wait=False)
        play.launch()
        said_s = _until_said(play, 1)
        time.sleep(play.given.full)
        without = play.sandbox.accepted()
        disk.resize("16m")
        play.here.until(lambda: play.ready("worker") == 1, "the worker begins by itself", 30)
        play.share(0.3)
        disk.fill()
        before = play.sandbox.accepted()
        play.share(0.6)
        with_full = play.sandbox.accepted() - before
        play.here.stack.stop("worker", signal.SIGKILL)
        said = play.logs(_WORDS)
        play.start_worker("worker", environment=environment, wait=False)
        _until_said(play, said + 1)
        time.sleep(play.given.full)
        disk.empty()
        found = play.verdict()
    return {
        **found,
        "bound": play.connections,
        "sent_without_journal": without,
        "said_after_s": said_s,
        "sent_with_a_full_disk": with_full,
    }


def everything(play: Play) -> dict[str, Any]:
    """The database lies there too, and nothing can be written for a while: nobody is in doubt."""
    if os.geteuid():
        return {"missing": _MISSING}
    folder = play.here.stack.var / "small"
    with _tmpfs(folder, "512m") as disk:
        file = folder / "beacon.db"
        subprocess.run(["cp", str(play.here.stack.var / "beacon.db"), str(file)], check=True)
        play.here.stack.database_url = os.environ["DATABASE_URL"] = f"sqlite:///{file}"
        settings.cache_clear()
        play.open(slow_ms=10)
        play.start_worker("worker", environment={"BEACON_VAR": str(folder)})
        play.launch()
        play.share(0.3)
        disk.fill()
        before = play.sandbox.accepted()
        time.sleep(play.given.outage)
        meanwhile = play.sandbox.accepted() - before
        disk.empty()
        found = play.verdict()
    return {**found, "bound": 0, "full_s": play.given.outage, "sent_meanwhile": meanwhile}


def _until_said(play: Play, times: int) -> float:
    began = time.monotonic()
    play.here.until(lambda: play.logs(_WORDS) >= times, f"“{_WORDS}” stands in the worker's log", 30)
    return round(time.monotonic() - began, 1)


class _Disk:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resize(self, size: str) -> None:
        """Give it more room."""
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self._folder)], check=True)

    def fill(self) -> None:
        """Leave no byte."""
        with (self._folder / "filling").open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"\0" * 4096)

    def empty(self) -> None:
        """Room again."""
        (self._folder / "filling").unlink()


@contextmanager
def _tmpfs(folder: Path, size: str) -> Iterator[_Disk]:
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield _Disk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
