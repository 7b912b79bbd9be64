"""The watchdog: finds processes whose event loop does not run, logs their stacks and kills them.

Only time in which the watchdog itself ran is counted, so that a suspended machine, a stopped container or a waiting
launcher does not kill processes. A process under a debugger is ignored.
"""

import asyncio
import os
import re
import signal
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from campaign_app.core import clock, logging, pulse, redis
from campaign_app.core.pulse import Beat
from campaign_app.ops import hangs
from campaign_app.ops.hangs import Hang

MOST_AWAKE_S = 1.0
"""The most seconds that one check counts, because the watchdog may have been stopped as well."""
STACKS_S = 2.0
RECORD_S = 3.0
RECORD_AGAIN_S = 5.0
_FRAME = re.compile(r'File "(.+)", line (\d+) in (\S+)')


@dataclass
class _Seen:
    counter: int
    silent_s: float = 0.0


@dataclass
class Watch:
    """The processes with heartbeats in one folder. They may be silent for `limit_s`; 0 = no limit."""

    folder: Path
    limit_s: float
    _seen: dict[int, _Seen] = field(default_factory=dict)
    _looked_at: float | None = None

    def look(self, now: float) -> list[tuple[Beat, float]]:
        """Processes that have been silent for too long, and for how long; `now` is monotonic."""
        awake = 0.0 if self._looked_at is None else min(now - self._looked_at, MOST_AWAKE_S)
        self._looked_at = now
        hung = []
        beats = {beat.pid: beat for beat in pulse.beats(self.folder)}
        self._seen = {pid: seen for pid, seen in self._seen.items() if pid in beats}
        for pid, beat in beats.items():
            if _condition(pid) in {"", "Z"}:
                self.forget(pid)
                continue
            seen = self._seen.setdefault(pid, _Seen(beat.counter))
            if seen.counter != beat.counter or is_debugged(pid):
                seen.counter, seen.silent_s = beat.counter, 0.0
            else:
                seen.silent_s += awake
            if self.limit_s and seen.silent_s >= self.limit_s + beat.slack_s:
                hung.append((beat, seen.silent_s))
        return hung

    def end(self, beat: Beat, silent_s: float) -> tuple[Hang, str]:
        """Log the process's stacks, then kill it."""
        stacks = self._stacks(beat.pid)
        with suppress(ProcessLookupError):
            os.kill(beat.pid, signal.SIGKILL)
        self.forget(beat.pid)
        return Hang(clock.now(), beat.role, socket.gethostname(), beat.pid, round(silent_s, 1), where(stacks)), stacks

    def _stacks(self, pid: int) -> str:
        """The stacks of all its threads. A stopped process (SIGSTOP) cannot write them."""
        if _condition(pid) == "T":
            return "The process was stopped (SIGSTOP): its stacks are not available."
        path = self.folder / f"{pid}{pulse.STACKS}"
        with suppress(OSError):
            before = path.stat().st_size
            os.kill(pid, signal.SIGUSR1)
            end, size = time.monotonic() + STACKS_S, before
            while time.monotonic() < end:
                time.sleep(0.1)
                if before < (now := path.stat().st_size) == size:
                    break
                size = now
            with path.open("rb") as file:
                file.seek(before)
                return file.read(200_000).decode(errors="replace") or "Its stacks are not available."
        return "Its stacks are not available."

    def forget(self, pid: int) -> None:
        """Forget a process that has ended."""
        self._seen.pop(pid, None)
        for name in (str(pid), f"{pid}{pulse.STACKS}"):
            (self.folder / name).unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget all processes."""
        for path in self.folder.iterdir():
            path.unlink(missing_ok=True)
        self._seen.clear()


def where(stacks: str) -> str:
    """The innermost step of the thread that runs, else of the first one."""
    _, _, current = stacks.partition("Current thread")
    found = _FRAME.search(current) or _FRAME.search(stacks)
    return f"{Path(found[1]).name}, line {found[2]}, in {found[3]}" if found else ""


def _status(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _condition(pid: int) -> str:
    """R, S, T, Z, … as the kernel says; "" for a process that is gone, "?" where there is no /proc."""
    if Path("/proc/self").exists():
        return _status(pid).get("State", "")[:1]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    return "?"


def is_debugged(pid: int) -> bool:
    """Whether it is traced by a debugger."""
    return _status(pid).get("TracerPid", "0") != "0"


def report(hang: Hang, stacks: str) -> str:
    """The text for the log: what happened, then the stacks."""
    head = (
        f"{hang.at:%Y-%m-%dT%H:%M:%SZ} [watchdog] {hang.role} (process {hang.pid}) did not answer for "
        f"{hang.silent_s:g} s and was killed. Position: {hang.where or 'not known'}"
    )
    return f"{head}\n{logging.block(stacks.splitlines())}\n"


@dataclass
class Book:
    """Reports of hangs for Redis, where every host reads them. They wait while Redis is not available."""

    _waiting: list[Hang] = field(default_factory=list)
    _due: float = 0.0

    def add(self, hang: Hang) -> None:
        """One more."""
        self._waiting.append(hang)

    def hand_in(self, now: float) -> None:
        """Send waiting reports, unless that has just failed."""
        if not self._waiting or now < self._due:
            return
        self._due = now + RECORD_AGAIN_S
        with suppress(Exception):  # whatever the error: it is tried again
            asyncio.run(_record(self._waiting))
            self._waiting.clear()


async def _record(waiting: Sequence[Hang]) -> None:
    try:
        async with asyncio.timeout(RECORD_S):
            await hangs.record(waiting)
    finally:
        await redis.dispose()
