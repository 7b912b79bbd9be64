"""`./campaign up` with real processes: healthy, only once, restarted parts, and nothing left behind."""

import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import urllib.request
from collections.abc import Iterator

import pytest

from campaign_app import frontend
from tests.cli.conftest import Cli, Running, gone
from tests.hanging import is_beating

pytestmark = pytest.mark.scenario


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    """The front end is built once, before anything is timed."""
    frontend.build_if_needed()


@pytest.fixture
def up(cli: Cli) -> Iterator[Running]:
    """A running installation with an owner."""
    started = start(cli)
    yield started
    if started.process.poll() is None:
        started.stop()


def start(cli: Cli, *more: str, **environment: str) -> Running:
    owner = ["--owner-email", "owner@example.com", "--owner-password", "correct horse battery"]
    running = cli.start("up", "--port", str(cli.port), *owner, *more, **environment)
    running.wait_until_printed("Beacon is running")
    return running


def health(cli: Cli) -> dict:
    with urllib.request.urlopen(f"http://127.0.0.1:{cli.port}/api/health", timeout=5) as answer:
        return json.load(answer)


def test_healthy_then_refused_twice_then_stopped(cli: Cli, up: Running) -> None:
    assert health(cli) | {"version": ""} == {
        "status": "ok", "database": "ok", "redis": "ok", "migrations": "ok", "worker": "ok", "version": "",
    }  # fmt: skip
    assert "Owner owner@example.com created" in up.printed
    second = cli.run("up", "--port", str(cli.port))
    assert second.returncode == 1
    assert f"process {up.process.pid}" in second.stderr
    assert f"http://127.0.0.1:{cli.port}" in second.stderr
    everything = up.descendants()
    assert len(everything) >= 3
    assert up.stop() == 0
    assert gone(everything)
    assert "Everything stopped" in up.printed


def test_a_part_that_dies_is_started_again(cli: Cli, up: Running) -> None:
    before = up.child("campaign_app.worker")
    os.kill(before, signal.SIGKILL)
    up.wait_until_printed("Worker stopped (killed by SIGKILL); starting it again")
    up.wait_for(lambda: up.child("campaign_app.worker") not in {0, before})
    assert health(cli)["status"] == "ok"


def test_a_part_that_hangs_is_told_and_started_again(cli: Cli) -> None:
    running = start(cli, BEACON_HANG_SECONDS="2")
    log = cli.var / "logs" / "worker.log"
    before = running.child("campaign_app.worker")
    running.wait_for(lambda: is_beating(before))
    os.kill(before, signal.SIGSTOP)
    running.wait_until_printed(f"worker (process {before}) hung for")
    running.wait_for(lambda: running.child("campaign_app.worker") not in {0, before})
    assert f"[watchdog] worker (process {before})" in log.read_text()
    running.wait_for(lambda: log.read_text().count("worker ready") == 2)
    assert "1 process hung and was replaced" in cli.run("doctor").stdout
    assert running.stop() == 0


def test_nothing_outlives_a_killed_launcher(cli: Cli, up: Running) -> None:
    everything = up.descendants()
    up.stop(signal.SIGKILL)
    assert gone(everything)
    again = start(cli)
    assert health(cli)["status"] == "ok"
    assert "Owner" not in again.printed
    assert again.stop() == 0


def test_ctrl_c_while_starting(cli: Cli) -> None:
    running = cli.start("up", "--port", str(cli.port))
    running.wait_until_printed("Redis ready")
    everything = running.descendants()
    running.stop(signal.SIGINT)
    assert gone(everything)


def test_without_a_terminal_the_browser_creates_the_owner_by_a_one_time_link(cli: Cli) -> None:
    running = cli.start("up", "--port", str(cli.port))
    running.wait_until_printed("makes you the owner")
    link = re.search(r"http://\S+/auth/setup\?token=\S+", running.printed)
    assert link is not None
    running.wait_for(lambda: link[0] in (cli.var / "logs" / "web.log").read_text())
    assert link[0] in cli.run("user", "setup-link").stdout
    assert "owner already" in owner_exists(cli).stderr
    running.stop()


def owner_exists(cli: Cli) -> subprocess.CompletedProcess[str]:
    made = ("user", "create", "--email", "o@example.com", "--role", "owner", "--password", "correct horse battery")
    assert cli.run(*made).returncode == 0
    return cli.run("user", "setup-link")


def test_a_port_in_use_is_said_with_the_mend(cli: Cli, up: Running) -> None:
    other = Cli(cli.var.with_name("other"))
    refused = other.run("up", "--port", str(cli.port))
    assert refused.returncode == 1
    assert f"Port {cli.port} is in use" in refused.stderr
    assert "./campaign up --port" in refused.stderr


def test_demo_data_once(cli: Cli) -> None:
    running = start(cli, "--demo")
    passwords = cli.var / "demo-passwords.txt"
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600
    kept = passwords.read_text()
    assert len(kept.splitlines()) == 5
    assert all(line.split("\t")[2] in running.printed for line in kept.splitlines())
    first = tables(cli)
    assert first["contact"] == 10_000
    assert first["campaign"] >= 8
    running.stop()
    again = start(cli, "--demo")
    assert tables(cli) == first
    assert passwords.read_text() == kept
    assert kept.splitlines()[0].split("\t")[2] not in again.printed
    again.stop()


def tables(cli: Cli) -> dict[str, int]:
    names = ("app_user", "contact", "contact_list", "list_member", "template", "campaign", "delivery", "delivery_event")
    with sqlite3.connect(cli.var / "beacon.db") as connection:
        return {name: connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0] for name in names}
