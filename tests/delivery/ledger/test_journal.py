"""The journal survives its worker, tells who is dead, and never tears."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from campaign_app.delivery.ledger import journal
from campaign_app.delivery.ledger.journal import CAPACITY, Journal, State

KILLED = """
import os, signal, sys
from pathlib import Path
from campaign_app.delivery.ledger.journal import Journal, State
book = Journal("dead", regions=4, where=Path(sys.argv[1]))
one = book.acquire(11, 3)
first = one.append([(100, 0), (101, 1), (102, 0), (103, 2)])
for slot, state in enumerate((State.HANDED_OVER, State.ACCEPTED, State.REFUSED)):
    one.mark(first + slot, state)
two = book.acquire(12, 1)
two.append([(200, 0)])
two.release()
print("ready", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def _killed(where: Path) -> None:
    process = subprocess.run([sys.executable, "-c", KILLED, str(where)], capture_output=True, text=True, check=False)
    assert process.returncode == -signal.SIGKILL, process.stderr


def test_what_was_known_survives_sigkill(tmp_path: Path) -> None:
    _killed(tmp_path)
    (dead,) = journal.dead_journals(tmp_path)
    assert dead.record.worker == "dead"
    assert dead.record.trusted
    assert set(dead.record.leases) == {(11, 3)}  # the released region is not there any more
    known = [(entry.delivery_id, entry.attempts, entry.state) for entry in dead.record.leases[11, 3]]
    assert known == [
        (100, 0, State.HANDED_OVER),
        (101, 1, State.ACCEPTED),
        (102, 0, State.REFUSED),
        (103, 2, State.NONE),
    ]
    dead.close(remove=True)
    assert list(tmp_path.iterdir()) == []


def test_a_living_worker_is_not_dead(tmp_path: Path) -> None:
    book = Journal("alive", regions=1, where=tmp_path)
    assert list(journal.dead_journals(tmp_path)) == []
    assert journal.is_alive("alive.journal", tmp_path) is True
    assert journal.is_alive("other.journal", tmp_path) is None
    book.close(remove=False)
    assert journal.is_alive("alive.journal", tmp_path) is False


def test_one_settles_at_a_time(tmp_path: Path) -> None:
    _killed(tmp_path)
    (first,) = journal.dead_journals(tmp_path)
    assert list(journal.dead_journals(tmp_path)) == []
    first.close(remove=False)
    (second,) = journal.dead_journals(tmp_path)
    second.close(remove=False)


def test_regions_are_used_again_without_their_past(tmp_path: Path) -> None:
    book = Journal("worker", regions=2, where=tmp_path)
    one = book.acquire(1, 1)
    assert one is not None
    one.append([(n, 0) for n in range(CAPACITY)])
    one.mark(CAPACITY - 1, State.ACCEPTED)
    with pytest.raises(ValueError, match="512"):
        one.append([(9999, 0)])
    assert book.acquire(2, 1) is not None
    assert book.acquire(3, 1) is None
    one.release()
    again = book.acquire(4, 9)
    assert again is not None
    again.append([(7, 300)])
    book.close(remove=False)
    (dead,) = journal.dead_journals(tmp_path)
    assert [tuple(vars_of) for vars_of in _entries(dead.record.leases[4, 9])] == [(7, 255, State.NONE)]
    assert dead.record.leases[2, 1] == ()
    dead.close(remove=True)


def _entries(entries: tuple[journal.Entry, ...]) -> list[tuple[int, int, State]]:
    return [(entry.delivery_id, entry.attempts, entry.state) for entry in entries]


def test_another_boot_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _killed(tmp_path)
    monkeypatch.setattr(journal, "boot_id", lambda: "another")
    (dead,) = journal.dead_journals(tmp_path)
    assert not dead.record.trusted
    assert dead.record.leases
    dead.close(remove=True)


@pytest.mark.parametrize("raw", [b"", b"x" * 10, b"\0" * 9000, os.urandom(9000)])
def test_a_damaged_file_knows_nothing(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "broken.journal").write_bytes(raw)
    (dead,) = journal.dead_journals(tmp_path)
    assert not dead.record.trusted
    assert dead.record.leases == {}
    dead.close(remove=True)


def test_a_full_disk_stops_the_start_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space"):
        Journal("worker", where=tmp_path)
    assert list(tmp_path.iterdir()) == []
