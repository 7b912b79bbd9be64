"""How fast a CSV of contacts is imported: rows per second for a fresh file and for the same file again.

Rows per second of this process's CPU time leave out other load (and, with PostgreSQL, the server's work).
`longest_chunk_ms` is the longest transaction: so long others wait for SQLite's write lock. With --beside somebody else
writes to SQLite all the time, every 50 ms, and their longest and median waits are told.

python -m bench.import_contacts [--rows 200000] [--database sqlite|postgresql|both] [--beside]
"""

import argparse
import asyncio
import json
import os
import random
import resource
import sqlite3
import statistics
import tempfile
import threading
import time
from contextlib import nullcontext
from pathlib import Path

from tests import servers


def write_file(path: Path, rows: int) -> None:
    """A file as real exports are: several spellings of phones, tags, zones, one custom column, 2 % duplicates."""
    chance = random.Random(1)
    first = ["Anna", "Ben", "Zoë", "Jean-Luc", "Dmitri", "Fátima", "Søren", "Wei", "Nadia", "João"]
    last = ["Müller", "Smith", "García", "Nguyễn", "Kowalczyk", "Ferreira", "O'Brien", "Šimek", "Li", "Berg"]
    firms = ["Acme, Inc.", "Globex", "Café Zoë", "Nordlicht GmbH", "Initech", ""]
    zones = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "", "Australia/Lord_Howe"]
    tags = ["", "vip", "vip, beta", "news"]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("E-Mail;Vorname;Nachname;Firma;Mobil;Zeitzone;Tags;LTV\r\n")
        for n in range(rows):
            number = n if chance.random() > 0.02 else chance.randrange(n + 1)
            phone = f"0151 {20000000 + number:08d}" if chance.random() < 0.6 else ""
            firm = chance.choice(firms)
            file.write(
                f"p{number}.{chance.randrange(10)}@mail{number % 500}.example.com;{chance.choice(first)};"
                f"{chance.choice(last)};{firm};{phone};{chance.choice(zones)};{chance.choice(tags)};{n % 1000}\r\n"
            )


async def measure(file: Path, beside: bool = False) -> dict[str, float]:
    """Import the file twice into an empty database."""
    from campaign_app.audience import import_run, imports
    from campaign_app.core import db
    from campaign_app.models import metadata

    async with db.engines().write.begin() as connection:
        await connection.run_sync(metadata.create_all)
    found: dict[str, float] = {}
    chunks: list[float] = []
    next_size = import_run.next_size

    def noting(rows: int, seconds: float, goal: float) -> int:
        chunks.append(seconds)
        return next_size(rows, seconds, goal)

    import_run.next_size = noting
    for name in ("first", "again"):
        chunks.clear()
        began, used = time.perf_counter(), time.process_time()
        with Neighbour() if beside else nullcontext() as neighbour:
            report = await imports.run_now(file, "Everyone", "DE")
        seconds = time.perf_counter() - began
        found |= {f"{name}_seconds": round(seconds, 2), f"{name}_rows_per_second": round(report["data_rows"] / seconds)}
        found[f"{name}_rows_per_cpu_second"] = round(report["data_rows"] / (time.process_time() - used))
        found[f"{name}_created"] = report["contacts_created"]
        found[f"{name}_chunks"], found[f"{name}_longest_chunk_ms"] = len(chunks), round(max(chunks) * 1000)
        if neighbour:
            found[f"{name}_neighbour_waits_ms"] = round(max(neighbour.waits) * 1000)
            found[f"{name}_neighbour_median_ms"] = round(statistics.median(neighbour.waits) * 1000)
    import_run.next_size = next_size
    await db.dispose()
    found["peak_memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return found


class Neighbour:
    """Somebody else who takes SQLite's write lock every 50 ms; `waits` are the seconds until they had it."""

    def __init__(self) -> None:
        from campaign_app.core.config import settings

        self.waits: list[float] = []
        self._path = settings().database.split("///", 1)[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def _work(self) -> None:
        connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        while not self._over.wait(0.05):
            began = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            self.waits.append(time.perf_counter() - began)
            connection.execute("ROLLBACK")
        connection.close()

    def __enter__(self) -> "Neighbour":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def run(database: str, rows: int, beside: bool) -> None:
    """One database in a scratch directory."""
    from campaign_app.core.config import settings

    with tempfile.TemporaryDirectory() as folder, servers.redis_server(Path(folder)) as redis_url:
        file = Path(folder) / "contacts.csv"
        write_file(file, rows)
        os.environ |= {"REDIS_URL": f"{redis_url}/0", "BEACON_VAR": folder, "DATABASE_URL": ""}
        settings.cache_clear()
        size = file.stat().st_size
        if database == "sqlite":
            found = asyncio.run(measure(file, beside))
        else:
            with servers.postgres_server(Path(folder) / "pg") as server:
                servers.create_database(server, "bench")
                os.environ["DATABASE_URL"] = servers.database_url(server, "bench")
                settings.cache_clear()
                found = asyncio.run(measure(file))
        print(json.dumps({"database": database, "rows": rows, "file_mb": round(size / 1e6, 1), **found}))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--beside", action="store_true", help="SQLite: somebody else writes at the same time")
    given = parser.parse_args()
    for database in ["sqlite", "postgresql"] if given.database == "both" else [given.database]:
        run(database, given.rows, given.beside)


if __name__ == "__main__":
    main()
