"""A process's heartbeat for the watchdog: a counter that its event loop increments twice a second.

Only a running event loop increments it. A stopped process or an endless computation does not, and no other thread
may do it instead. The watcher (launcher/watch.py) names a folder in BEACON_PULSE; without it
nothing is written. SIGUSR1 writes the stacks of all threads beside the counter, also out of a computation in C.
"""

import asyncio
import faulthandler
import os
import signal
import struct
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from campaign_app.core import logging

FOLDER: Final = "BEACON_PULSE"
EVERY_S: Final = 0.5
STACKS: Final = ".stacks"
_LAYOUT: Final = struct.Struct("<Qd24s")  # counter, further patience in seconds, role
_COUNTER: Final = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Beat:
    """A process's last heartbeat. `slack_s`: additional seconds it may take for one step."""

    pid: int
    counter: int
    slack_s: float
    role: str


class Pulse:
    """The counter of this process. The watch begins with it and ends with `end`."""

    def __init__(self, role: str, slack_s: float = 0.0) -> None:
        self._counter = 0
        self._file = -1
        self._path = Path()
        if folder := os.environ.get(FOLDER):
            with suppress(OSError):
                self._open(Path(folder), _LAYOUT.pack(0, slack_s, role.encode()[:24]))

    def _open(self, folder: Path, content: bytes) -> None:
        stacks = os.open(folder / f"{os.getpid()}{STACKS}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        faulthandler.register(signal.SIGUSR1, file=stacks, all_threads=True)
        draft, self._path = folder / f".{os.getpid()}", folder / str(os.getpid())
        draft.write_bytes(content)
        draft.replace(self._path)
        self._file = os.open(self._path, os.O_WRONLY)

    def beat(self) -> None:
        """Increment the counter; also follow a rotated log file."""
        logging.follow_rotation()
        if self._file >= 0:
            self._counter += 1
            with suppress(OSError):
                os.pwrite(self._file, _COUNTER.pack(self._counter), 0)

    def end(self) -> None:
        """End the heartbeat: from now on the process may take any time."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._path.unlink(missing_ok=True)


@asynccontextmanager
async def kept(role: str) -> AsyncIterator[None]:
    """Send heartbeats from the running loop inside this block."""
    pulse = Pulse(role)

    async def keep() -> None:
        while True:
            pulse.beat()
            await asyncio.sleep(EVERY_S)

    task = asyncio.get_running_loop().create_task(keep(), name="pulse")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        pulse.end()


def keep_in_thread(role: str) -> None:
    """Heartbeats from a thread, for a process without event loop that only waits for its children."""
    pulse = Pulse(role)

    def keep() -> None:
        while True:
            pulse.beat()
            time.sleep(EVERY_S)

    threading.Thread(target=keep, name="pulse", daemon=True).start()


def beats(folder: Path) -> list[Beat]:
    """The last heartbeat of every process in a folder."""
    found = []
    for path in folder.iterdir():
        if path.name.isdecimal():
            with suppress(OSError, struct.error):
                counter, slack_s, role = _LAYOUT.unpack(path.read_bytes())
                found.append(Beat(int(path.name), counter, slack_s, role.rstrip(b"\0").decode()))
    return found
