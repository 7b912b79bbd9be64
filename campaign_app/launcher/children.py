"""Child processes that never outlive the launcher, not even when it is killed."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from campaign_app.core.config import ROOT

LOG_LIMIT = 5 * 1024 * 1024
_PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """How to start one process, and the process while it runs. `grace_s`: how long it may take to stop."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    grace_s: float = 20.0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def running(self) -> bool:
        """Whether it is alive now."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it in a process group of its own; what it prints goes to its log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent(),
            )

    def ask_to_stop(self) -> None:
        """SIGTERM to the process itself; it stops its own children."""
        if self.process is not None and self.running:
            with suppress(ProcessLookupError):
                self.process.terminate()

    def finish(self, deadline: float) -> bool:
        """Wait until `deadline` (time.monotonic), then kill the whole group. False when it had to be killed."""
        if self.process is None:
            return True
        polite = True
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            polite = False
        self.sweep()
        self.process.wait()
        return polite

    def sweep(self) -> None:
        """Kill what is left of its process group."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - 8_192))
                return "\n".join(file.read().decode(errors="replace").strip().splitlines()[-lines:])
        except FileNotFoundError:
            return ""


def _die_with_parent() -> Callable[[], None] | None:
    """Linux: the kernel sends SIGTERM to the child when the launcher is gone, whatever killed it."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    launcher = os.getpid()

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != launcher:  # it died in between
            os._exit(1)

    return prepare


def python_module(name: str, *arguments: str) -> list[str]:
    """The command that runs a module with this Python."""
    return [sys.executable, "-m", name, *arguments]
