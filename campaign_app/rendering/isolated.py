"""Reads, checks and renders what people wrote, in a process that can be killed. This is the only way to do it.

A job is a function of a channel's `jobs` module. Each runs for milliseconds in its own process, under limits of
processor time and memory that the kernel enforces (`process`). A few run at once, at most two per person, so that one
author's template cannot delay the others.
"""

import asyncio
import atexit
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from campaign_app.core import logging
from campaign_app.core.config import ROOT
from campaign_app.core.errors import TooMany, Unavailable
from campaign_app.rendering import jobs
from campaign_app.rendering.errors import RenderError, TemplateInvalid, TooSlow
from campaign_app.rendering.process import LENGTH, MAX_FRAME, WALL_S, frame

AT_ONCE = 4
OF_ONE_PERSON = 2
WAITING = 200
WAITING_OF_ONE_PERSON = 40
PUBLIC = "public"
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_TIME", "TZ", "PYTHONPATH", "PYTHONHASHSEED", "VIRTUAL_ENV")
log = logging.get("rendering")

Job = Callable[..., Any]


class NotRunning(Unavailable):
    """The rendering process does not answer. The template is not the cause, and the next attempt may work."""

    code = "rendering_unavailable"

    def __init__(self) -> None:
        super().__init__("The message could not be made just now. Try again in a moment.", title="Not made")


