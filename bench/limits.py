"""How exactly the limits hold, with one and three workers.

`through: engine`: real workers send real campaigns, judged by the instants in the sink's log. Rates up to 100 per
second run side by side in one window. `through: limiter`: so many processes use slots through the product's own
pacer, slots and Redis, without sending: what the limit itself does, whatever the machine can send.
"""

import subprocess
import sys
import time
from argparse import Namespace
from array import array
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench import target
from bench.installation import Installation, installed
from bench.target import ROOT

PER_MINUTE = (1, 20, 60, 600, 14 * 60, 100 * 60)
FAST_PER_MINUTE = (1_000 * 60, 5_000 * 60)
WORKERS = (1, 3)
CONNECTIONS = 10
START_S = 0.5
SETTLE_S = 1.0


def worst_second(instants: Sequence[float]) -> int:
    """The most that fell into any window of one second, wherever it begins."""
    worst = left = 0
    for right, at in enumerate(instants):
        while at - instants[left] >= 1.0:
            left += 1
        worst = max(worst, right - left + 1)
    return worst


def case(per_minute: float, workers: int, through: str, instants: Sequence[float], window: float) -> dict[str, Any]:
    """What one limit was, and what was sent in the window that begins with the first message."""
    rate = per_minute / 60
    found = sorted(instants)
    inside = [at for at in found if at < found[0] + window]
    expected = rate * window
    gaps = [after - before for before, after in pairwise(inside)]
    return {
        "rate_per_second": round(rate, 4),
        "workers": workers,
        "sent": len(inside),
        "expected": round(expected, 2),
        "ratio": round(len(inside) / expected, 4),
        "worst_second": worst_second(inside),
        "allowed_second": round(rate + max(1.0, rate * 0.01), 2),
        "longest_gap_s": round(max(gaps, default=0.0), 3),
        "within": abs(len(inside) - expected) <= max(1.0, expected * 0.01),
        "through": through,
        "window_s": window,
    }


def run(given: Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Every rate with one and with three workers."""
    cases: list[dict[str, Any]] = []
    with installed(given.databases[0]) as installation:
        for workers in WORKERS:
            names = [f"worker{number}" for number in range(workers)]
            for name in names:
                installation.start_worker(name)
            say(f"{workers} worker(s), {len(PER_MINUTE)} campaigns side by side, {given.window:.0f} s")
            cases += _engine(installation, PER_MINUTE, workers, given.window)
            for per_minute in FAST_PER_MINUTE:
                say(f"{workers} worker(s), {per_minute / 60:,.0f} per second, {given.fast_window:.0f} s")
                cases += _engine(installation, (per_minute,), workers, given.fast_window)
            for name in names:
                installation.stack.stop(name)
            for per_minute in FAST_PER_MINUTE:
                say(f"{workers} process(es), {per_minute / 60:,.0f} per second, {given.fast_window:.0f} s")
                cases.append(_limiter(installation, per_minute, workers, given.fast_window))
    for found in cases:
        say(f"  {found}")
    return {"cases": cases, "database": given.databases[0]}


def _engine(installation: Installation, rates: Sequence[int], workers: int, window: float) -> list[dict[str, Any]]:
    """A campaign per rate, all at once, each to a domain of its own so that the log tells them apart."""
    log = installation.stack.var / f"sink-{time.monotonic_ns()}.log"
    with target.sink(log) as sink:
        campaigns = [_limited(installation, per_minute, window, workers, sink.port) for per_minute in rates]
        for campaign_id in campaigns:
            installation.launch(campaign_id)
        time.sleep(window + SETTLE_S)
        for campaign_id in campaigns:
            installation.cancel(campaign_id)
        time.sleep(SETTLE_S)
    instants = _by_domain(log)
    return [case(per_minute, workers, "engine", instants[_domain(per_minute, workers)], window) for per_minute in rates]


def _domain(per_minute: int, workers: int) -> str:
    return f"rate{per_minute}w{workers}.example"


def _limited(installation: Installation, per_minute: int, window: float, workers: int, port: int) -> int:
    people = int(per_minute / 60 * (window + 4 * SETTLE_S) * 1.2) + 3
    list_id = installation.people(people, _domain(per_minute, workers))
    return installation.campaign(list_id, port, CONNECTIONS, per_minute)


def _by_domain(log: Path) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for line in log.read_text().splitlines():
        at, _, address = line.partition(" ")
        found[address.rpartition("@")[2]].append(float(at))
    return found


def _limiter(installation: Installation, per_minute: int, workers: int, window: float) -> dict[str, Any]:
    files = [installation.stack.var / f"slots-{per_minute}-{workers}-{number}" for number in range(workers)]
    shared = ["--campaign", str(per_minute + workers), "--per-minute", str(per_minute)]
    processes = []
    for file in files:
        numbers = [*shared, "--seconds", str(window + SETTLE_S), "--out", str(file)]
        command = [sys.executable, "-m", "bench.limit_driver", *numbers]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        processes.append(subprocess.Popen(command, cwd=ROOT, text=True, **pipes))
    for process in processes:
        process.stdout.readline()
    start = time.monotonic() + START_S
    for process in processes:
        process.stdin.write(f"{start}\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=window + 60)
        if process.returncode:
            raise RuntimeError("a process that uses slots failed")
    instants: list[float] = []
    for file in files:
        used = array("d")
        used.frombytes(file.read_bytes())
        instants += used
    return case(per_minute, workers, "limiter", instants, window)
