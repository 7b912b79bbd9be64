"""End to end: from the launch to the last message that the sink accepted, through a real worker process.

Beside it in the same round, on sinks of the same kind: smtp-source, Celery with one job per mail, aiosmtplib.
"""

import statistics
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

from bench import machine, target
from bench.installation import Installation, installed
from bench.references import tools
from bench.target import ROOT

RTT_CONNECTIONS = 5
ROUND_TRIPS_MS = (5, 20)
MESSAGE_BYTES = 5_000
PATIENCE_S = 60.0
CELERY_WARM_UP = 40
CELERY_TASKS = {"celery": "send", "celery_lean": "send_lean"}


class Figures:
    """Rates and ratios of all rounds; what could not be had and why."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.rates: dict[str, list[float]] = defaultdict(list)
        self.ratios: dict[str, list[float]] = defaultdict(list)
        self.cpu: dict[str, list[float]] = defaultdict(list)
        self.missing: dict[str, str] = {}

    def rate(self, name: str, per_second: float) -> float:
        """Note a rate."""
        self.rates[name].append(per_second)
        self.say(f"  {name:<28} {per_second:9,.0f} /s")
        return per_second

    def ratio(self, name: str, ours: float, theirs: float | None) -> None:
        """Note how often theirs goes into ours."""
        if theirs:
            self.ratios[name].append(ours / theirs)

    def reference(self, name: str, measure: Callable[[], float]) -> float | None:
        """A reference's rate; None when it cannot be had on this machine."""
        if name in self.missing:
            return None
        try:
            return self.rate(name, measure())
        except (tools.Missing, OSError, subprocess.SubprocessError) as error:
            self.missing[name] = str(error)
            self.say(f"  {name} is left out: {error}")
            return None

    def summary(self) -> dict[str, Any]:
        """What is printed."""
        ratio = {name: round(statistics.median(found), 3) for name, found in self.ratios.items()}

        def least(*names: str) -> float | None:
            return min((ratio[name] for name in names if name in ratio), default=None)

        rtt = [f"rtt_{trip}ms" for trip in ROUND_TRIPS_MS]
        return {
            "ratios": {
                "smtp_source": least("sqlite", "postgresql"),
                "celery": least("sqlite celery", "postgresql celery"),
                "aiosmtplib": least(*rtt),
            },
            **{name: ratio.get(name) for name in ("sqlite", "postgresql", *rtt)},
            **{task: {name: ratio.get(f"{name} {task}") for name in ("sqlite", "postgresql")} for task in CELERY_TASKS},
            "per_second": {name: round(statistics.median(found)) for name, found in self.rates.items()},
            "cpu_us_per_message": {name: round(statistics.median(found)) for name, found in self.cpu.items()},
            "rounds": {name: [round(one, 3) for one in found] for name, found in self.ratios.items()},
            "missing": self.missing,
        }