class _Line:
    """The queue of jobs: AT_ONCE run in all, OF_ONE_PERSON per person, the others wait in order."""

    def __init__(self) -> None:
        self._running: Counter[str] = Counter()
        self._waiting: deque[tuple[str, asyncio.Future[None]]] = deque()

    def _may(self, who: str) -> bool:
        return self._running.total() < AT_ONCE and self._running[who] < OF_ONE_PERSON

    @contextlib.asynccontextmanager
    async def turn(self, who: str) -> AsyncIterator[None]:
        """Wait for a turn and keep it.

        Raises:
            TooMany: too many are waiting already.
        """
        if self._may(who):
            self._running[who] += 1
        else:
            await self._wait(who)
        try:
            yield
        finally:
            self._running[who] -= 1
            self._next()

    async def _wait(self, who: str) -> None:
        of_this_person = sum(other == who for other, _ in self._waiting)
        if len(self._waiting) >= WAITING or of_this_person >= WAITING_OF_ONE_PERSON:
            raise TooMany("Too many previews are being made. Wait a moment and try again.", 2.0, title="Busy")
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((who, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._running[who] -= 1
            self._waiting = deque(waiting for waiting in self._waiting if waiting[1] is not turn)
            self._next()
            raise

    def _next(self) -> None:
        for waiting in list(self._waiting):
            who, turn = waiting
            if not turn.done() and self._may(who):
                self._waiting.remove(waiting)
                self._running[who] += 1
                turn.set_result(None)


class _Process:
    """The process that forks for each job. It is started when needed and restarted after it has ended."""

    def __init__(self) -> None:
        self._pid = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def hand_over(self, connection: socket.socket, seconds: float) -> None:
        """Pass a job's socket to the process, which forks for it."""
        for _ in range(2):
            control = self.begin()
            try:
                socket.send_fds(control, [str(seconds).encode()], [connection.fileno()])
            except BlockingIOError:
                raise NotRunning from None
            except OSError as error:
                log.warning("rendering process lost, starting another", error=type(error).__name__)
                self.close()
            else:
                return
        raise NotRunning

    def begin(self) -> socket.socket:
        """The socket to the process. It is started if it is not running, and again after this process has forked."""
        if self._control is not None and self._pid == os.getpid():
            return self._control
        return self._start()

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
                    [sys.executable, "-m", "campaign_app.rendering.process", str(theirs.fileno()), *jobs.modules()],
                    pass_fds=[theirs.fileno()],
                    cwd=ROOT,
                    env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
                    stdin=subprocess.DEVNULL,
                )
            except OSError:
                ours.close()
                raise NotRunning from None
        ours.setblocking(False)
        self._pid, self._control = os.getpid(), ours
        return ours

    def close(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None and self._pid == os.getpid():
            self._process.kill()
            self._process.wait()
            self._process = None


_process = _Process()
_lines: WeakKeyDictionary[asyncio.AbstractEventLoop, _Line] = WeakKeyDictionary()
_tasks: set[asyncio.Task[Any]] = set()
atexit.register(_process.close)


def begin() -> None:
    """Start the process before somebody waits for it. Loading takes a tenth of a second."""
    with contextlib.suppress(NotRunning):  # the first job tries again
        _process.begin()


def end() -> None:
    """End the process. It also ends with this process."""
    _process.close()


@contextlib.asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """Runs the rendering process as long as the web process."""
    begin()
    try:
        yield
    finally:
        end()


async def run(who: str, seconds: float, job: Job, *arguments: Any) -> Any:
    """Run a job with a limit of processor time. Arguments and result are JSON values.

    Raises:
        RenderError: the message is wrong, or rendering takes too long. NotRunning, TooMany: try again later.
    """
    name = f"{job.__module__}:{job.__name__}"
    try:
        body = json.dumps([name, *arguments], ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")
    except ValueError:  # a number with thousands of digits
        raise RenderError("A field of the contact cannot be written", part="contact") from None
    if len(body) > MAX_FRAME:
        raise RenderError("The message and its contacts are too large")
    task = asyncio.create_task(_in_turn(who, seconds, body))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    answer = json.loads(await asyncio.shield(task))  # a job whose caller was cancelled still occupies its turn
    if answer[0] == "ok":
        return answer[1]
    raise _error(*answer[1:])


def _error(code: str, message: str, part: str, line: int | None) -> RenderError:
    kinds: dict[str, type[RenderError]] = {kind.code: kind for kind in (TemplateInvalid, TooSlow)}
    return kinds.get(code, RenderError)(message, part=part, line=line)


async def _in_turn(who: str, seconds: float, body: bytes) -> bytes:
    line = _lines.setdefault(asyncio.get_running_loop(), _Line())
    async with line.turn(who):
        for _ in range(2):
            try:
                return await _run(seconds, body)
            except _Lost:
                _process.close()  # the next job starts another
        raise NotRunning


class _Lost(Exception):
    """The process ended before it accepted the job."""


async def _run(seconds: float, body: bytes) -> bytes:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            _process.hand_over(theirs, seconds)
        ours.setblocking(False)
        try:
            async with asyncio.timeout(WALL_S):
                await _taken(ours)
                began = monotonic()
                try:
                    return await _answer(ours, body)
                except (EOFError, ConnectionError):
                    return jobs.refused(_killed(seconds, monotonic() - began))
        except TimeoutError:
            raise NotRunning from None


async def _taken(connection: socket.socket) -> None:
    try:
        await _exactly(connection, 1)
    except (EOFError, ConnectionError):
        raise _Lost from None


def _killed(seconds: float, took: float) -> RenderError:
    if took < seconds * 0.9:  # too early to have used up its processor time
        return RenderError("Making the message needs too much memory")
    return TooSlow(f"The template takes too long: more than {seconds:g} s of computing")


async def _answer(connection: socket.socket, body: bytes) -> bytes:
    await asyncio.get_running_loop().sock_sendall(connection, frame(body))
    (size,) = LENGTH.unpack(await _exactly(connection, LENGTH.size))
    return await _exactly(connection, size)


async def _exactly(connection: socket.socket, size: int) -> bytes:
    loop, pieces = asyncio.get_running_loop(), bytearray()
    while len(pieces) < size:
        piece = await loop.sock_recv(connection, min(size - len(pieces), 1 << 18))
        if not piece:
            raise EOFError
        pieces += piece
    return bytes(pieces)
