"""The contact list: milliseconds on the server for its pages, searches, filters and counts (see bench.contacts)."""

import re
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from bench.target import ROOT

_LINE = re.compile(r"^\s*([\d.]+) ms\s+\(CPU\s+([\d.]+) ms\)\s+(.+)$")


def run(given: Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Per database: each question with its median milliseconds."""
    shown: dict[str, Any] = {}
    for database in given.databases:
        say(f"{database}, {given.rows:,} contacts")
        command = [sys.executable, "-m", "bench.contacts", "--rows", str(given.rows), "--database", database]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        found = [match.groups() for line in done.stdout.splitlines() if (match := _LINE.match(line))]
        questions = [{"question": name, "ms": float(ms), "cpu_ms": float(cpu)} for ms, cpu, name in found]
        slowest = max(questions, key=lambda question: float(question["ms"]))
        say(f"  slowest: {slowest}")
        shown[database] = {"slowest_ms": slowest["ms"], "questions": questions}
    return {**shown, "rows": given.rows}