def run(given: Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Both databases on the loopback, then the slow networks; each ratio is the median of its rounds."""
    figures = Figures(say)
    for database in given.databases:
        with installed(database, BEACON_LOG_LEVEL="INFO") as installation:
            everybody = installation.people(given.recipients)
            installation.start_worker()
            for number in range(given.rounds):
                say(f"{database}, round {number + 1} of {given.rounds}, {given.recipients:,} recipients")
                _round(installation, figures, everybody, given)
            if database == given.databases[0]:
                few = installation.people(given.rtt_recipients, "slow.example")
                for number in range(given.rounds):
                    for trip in ROUND_TRIPS_MS:
                        say(f"{trip} ms round trip, round {number + 1} of {given.rounds}")
                        _slow_round(installation, figures, few, trip, given)
    return {**figures.summary(), "recipients": given.recipients, "connections": given.connections}


def _round(installation: Installation, figures: Figures, everybody: int, given: Namespace) -> None:
    count, connections = given.recipients, given.connections
    used = machine.children_cpu_s()
    source = figures.reference("smtp_source", lambda: smtp_source(count, connections))
    if source:
        figures.cpu["smtp_source and sink"].append((machine.children_cpu_s() - used) * 1e6 / count)
    worker = installation.stack.processes["worker"].pid
    used = machine.cpu_s(worker)
    ours = figures.rate(installation.database, beacon(installation, everybody, count, connections))
    figures.cpu[f"{installation.database} worker"].append((machine.cpu_s(worker) - used) * 1e6 / count)
    figures.ratio(installation.database, ours, source)
    for name, task in CELERY_TASKS.items():
        theirs = figures.reference(name, partial(celery_rate, installation, given.celery_mails, task))
        figures.ratio(f"{installation.database} {name}", ours, theirs)


def _slow_round(installation: Installation, figures: Figures, few: int, trip: int, given: Namespace) -> None:
    name = f"rtt_{trip}ms"
    ours = beacon(installation, few, given.rtt_recipients, RTT_CONNECTIONS, trip)
    figures.rate(f"{name} per connection", ours / RTT_CONNECTIONS)
    mails = max(RTT_CONNECTIONS, given.rtt_recipients // 4)
    theirs = figures.reference(f"{name} aiosmtplib", lambda: aiosmtplib_rate(mails, trip) / RTT_CONNECTIONS)
    figures.ratio(name, ours / RTT_CONNECTIONS, theirs)


def beacon(installation: Installation, list_id: int, count: int, connections: int, round_trip_ms: float = 0.0) -> float:
    """Messages per second of one campaign, from the launch to the last acceptance by the sink's own log.

    Over a slow network from the first acceptance on: there it is about the connections, as it is for aiosmtplib.

    Raises:
        RuntimeError: the sink's log and the ledger do not agree.
    """
    with target.sink() as sink, _maybe_slow(sink.port, round_trip_ms) as port:
        campaign_id = installation.campaign(list_id, port, connections)
        began = installation.launch(campaign_id)
        seen = sink.wait_for(count, PATIENCE_S)
        counts = installation.over(campaign_id)
        seen = sink.seen()
    if (seen.accepted, seen.distinct, counts["sent"]) != (count, count, count):
        raise RuntimeError(f"of {count}: {seen.accepted} accepted, {seen.distinct} distinct, ledger {counts}")
    return (count - 1) / (seen.last - seen.first) if round_trip_ms else count / (seen.last - began)


def _maybe_slow(port: int, round_trip_ms: float) -> AbstractContextManager[int]:
    return target.slow_network(port, round_trip_ms) if round_trip_ms else nullcontext(port)


def smtp_source(count: int, connections: int) -> float:
    """Messages per second of Postfix's smtp-source."""
    with target.sink() as sink:
        return count / tools.run_smtp_source(sink.port, count, MESSAGE_BYTES, connections)


def aiosmtplib_rate(count: int, round_trip_ms: float) -> float:
    """Messages per second of aiosmtplib over connections that stay open, rendering included, no database."""
    numbers = ["--count", str(count), "--connections", str(RTT_CONNECTIONS)]
    with target.sink() as sink, target.slow_network(sink.port, round_trip_ms) as port:
        command = [sys.executable, "-m", "bench.references.aiosmtplib_sender", "--port", str(port), *numbers]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return count / float(done.stdout)


def celery_rate(installation: Installation, count: int, task: str) -> float:
    """Messages per second of Celery with one job per mail, from the launch (rows and jobs are made) to the last mail.

    Its worker is warm, and its rows are in the kind of database that ours are in.
    """
    python = tools.celery_python()
    redis_url = installation.stack.redis_url.rsplit("/", 1)[0] + "/9"
    with tempfile.TemporaryDirectory() as folder, target.sink() as sink:
        database = (
            installation.stack.database_url.replace("postgresql:", "postgresql+psycopg:")
            or f"sqlite:///{folder}/mail.db"
        )
        environment = tools.celery_environment(redis_url, database, sink.port)

        def fill(first: int, mails: int) -> float:
            command = [python, "celery_sender.py", task, str(first), str(mails)]
            done = subprocess.run(
                command, cwd=tools.HERE, env=environment, check=True, stdout=subprocess.PIPE, text=True
            )
            return float(done.stdout)

        command = [python, "-m", "celery", "-A", "celery_sender", "worker", "--loglevel", "ERROR"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        worker = subprocess.Popen(command, cwd=folder, env=environment, **quiet)
        try:
            fill(1, CELERY_WARM_UP)
            sink.wait_for(CELERY_WARM_UP, PATIENCE_S)
            launched = fill(1 + CELERY_WARM_UP, count)
            seen = sink.wait_for(CELERY_WARM_UP + count, PATIENCE_S)
        finally:
            worker.terminate()
            worker.wait(30)
    return count / (seen.last - launched)
