"""Issue 8, item 2: a process that hangs, in a computation without an end or because it was stopped, is noticed, says
where it stands, and is replaced. Real processes under `campaign web` and `campaign worker`, limit two seconds."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from campaign_app.core import pulse
from tests import hanging, servers
from tests.hanging import alive, descendants, wait
from tests.stack import ROOT, Stack

WATCHED = "campaign_app.launcher.watched"


class Watched:
    """Two web processes and a worker, each part under its watchdog."""

    def __init__(self, stack: Stack, environment: dict[str, str]) -> None:
        self.stack = stack
        self.environment = environment

    def start(self) -> None:
        self.stack.prepare()
        self.stack.start("web", WATCHED, "tests.backend", environment=self.environment)
        self.stack.wait_for(f"{self.stack.url}/api/health", "web")
        self.stack.start("worker", WATCHED, "campaign_app.worker", environment=self.environment)
        wait(lambda: "worker ready" in self.stack.log("worker"))
        wait(lambda: len(self.webs()) == 2 and bool(self.worker()))

    def showing(self, role: str) -> list[int]:
        """The processes of a role that show their pulse: a title may be anything, and the watch of them has begun."""
        folders = self.stack.var.parent.glob("pulses/beacon-pulse-*")
        beats = [beat for folder in folders for beat in pulse.beats(folder)]
        return sorted(beat.pid for beat in beats if beat.role == role and alive(beat.pid))

    def webs(self) -> list[int]:
        return self.showing("web")

    def worker(self) -> int:
        return next(iter(self.showing("worker")), 0)

    def doctor(self) -> dict[str, dict[str, str]]:
        """What `./campaign doctor` finds, by part."""
        done = subprocess.run(
            [sys.executable, "-m", "campaign_app.cli", "doctor", "--json"],
            cwd=ROOT,
            env={**os.environ, **self.stack.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return {found["part"]: found for found in json.loads(done.stdout)}


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    (tmp_path / "redis").mkdir()
    with servers.redis_server(tmp_path / "redis") as redis_url:
        stack = Stack(var=tmp_path / "var", redis_url=redis_url)
        (tmp_path / "pulses").mkdir()
        environment = {"BEACON_HANG_SECONDS": "2", "BEACON_WEB_PROCESSES": "2", "TMPDIR": str(tmp_path / "pulses")}
        started = Watched(stack, {**environment, **hanging.environment(tmp_path / "site")})
        try:
            started.start()
            yield started
        finally:
            stack.stop_all()


def test_a_web_process_in_an_endless_computation_is_replaced_and_the_others_go_on(watched: Watched) -> None:
    victim, other = watched.webs()
    os.kill(victim, hanging.HANG)
    wait(lambda: not alive(victim))
    wait(lambda: len(watched.webs()) == 2 and victim not in watched.webs())
    assert other in watched.webs()
    assert httpx.get(f"{watched.stack.url}/api/health", timeout=30).json()["status"] == "ok"
    log = watched.stack.log("web")
    assert f"web (process {victim}) did not answer for" in log
    assert hanging.STALLED_LINE in log  # the stacks: where it stood
    assert watched.stack.processes["web"].poll() is None
    wait(lambda: "hung" in watched.doctor()["Watchdog"]["words"])
    found = watched.doctor()["Watchdog"]
    assert found["state"] == "warning"
    assert f"web, process {victim}" in found["words"]


def test_a_stopped_worker_is_replaced(watched: Watched) -> None:
    """No thread of its own could have said so."""
    victim = watched.worker()
    os.kill(victim, signal.SIGSTOP)
    wait(lambda: not alive(victim))
    wait(lambda: watched.stack.log("worker").count("worker ready") == 2)
    wait(lambda: watched.worker() not in {0, victim})
    assert "SIGSTOP" in watched.stack.log("worker")
    assert watched.stack.processes["worker"].poll() is None


def test_a_part_that_ends_by_itself_ends_its_watchdog_with_its_code(watched: Watched) -> None:
    """Then whoever started it decides (compose, systemd)."""
    victim = watched.worker()
    os.kill(victim, signal.SIGKILL)
    assert watched.stack.processes.pop("worker").wait(60) == 128 + signal.SIGKILL


def test_sigterm_is_handed_on_and_everything_ends(watched: Watched) -> None:
    everything = [each for name in ("web", "worker") for each in descendants(watched.stack.processes[name].pid)]
    assert len(everything) >= 4
    assert watched.stack.stop("worker", seconds=60) == 0
    assert "worker stopped" in watched.stack.log("worker")
    assert watched.stack.stop("web", seconds=60) == 0
    wait(lambda: not any(alive(pid) for pid in everything))
