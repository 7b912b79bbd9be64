"""The product as real processes on free ports, for browser and scenario tests."""

import atexit
import contextlib
import functools
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers import free_port

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in."""

    email: str
    password: str
    role: str


@dataclass
class Stack:
    """Web, worker and sandbox over one database and one Redis; each can be stopped, killed and started again."""

    var: Path
    redis_url: str
    database_url: str = ""
    web_port: int = field(default_factory=free_port)
    smtp_port: int = field(default_factory=free_port)
    sandbox_port: int = field(default_factory=free_port)
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the web process answers."""
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def sandbox_url(self) -> str:
        """Where the sandbox's inbox and control API answer."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What the processes get besides this process's own environment."""
        return {
            "BEACON_VAR": str(self.var),
            "BEACON_SECRET_KEY": self.secret,
            "BEACON_PORT": str(self.web_port),
            "BEACON_HOST": "127.0.0.1",
            "BEACON_SANDBOX_SMTP_PORT": str(self.smtp_port),
            "BEACON_SANDBOX_HTTP_PORT": str(self.sandbox_port),
            "REDIS_URL": self.redis_url,
            "DATABASE_URL": self.database_url,
            "PYTHONUNBUFFERED": "1",
        }

    def run(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run a module of the product to its end, e.g. `run("alembic", "upgrade", "head")`."""
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=True,
            **more,
        )

    def prepare(self, *people: Person) -> None:
        """The tables and these people, as `alembic upgrade head` and `./campaign user create` make them.

        On SQLite they are made once for all stacks of a test run, whose secret is one then.
        """
        if self.database_url:
            self._make(people)
        else:
            made = _prepared(people)
            shutil.copytree(made.var, self.var, dirs_exist_ok=True)
            self.secret = made.secret

    def _make(self, people: tuple[Person, ...]) -> None:
        self.run("alembic", "upgrade", "head")
        for who in people:
            name = ["--email", who.email, "--name", who.role.capitalize()]
            self.run("campaign_app.cli", "user", "create", *name, "--role", who.role, "--password", who.password)

    def start(
        self, name: str, *arguments: str, prefix: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a module as a child in a process group of its own; its output goes to `<name>.log`.

        `prefix` is a command that becomes the module, `environment` what is different for this one.
        """
        self.var.mkdir(parents=True, exist_ok=True)
        with (self.var / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*prefix, sys.executable, "-m", *arguments],
                cwd=ROOT,
                env={**os.environ, **self.environment, **(environment or {})},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes[name] = process
        return process

    def start_web(self) -> None:
        """Start the web process and wait until it is healthy."""
        self.start("web", "campaign_app.web_server")
        self.wait_for(f"{self.url}/api/health", "web")

    def setup_link(self) -> str:
        """The link for the first owner, as the running web process printed it."""
        end = time.monotonic() + 60
        while not (found := re.search(r"http://\S+/auth/setup\?token=[\w-]+", self.log("web"))):
            if time.monotonic() > end:
                raise RuntimeError(f"no link was printed:\n{self.log('web')[-4000:]}")
            time.sleep(0.05)
        return found[0]

    def start_worker(self, name: str = "worker") -> None:
        """Start a worker process."""
        self.start(name, "campaign_app.worker")

    def start_sandbox(self) -> None:
        """Start the sandbox and wait until it answers."""
        ports = ["--smtp-port", str(self.smtp_port), "--http-port", str(self.sandbox_port)]
        self.start("sandbox", "campaign_app.sandbox", *ports, "--var", str(self.var / "sandbox"))
        self.wait_for(f"{self.sandbox_url}/api/log", "sandbox")

    def wait_for(self, url: str, name: str, seconds: float = 60.0) -> None:
        """Return when `url` answers 200; raise with the process's log when it dies or stays silent."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.processes[name].poll() is not None:
                break
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"{name} did not get healthy:\n{self.log(name)[-4000:]}")

    def log(self, name: str) -> str:
        """What a process has printed so far."""
        return (self.var / f"{name}.log").read_text(errors="replace")

    def stop(self, name: str, how: signal.Signals = signal.SIGTERM, seconds: float = 20.0) -> int:
        """Stop a process (and its children, for SIGKILL); its exit code."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            if how is signal.SIGKILL:
                os.killpg(process.pid, how)
            else:
                process.send_signal(how)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise

    def stop_all(self) -> None:
        """Stop whatever still runs."""
        for name in list(self.processes):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.stop(name)


@functools.cache
def _prepared(people: tuple[Person, ...]) -> Stack:
    """A data directory that no process uses."""
    folder = Path(tempfile.mkdtemp(prefix="beacon-prepared-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    stack = Stack(folder, redis_url="redis://127.0.0.1:1")
    stack._make(people)
    return stack
