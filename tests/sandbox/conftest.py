"""The sandbox as a real process on free ports."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
KEY = secrets.token_urlsafe(32)


@dataclass
class Box:
    """A running sandbox and its control API."""

    folder: Path
    process: subprocess.Popen[str]
    smtp_port: int
    http: httpx.Client

    def api(self, path: str, **change: object) -> dict:
        """GET without a change, else POST it as JSON."""
        answer = self.http.post(f"/api/{path}", json=change) if change else self.http.get(f"/api/{path}")
        answer.raise_for_status()
        return answer.json()

    def wait_for(self, ready: Callable[[], bool], seconds: float = 15) -> None:
        """Poll until `ready`; the condition itself is what is tested."""
        end = time.monotonic() + seconds
        while not ready():
            assert time.monotonic() < end, self.api("status")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        self.process.communicate(timeout=10)
        return self.process.returncode


Start = Callable[..., Box]


def launch(folder: Path, *arguments: str) -> Box:
    """Start the process and wait for its ready line."""
    command = [sys.executable, "-m", "campaign_app.sandbox", "--smtp-port", "0", "--http-port", "0"]
    process = subprocess.Popen(
        [*command, "--var", str(folder), *arguments],
        cwd=ROOT,
        env={**os.environ, "BEACON_SECRET_KEY": KEY, "BEACON_VAR": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ports = json.loads(process.stdout.readline())
    http = httpx.Client(timeout=60, base_url=f"http://127.0.0.1:{ports['http_port']}", trust_env=False)
    return Box(folder, process, ports["smtp_port"], http)


@pytest.fixture
def start_box(tmp_path: Path) -> Iterator[Start]:
    """Start sandboxes of a test's own; the same folder is the same sandbox started again."""
    running: list[Box] = []

    def start(*arguments: str, folder: str = "sandbox") -> Box:
        running.append(launch(tmp_path / folder, *arguments))
        return running[-1]

    yield start
    for box in running:
        box.http.close()
        if box.process.poll() is None:
            box.stop()


@pytest.fixture(scope="session")
def shared_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """One process for all tests that need nothing special."""
    box = launch(tmp_path_factory.mktemp("sandbox"))
    yield box
    box.http.close()
    box.stop()


@pytest.fixture
def box(shared_box: Box) -> Box:
    """An empty sandbox without faults."""
    shared_box.http.post("/api/drop-connections").raise_for_status()
    shared_box.http.post("/api/reset").raise_for_status()
    return shared_box
