"""Keeps children running: one that dies or hangs is reported and restarted, with growing pauses."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

from campaign_app.launcher import console
from campaign_app.launcher.children import Child
from campaign_app.launcher.console import Problem
from campaign_app.launcher.watch import Book, report

PAUSES_S = (0.5, 1, 2, 5, 10, 30)
STEADY_AFTER_S = 60.0
TICK_S = 0.2
KILLED_S = 2.0


@dataclass
class _Care:
    """The supervisor's state of a child."""

    child: Child
    started_at: float = 0.0
    deaths: int = 0
    start_again_at: float | None = None
    hung: bool = False


class Ended(Exception):
    """A child ended by itself, with this exit code (negative: killed by that signal)."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Stopped(Exception):
    """SIGTERM, SIGINT or SIGHUP arrived."""


@dataclass
class Supervisor:
    """Children in the order in which they start; they stop in reverse.

    `only_hung`: restart only what hangs; what ends by itself is left to whoever started this process.
    """

    only_hung: bool = False
    _book: Book = field(default_factory=Book)
    _cares: list[_Care] = field(default_factory=list)
    _stopping: bool = False

    def start(self, child: Child) -> None:
        """Start a child and supervise it."""
        child.start()
        self._cares.append(_Care(child, time.monotonic()))

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Raise Stopped at a safe moment after a signal that means "stop"."""

        def note(_number: int, _frame: FrameType | None) -> None:
            self._stopping = True

        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before = [signal.signal(number, note) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)

    def pause(self, seconds: float = TICK_S) -> None:
        """Sleep; raises Stopped after a stop signal."""
        end = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < end:
            time.sleep(min(0.05, seconds))
        if self._stopping:
            raise Stopped

    def wait_until(self, ready: Callable[[], bool], what: str, seconds: float) -> None:
        """Wait until `ready` returns true.

        Raises:
            Problem: a child died first, or it took too long.
            Stopped: a signal arrived.
        """
        end = time.monotonic() + seconds
        while not ready():
            for care in self._cares:
                if not care.child.running:
                    raise Problem(
                        f"{care.child.name} stopped while starting. Its last words:\n{care.child.last_words()}",
                        f"./campaign doctor   (whole log: {care.child.log})",
                    )
            if time.monotonic() > end:
                logs = ", ".join(str(care.child.log) for care in self._cares)
                raise Problem(f"{what} after {seconds:.0f} s.", f"./campaign doctor   (logs: {logs})")
            self.pause(0.1)

    def look_after(self) -> None:
        """Restart what dies or hangs, until Stopped.

        Raises:
            Ended: a child ended by itself and is not restarted (`only_hung`).
        """
        while True:
            self.pause()
            self.tend()

    def tend(self) -> None:
        """Check every child once."""
        for care in self._cares:
            self._watch(care)
            self._check(care)
            care.child.rotate()
        self._book.hand_in(time.monotonic())

    def _watch(self, care: _Care) -> None:
        """Kill processes that hang. One below a child (one of several web processes) is replaced by its parent."""
        if care.child.watch is None or not care.child.running:
            return
        for beat, silent_s in care.child.watch.look(time.monotonic()):
            hang, stacks = care.child.watch.end(beat, silent_s)
            care.child.say(report(hang, stacks))
            self._book.add(hang)
            care.hung = care.hung or (care.child.process is not None and care.child.process.pid == beat.pid)
            place = f" Stacks: {care.child.log}" if care.child.log else ""
            console.warn(f"{hang.role} (process {hang.pid}) hung for {silent_s:.0f} s and was killed.{place}")

    def _check(self, care: _Care) -> None:
        now = time.monotonic()
        if care.start_again_at is not None:
            if now >= care.start_again_at:
                care.child.start()
                care.started_at, care.start_again_at = now, None
            return
        if care.child.process is not None and care.hung:
            with suppress(subprocess.TimeoutExpired):
                care.child.process.wait(KILLED_S)  # killed just now; it may still wait for a disk
        if care.child.running:
            return
        code = care.child.process.returncode if care.child.process else 0
        if self.only_hung and not care.hung:
            raise Ended(code)
        care.hung = False
        if now - care.started_at > STEADY_AFTER_S:
            care.deaths = 0
        pause = PAUSES_S[min(care.deaths, len(PAUSES_S) - 1)]
        care.deaths += 1
        care.start_again_at = now + pause
        care.child.sweep()
        name = care.child.name
        place = f" Log: {care.child.log}" if care.child.log else ""
        console.warn(f"{name} stopped ({_why(code)}); starting it again in {pause:g} s.{place}")
        if words := care.child.last_words(3):
            console.out.print(words, markup=False, style="dim")

    def stop_all(self) -> None:
        """Stop the children, last started first; each gets its grace, then its group is killed."""
        for care in reversed(self._cares):
            care.child.ask_to_stop()
            if not care.child.finish(time.monotonic() + care.child.grace_s):
                console.warn(f"{care.child.name} did not stop in {care.child.grace_s:.0f} s and was killed.")
        self._cares.clear()


def _why(code: int) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
