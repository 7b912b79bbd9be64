"""The watchdog: who is blamed for silence and who is not. Real processes; only the clock is ours."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from campaign_app.core import clock, pulse
from campaign_app.core.db import SQLITE_BUSY_TIMEOUT_MS
from campaign_app.delivery.ledger.lease_store import WriteBatch
from campaign_app.delivery.ledger.lease_store_sqlite import LedgerGone, SqliteLeaseStore
from campaign_app.launcher import watch
from campaign_app.launcher.watch import Watch
from tests import hanging
from tests.hanging import wait

LIMIT_S = 15.0
LOOP = """
import asyncio, sys
from campaign_app.core import pulse

async def main():
    async with pulse.kept("loop"):
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


class Clock:
    """Time that passes when the test says so."""

    def __init__(self, watched: Watch) -> None:
        self.now = 1_000.0
        self.watched = watched

    def look(self) -> list[int]:
        return [beat.pid for beat, _ in self.watched.look(self.now)]

    def pass_by(self, seconds: float, step: float = 0.2) -> list[int]:
        """Look every `step`, as the supervisor does; who hangs at the end."""
        hung: list[int] = self.look()
        for _ in range(round(seconds / step)):
            self.now += step
            hung = self.look()
        return hung


@pytest.fixture
def clocked(tmp_path: Path) -> Clock:
    return Clock(Watch(tmp_path, LIMIT_S))


Start = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a process with an event loop that shows its pulse."""
    started = []
    environment = {**os.environ, pulse.FOLDER: str(tmp_path), **hanging.environment(tmp_path / "site")}

    def begin() -> "subprocess.Popen[str]":
        process = subprocess.Popen([sys.executable, "-c", LOOP], env=environment, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        wait(lambda: any(beat.pid == process.pid and beat.counter for beat in pulse.beats(tmp_path)))
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def stopped(pid: int) -> bool:
    return watch._condition(pid) == "T"


def stop(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    wait(lambda: stopped(pid))


def counter(folder: Path, pid: int) -> int:
    return next(beat.counter for beat in pulse.beats(folder) if beat.pid == pid)


def test_a_loop_that_turns_is_left_alone(clocked: Clock, start: Start, tmp_path: Path) -> None:
    process = start()
    for _ in range(3):
        clocked.pass_by(LIMIT_S - 1)
        before = counter(tmp_path, process.pid)
        wait(lambda before=before: counter(tmp_path, process.pid) > before)
        assert clocked.look() == []


def test_a_stopped_process_is_killed_after_the_limit_and_not_before(clocked: Clock, start: Start) -> None:
    process = start()
    stop(process.pid)
    assert clocked.pass_by(LIMIT_S - 0.5) == []
    assert clocked.pass_by(1.0) == [process.pid]
    [(beat, silent_s)] = clocked.watched.look(clocked.now)
    hang, stacks = clocked.watched.end(beat, silent_s)
    assert process.wait(10) == -signal.SIGKILL
    assert (hang.role, hang.pid, hang.where) == ("loop", process.pid, "")
    assert "SIGSTOP" in stacks
    assert clocked.look() == []


def test_an_endless_computation_in_c_tells_where_it_is(clocked: Clock, start: Start) -> None:
    process, other = start(), start()
    os.kill(process.pid, hanging.HANG)
    wait(lambda: hanging.is_stalled(process.pid))
    assert process.pid in clocked.pass_by(LIMIT_S + 1)
    found = next(each for each in clocked.watched.look(clocked.now) if each[0].pid == process.pid)
    hang, stacks = clocked.watched.end(*found)
    assert process.wait(10) == -signal.SIGKILL
    assert hanging.STALLED_LINE in stacks
    assert "in match" in hang.where
    assert other.poll() is None
    written = watch.report(hang, stacks)
    assert all(line.startswith("    | ") for line in written.splitlines()[1:])


def test_time_that_the_watcher_slept_through_is_nobodys_silence(clocked: Clock, start: Start) -> None:
    """A suspended machine, a container that was paused, a launcher in the debugger."""
    process = start()
    stop(process.pid)
    clocked.look()
    for _ in range(10):
        clocked.now += 3_600
        assert clocked.look() == []
    assert clocked.pass_by(LIMIT_S) == [process.pid]  # while it is awake it counts


def test_a_process_under_a_debugger_is_left_alone(clocked: Clock, start: Start) -> None:
    process = start()
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    if ptrace(16, process.pid, 0, 0) != 0:  # PTRACE_ATTACH
        pytest.skip(f"this system lets nobody attach: {os.strerror(ctypes.get_errno())}")
    os.waitpid(process.pid, os.WUNTRACED)
    assert watch.is_debugged(process.pid)
    assert clocked.pass_by(10 * LIMIT_S) == []
    ptrace(17, process.pid, 0, 0)  # PTRACE_DETACH


def test_the_watch_begins_with_the_first_beat(clocked: Clock, tmp_path: Path) -> None:
    """A start, a build, a migration take as long as they take."""
    environment = {**os.environ, pulse.FOLDER: str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", "input()"], env=environment, stdin=subprocess.PIPE)
    assert clocked.pass_by(100 * LIMIT_S, step=1.0) == []
    process.communicate(b"\n")
    assert process.returncode == 0


def test_a_process_that_ended_is_forgotten_and_zero_switches_off(tmp_path: Path, start: Start) -> None:
    process = start()
    never = Clock(Watch(tmp_path, 0))
    stop(process.pid)
    assert never.pass_by(10 * LIMIT_S) == []
    process.kill()
    wait(lambda: watch._condition(process.pid) == "Z")
    assert never.look() == []
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(str(process.pid))]


@pytest.mark.usefixtures("sqlite_database", "redis_url")
async def test_the_ledgers_process_is_watched_with_the_patience_of_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may wait for SQLite's write lock; the worker's loop turns meanwhile and would never notice."""
    folder = tmp_path / "pulse"
    folder.mkdir()
    monkeypatch.setenv(pulse.FOLDER, str(folder))
    store, clocked = SqliteLeaseStore(), Clock(Watch(folder, LIMIT_S))
    try:
        await store.write(WriteBatch(), clock.now())
        assert store._process is not None
        pid = store._process.pid
        assert [beat.role for beat in pulse.beats(folder)] == ["ledger"]
        stop(pid)
        assert clocked.pass_by(LIMIT_S + SQLITE_BUSY_TIMEOUT_MS / 1000 - 1) == []
        assert clocked.pass_by(2.0) == [pid]
        [(beat, silent_s)] = clocked.watched.look(clocked.now)
        clocked.watched.end(beat, silent_s)
        with pytest.raises(LedgerGone):
            await store.write(WriteBatch(), clock.now())
        await store.write(WriteBatch(), clock.now())
        assert store._process.pid != pid
    finally:
        await store.close()


def test_where_is_the_innermost_step_of_the_thread_that_runs() -> None:
    stacks = (
        'Thread 0x1 (most recent call first):\n  File "/a/waiting.py", line 3 in wait\n\n'
        'Current thread 0x2 (most recent call first):\n  File "/b/busy.py", line 7 in work\n  File "x.py", line 1 in m'
    )
    assert watch.where(stacks) == "busy.py, line 7, in work"
    assert watch.where("nothing") == ""
