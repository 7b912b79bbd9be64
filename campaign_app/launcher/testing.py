"""`./campaign test`: all checks and tests. Missing programs are reported, and are a failure where CI=true."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from campaign_app.core.config import ROOT
from campaign_app.launcher import console, redis_server, tree
from campaign_app.launcher.console import Problem


@dataclass(frozen=True, slots=True)
class Check:
    """A tool to run: its title and its command, without the folder of this Python's scripts."""

    title: str
    command: tuple[str, ...]


CHECKS = (
    Check("Style (ruff)", ("ruff", "check", ".")),
    Check("Format (ruff)", ("ruff", "format", "--check", ".")),
    Check("Types (mypy, strict)", ("mypy", "campaign_app")),
    Check("Architecture (import-linter)", ("lint-imports",)),
)


PRODUCTS = ("tests/bench", "tests/browser", "tests/cli", "tests/scenarios", "tests/security")
TRACKS = (
    (
        ("-n", "3", *(f"--ignore={folder}" for folder in PRODUCTS)),
        ("-n", "2", "--dist", "loadfile", "tests/browser"),
    ),
    (("-n", "3", "--dist", "loadfile", "tests/bench", "tests/cli", "tests/scenarios", "tests/security"),),
)
"""Runs of pytest, those of a track one after the other and the tracks side by side: what starts whole products waits
half of its time, and the other tests compute meanwhile. No test judges the machine's speed."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The flags of `test`."""
    made = commands.add_parser(
        "test",
        help="run all checks and tests",
        description="Runs ruff, mypy, import-linter and pytest with real Redis, SQLite, PostgreSQL and Chromium. "
        "Arguments after `test` are passed to pytest, and then only pytest runs: ./campaign test tests/audience -k csv",
        add_help=True,
    )
    made.set_defaults(run=run, rest=True)


def run(given: argparse.Namespace) -> int:
    """0 when everything passed and nothing was missing."""
    _require_tools()
    missing = _missing()
    for what in missing:
        console.show(what)
    if missing and os.environ.get("CI") == "true":
        console.err.print("[red bold]CI=true: the missing programs above are a failure.[/red bold]")
        return 1
    before = tree.before()
    with ThreadPoolExecutor(1) as pool:
        checked = pool.submit(_failed_checks) if not given.arguments else None
        without_browser = any("Chromium" in what.fact for what in missing)
        results, tests = _pytest(given.arguments, without_browser)
        failed = checked.result() if checked else []
    if changed := tree.changes_since(before):
        console.show(tree.not_clean(changed))
        failed.append("the run changed files of the checkout")
    if failed or missing:
        words = [*failed, *(what.fact for what in missing)]
        console.err.print(f"[red bold]Not passed:[/red bold] {'; '.join(words)}")
    sys.stderr.flush()
    # The last line, so that reading only it is enough.
    console.out.print(f"{results['passed']} passed, {results['failed'] + len(failed)} failed")
    return 1 if failed or missing else tests


def _require_tools() -> None:
    if not _script("pytest").exists():
        raise Problem("The test tools are not installed.", "run it as ./campaign test")


def _script(name: str) -> Path:
    return Path(sys.executable).with_name(name)


def _failed_checks() -> list[str]:
    return [check.title for check in CHECKS if not _passes(check)]


def _passes(check: Check) -> bool:
    started = time.monotonic()
    command = [str(_script(check.command[0])), *check.command[1:]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        console.done(check.title, time.monotonic() - started)
        return True
    console.err.print(f"[red]✗[/red] {check.title}")
    console.err.print(done.stdout + done.stderr, markup=False)
    return False


def _pytest(arguments: list[str], without_browser: bool) -> tuple[Counter[str], int]:
    """How many tests passed and failed over all runs, and the exit code."""
    tracks: list[list[tuple[str, ...]]] = [[tuple(arguments)]]
    if not arguments:
        left_out = {"tests/browser"} if without_browser else set()
        tracks = [[("-q", *run) for run in track if not left_out & set(run)] for track in TRACKS]
        console.out.print("Tests of whole products run at the same time; their output follows when they have ended.")
    with tempfile.TemporaryDirectory(prefix="beacon-test-") as folder, ThreadPoolExecutor(len(tracks)) as pool:
        outputs = [None, *(Path(folder) / f"{number}.txt" for number in range(1, len(tracks)))]
        results = list(pool.map(_track, tracks, outputs))
        for output in filter(None, outputs):
            sys.stdout.write(output.read_text(errors="replace"))
    total: Counter[str] = Counter()
    for counted, _ in results:
        total += counted
    return total, next((code for _, code in results if code), 0)


def _track(runs: list[tuple[str, ...]], output: Path | None) -> tuple[Counter[str], int]:
    """Run one track; what it prints goes to the terminal or to `output`."""
    total: Counter[str] = Counter()
    codes = []
    with tempfile.TemporaryDirectory(prefix="beacon-test-") as folder, ExitStack() as stack:
        written = stack.enter_context(output.open("wb")) if output else None
        for number, run in enumerate(runs):
            report = Path(folder) / f"{number}.xml"
            command = [str(_script("pytest")), f"--junitxml={report}", *run]
            codes.append(subprocess.run(command, cwd=ROOT, check=False, stdout=written, stderr=written).returncode)
            total += count(report)
    return total, next(filter(None, codes), 0)


def count(report: Path) -> Counter[str]:
    """The counts of a pytest report; zero without one."""
    total: Counter[str] = Counter()
    if not report.exists():
        return total
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):  # noqa: S314  (pytest wrote it just now)
        numbers = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
        total["failed"] += numbers["failures"] + numbers["errors"]
        total["passed"] += numbers["tests"] - numbers["failures"] - numbers["errors"] - numbers["skipped"]
    return total


def _missing() -> list[Problem]:
    """Programs that the tests need and this machine does not have."""
    found = []
    names = ("chromium", "chromium-browser", "google-chrome")
    if not os.environ.get("CHROMIUM") and not any(shutil.which(name) for name in names):
        found.append(Problem("Chromium is missing: the browser tests do NOT run.", "sudo apt install chromium"))
    try:
        redis_server.binary()
    except Problem as problem:
        found.append(problem)
    if not _has_postgres():
        found.append(
            Problem("PostgreSQL is missing: half of the data tests cannot run.", "sudo apt install postgresql")
        )
    return found


def _has_postgres() -> bool:
    if os.environ.get("TEST_POSTGRES_URL") or list(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        return True
    try:
        import pgserver
    except ImportError:
        return False
    return bool(pgserver)
