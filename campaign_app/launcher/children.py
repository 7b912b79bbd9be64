"""Child processes that never outlive the launcher, not even when it is killed."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from campaign_app.core import pulse
from campaign_app.core.config import ROOT, settings
from campaign_app.core.logging import LOG_FILE
from campaign_app.launcher.watch import Watch

LOGS_KEPT = 3
_PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """How to start one process, and the process while it runs. `grace_s`: how long it may take to stop.

    Without a `log` it prints where this process does.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path | None
    grace_s: float = 20.0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    watch: Watch | None = field(default=None, repr=False)

    @property
    def running(self) -> bool:
        """Whether it is alive now."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it in a process group of its own; what it prints goes to its log, also when that is rotated."""
        if self.watch is None:
            self.watch = Watch(Path(tempfile.mkdtemp(prefix="beacon-pulse-")), settings().hang_seconds)
        self.watch.clear()
        told = {**os.environ, **self.environment, pulse.FOLDER: str(self.watch.folder)}
        told.pop(LOG_FILE, None)
        if self.log is not None:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            self.rotate()
            told[LOG_FILE] = str(self.log.absolute())
        with self.log.open("ab") if self.log else nullcontext() as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=told,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent(),
            )

    def rotate(self) -> None:
        """Rotate a long log: it is renamed, not copied, so that no line is lost. Processes continue in the new file."""
        if self.log is None or not self.log.exists() or self.log.stat().st_size <= settings().log_limit_mb * 1024**2:
            return
        for number in range(LOGS_KEPT, 0, -1):
            older = self.log.with_suffix(f".log.{number - 1}") if number > 1 else self.log
            if older.exists():
                older.replace(self.log.with_suffix(f".log.{number}"))
        self.log.touch(mode=0o600)

    def say(self, words: str) -> None:
        """Write something into its log."""
        if self.log is None:
            sys.stderr.write(words)
            sys.stderr.flush()
            return
        with self.log.open("a") as log:
            log.write(words)

    def ask_to_stop(self) -> None:
        """SIGTERM to the process itself; it stops its own children."""
        if self.process is not None and self.running:
            with suppress(ProcessLookupError):
                self.process.terminate()

    def finish(self, deadline: float) -> bool:
        """Wait until `deadline` (time.monotonic), then kill the process group. False if it was killed."""
        if self.process is None:
            return True
        polite = True
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            polite = False
        self.sweep()
        self.process.wait()
        if self.watch is not None:
            shutil.rmtree(self.watch.folder, ignore_errors=True)
            self.watch = None
        return polite

    def sweep(self) -> None:
        """Kill what is left of its process group."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        if self.log is None:
            return ""
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
        if os.getppid() != launcher:  # the parent ended before prctl
            os._exit(1)

    return prepare


def python_module(name: str, *arguments: str) -> list[str]:
    """The command that runs a module with this Python."""
    return [sys.executable, "-m", name, *arguments]
