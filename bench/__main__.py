"""Benchmarks, each figure as a ratio to its reference in the same call: `./campaign bench [--only NAME] [--json]`."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from bench import machine

NAMES = ("send", "throttled", "kill", "disasters", "limits", "fairness", "memory", "import", "tracking", "contacts")
MODULES = {"import": "importing", "contacts": "contact_list"}
DATABASES = ("sqlite", "postgresql")


def parser() -> argparse.ArgumentParser:
    """Every option; sizes have defaults that fit two cores and some minutes."""
    made = argparse.ArgumentParser(prog="./campaign bench", description=__doc__)
    made.add_argument("--only", choices=NAMES, help="one of them (default: all, one after the other)")
    made.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    made.add_argument("--rounds", type=int, default=3, help="rounds of which the median counts (default 3)")
    made.add_argument("--database", choices=DATABASES, help="one database (default: both)")
    made.add_argument("--recipients", type=int, default=30_000, help="send, kill, tracking: recipients")
    made.add_argument("--connections", type=int, default=10, help="send, kill: SMTP connections")
    made.add_argument("--celery-mails", type=int, default=1_000, help="send: mails that Celery sends")
    made.add_argument("--rtt-recipients", type=int, default=2_000, help="send: recipients over the slow network")
    made.add_argument("--kills", type=int, default=20, help="kill: how often a worker is killed per run")
    made.add_argument("--seed", type=int, default=None, help="kill: repeat the instants of an earlier run")
    made.add_argument("--window", type=float, default=61.0, help="limits: seconds for rates up to 100 per second")
    made.add_argument("--fast-window", type=float, default=10.0, help="limits: seconds for higher rates")
    made.add_argument("--people", type=int, default=200, help="throttled: recipients of each case (default 200)")
    made.add_argument("--campaigns", type=int, default=50, help="fairness: campaigns at once (default 50)")
    made.add_argument("--each", type=int, default=600, help="fairness: recipients of each of them (default 600)")
    made.add_argument("--case", action="append", help="throttled, fairness, disasters: only this case; may be repeated")
    _disasters(made)
    made.add_argument("--smallest", type=int, default=10_000, help="memory: recipients of the small campaign")
    made.add_argument("--largest", type=int, default=1_000_000, help="memory: recipients of the large one")
    made.add_argument("--rows", type=int, default=200_000, help="import, contacts: rows, e.g. 1000000")
    made.add_argument("--orm-rows", type=int, default=3_000, help="import: rows that the ORM reference imports")
    made.add_argument("--hits", type=int, default=5_000, help="tracking: hits that are stored")
    return made


def _disasters(made: argparse.ArgumentParser) -> None:
    made.add_argument("--crashes", type=int, default=6, help="disasters: how often worker and Redis are killed at once")
    made.add_argument("--outage", type=float, default=30.0, help="disasters: seconds without the database")
    made.add_argument("--full", type=float, default=5.0, help="disasters: seconds with a full disk")
    made.add_argument("--clock-seconds", type=float, default=40.0, help="disasters: how long the clock's case sends")
    made.add_argument("--hurry", action="store_true", help="disasters: do not wait until a lost host's leases expire")


def measure(name: str, given: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """One benchmark's figures."""
    say(f"── {name}")
    began = time.monotonic()
    found: dict[str, Any] = import_module(f"bench.{MODULES.get(name, name)}").run(given, say)
    return {**found, "took_s": round(time.monotonic() - began, 1)}


def show(name: str, found: dict[str, Any]) -> None:
    """A benchmark's figures for people."""
    print(f"\n{name}")
    for key, value in found.items():
        rows = value if isinstance(value, list) and value and isinstance(value[0], dict) else None
        for row in rows or []:
            print("  " + "  ".join(f"{column} {cell}" for column, cell in row.items()))
        if rows is None:
            print(f"  {key}: {json.dumps(value) if isinstance(value, dict | list) else value}")


def _stop(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def main() -> int:
    """Command line. Stopping it also stops the workers, servers and networks that it started."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _stop)
    given = parser().parse_args()
    given.databases = [given.database] if given.database else list(DATABASES)
    machine_description = machine.describe()

    def say(words: str) -> None:
        print(words, file=sys.stderr, flush=True)

    if not given.json:
        print(json.dumps(machine_description, indent=1))
    names = [given.only] if given.only else list(NAMES)
    found = {name: measure(name, given, say) for name in names}
    if given.json:
        print(json.dumps({**(found[given.only] if given.only else found), "machine": machine_description}))
    else:
        for name, figures in found.items():
            show(name, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
