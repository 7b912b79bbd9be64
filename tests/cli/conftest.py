"""`./campaign` as a real process in a folder of its own."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.servers import free_port

ROOT = Path(__file__).parents[2]


class Cli:
    """Runs commands with data in one scratch folder."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.port = free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("BEACON_")},
            "BEACON_VAR": str(var),
            "BEACON_SANDBOX_SMTP_PORT": str(free_port()),
            "BEACON_SANDBOX_HTTP_PORT": str(free_port()),
            "REDIS_URL": "",
            "DATABASE_URL": "",
            "PYTHONUNBUFFERED": "1",
            "COLUMNS": "200",
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "campaign_app.cli", *arguments]

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*arguments),
            cwd=ROOT,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=240,
            stdin=subprocess.DEVNULL,
        )

    def start(self, *arguments: str, **environment: str) -> "Running":
        """Start a command that stays."""
        log = self.var.parent / f"{self.var.name}-{secrets.token_hex(4)}.out"
        with log.open("wb") as out:
            process = subprocess.Popen(
                self.command(*arguments),
                cwd=ROOT,
                env={**self.environment, **environment},
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        return Running(process, log)


class Running:
    """A command that runs, and everything it started."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    @property
    def printed(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, ready: Callable[[], bool], seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        while not ready():
            assert self.process.poll() is None, self.printed
            assert time.monotonic() < end, self.printed
            time.sleep(0.05)

    def wait_until_printed(self, words: str, seconds: float = 120) -> None:
        self.wait_for(lambda: words in self.printed, seconds)

    def descendants(self) -> set[int]:
        """Every process below it now."""
        found, waiting = set(), [self.process.pid]
        while waiting:
            pid = waiting.pop()
            with suppress(FileNotFoundError, ProcessLookupError):
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
                waiting += [int(child) for child in children]
                found |= {int(child) for child in children}
        return found

    def child(self, module: str) -> int:
        """The process id of the child that runs a module; 0 when none does."""
        for pid in self.descendants():
            with suppress(FileNotFoundError):
                if module in Path(f"/proc/{pid}/cmdline").read_text().split("\0"):
                    return pid
        return 0

    def stop(self, how: signal.Signals = signal.SIGTERM, seconds: float = 90) -> int:
        self.process.send_signal(how)
        return self.process.wait(seconds)


def gone(pids: set[int], seconds: float = 30) -> bool:
    """Whether all of them end within the time."""
    end = time.monotonic() + seconds
    while any(_alive(pid) for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "var")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real processes take their time on a busy machine."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(600))
