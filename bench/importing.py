"""The CSV import beside a row-by-row ORM import of the same file: rows per second, and peak memory of the import."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import import_contacts
from bench.installation import installed
from bench.references import orm_import
from bench.target import ROOT


def run(given: Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Per database: a fresh file, the same file again, the ORM, and the median of the rounds' ratios."""
    shown: dict[str, Any] = {}
    for database in given.databases:
        rounds: dict[str, list[float]] = defaultdict(list)
        for number in range(given.rounds):
            say(f"{database}, round {number + 1} of {given.rounds}, {given.rows:,} rows")
            ours = _ours(database, given.rows)
            orm = _orm(database, given.orm_rows)
            rounds["rows_per_second"].append(ours["first_rows_per_second"])
            rounds["again_rows_per_second"].append(ours["again_rows_per_second"])
            rounds["peak_memory_mb"].append(ours["peak_memory_mb"])
            rounds["orm_rows_per_second"].append(orm)
            rounds["ratio"].append(ours["first_rows_per_second"] / orm)
            say(f"  {ours['first_rows_per_second']:,.0f} rows/s, ORM {orm:,.0f} rows/s")
        shown[database] = {name: round(statistics.median(found), 1) for name, found in rounds.items()}
    return {**shown, "rows": given.rows, "orm_rows": given.orm_rows}


def _ours(database: str, rows: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.import_contacts", "--rows", str(rows), "--database", database]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _orm(database: str, rows: int) -> float:
    with installed(database) as installation, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "contacts.csv"
        import_contacts.write_file(file, rows)
        began = time.perf_counter()
        installation.run(orm_import.run(file))
        return rows / (time.perf_counter() - began)
