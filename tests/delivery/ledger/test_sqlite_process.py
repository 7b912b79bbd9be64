"""SQLite's ledger in a process of its own: it dies with its worker, and a worker outlives it."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from campaign_app.core import clock
from campaign_app.delivery.ledger import journal, sql_sqlite
from campaign_app.delivery.ledger.journal import Journal
from campaign_app.delivery.ledger.lease_store import LeaseOwner, WriteBatch
from campaign_app.delivery.ledger.lease_store_sqlite import LedgerGone, SqliteLeaseStore
from tests.delivery import factory
from tests.delivery.conftest import launch
from tests.stack import ROOT

pytestmark = [pytest.mark.usefixtures("sqlite_database", "redis_url")]
OWNER = LeaseOwner("w", "h", "j")


async def _campaign(count: int = 30) -> int:
    campaign_id = await factory.campaign(await factory.account(), [await factory.audience(count)])
    await launch(campaign_id)
    return campaign_id


def _gone(pid: int) -> bool:
    """Whether a process has ended (a zombie whose parent does not look has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def _wait(true: object, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.01)


async def test_a_ledger_that_was_killed_is_started_again() -> None:
    campaign_id = await _campaign()
    store = SqliteLeaseStore()
    try:
        assert await store.write(WriteBatch(), clock.now()) is not None
        assert store._process is not None
        first = store._process.pid
        waiting = asyncio.gather(*(store.claim(campaign_id, OWNER, 10, clock.now()) for _ in range(2)))
        os.kill(first, signal.SIGKILL)
        with pytest.raises(LedgerGone):
            await waiting
        claimed = await store.claim(campaign_id, OWNER, 10, clock.now())
        assert store._process.pid != first
        assert claimed is None or len(claimed.rows) == 10  # the one before may have been committed
    finally:
        await store.close()


async def test_errors_of_the_database_come_back_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign_id = await _campaign()
    store = SqliteLeaseStore()
    monkeypatch.setattr(store, "_path", str(Path(store._path).with_name("another.db")))
    try:
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await store.claim(campaign_id, OWNER, 10, clock.now())
        with pytest.raises(sqlite3.OperationalError, match="no such table"):  # and goes on answering
            await store.claim(campaign_id, OWNER, 10, clock.now())
    finally:
        await store.close()


async def test_closing_ends_the_process() -> None:
    store = SqliteLeaseStore()
    await store.write(WriteBatch(), clock.now())
    process = store._process
    assert process is not None
    await store.close()
    assert process.poll() is not None


WORKER = """
import asyncio, sys
from pathlib import Path
from campaign_app.core import clock
from campaign_app.delivery.ledger.lease_store import WriteBatch
from campaign_app.delivery.ledger.lease_store_sqlite import SqliteLeaseStore
from campaign_app.delivery.ledger.journal import Journal

async def main():
    journal = Journal("dying")
    store = SqliteLeaseStore([journal.fileno])
    await store.write(WriteBatch(), clock.now())
    print(store._process.pid, journal.path, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_it_dies_with_its_worker_and_counts_as_it_until_then(var_dir: Path) -> None:
    """The journal's lock is free, so that others settle its leases, only when neither can write any more."""
    worker = subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    pid, path = worker.stdout.readline().split()
    assert journal.is_alive(Path(path).name)
    worker.kill()
    worker.wait()
    worker.stdout.close()
    _wait(lambda: _gone(int(pid)))
    _wait(lambda: not journal.is_alive(Path(path).name))


def test_the_lock_is_held_as_long_as_anybody_has_the_file(var_dir: Path) -> None:
    kept = Journal("held")
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(kept.fileno,))
    kept.close(remove=False)
    assert journal.is_alive(kept.path.name)
    child.communicate(b"\n")
    assert not journal.is_alive(kept.path.name)


def test_times_travel_as_text() -> None:
    now = clock.now()
    assert sql_sqlite.read_time(sql_sqlite.time(now)) == now
    whole = now.replace(microsecond=0)
    assert sql_sqlite.time(whole).endswith(".000000")
    assert sql_sqlite.read_time(sql_sqlite.time(whole)) == whole


def test_the_process_is_light() -> None:
    """Each worker has one: no database toolkit is loaded into it."""
    asked = (
        "import sys, campaign_app.delivery.ledger.sqlite_process; print({'sqlalchemy', 'sqlmodel'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    assert found.stdout.strip() == "set()"
