"""The process that reads and renders what people write: `python -m campaign_app.rendering.process FD MODULE…`.

It has loaded everything and runs no template itself: for each job it forks, so a job starts within milliseconds, leaves
nothing behind, and is killed by the kernel when its processor time is used up. Jobs come as sockets over FD, one byte
each that says how much time it has. It has no settings, no secrets, no database. It ends when its parent does.
"""

import ctypes
import gc
import json
import os
import resource
import signal
import socket
import struct
import sys
from importlib import import_module
from pathlib import Path

from campaign_app.rendering import jobs

LENGTH = struct.Struct("<I")
MAX_FRAME = 24_000_000
MEMORY = 256 * 1024 * 1024
WALL_S = 60.0
_NICER = 5
_PR_SET_PDEATHSIG = 1


def frame(body: bytes) -> bytes:
    """A message as it travels: its length, then itself."""
    return LENGTH.pack(len(body)) + body


def _exactly(connection: socket.socket, size: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < size:
        piece = connection.recv(min(size - len(pieces), 1 << 20))
        if not piece:
            raise EOFError
        pieces += piece
    return bytes(pieces)


def _die_with_parent() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def _limit(seconds: float) -> None:
    """What this job may use; the kernel ends it, whatever it is doing."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, WALL_S)
    whole = int(seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform.startswith("linux"):
        most = _address_space() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    os.nice(_NICER)


def _work(connection: socket.socket, seconds: float) -> None:
    """One job, in a process of its own."""
    for number in (signal.SIGCHLD, signal.SIGPROF, signal.SIGALRM, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    _die_with_parent()
    _limit(seconds)
    connection.sendall(b"\1")  # taken
    (size,) = LENGTH.unpack(_exactly(connection, LENGTH.size))
    request = json.loads(_exactly(connection, min(size, MAX_FRAME)))
    answer = json.dumps(jobs.answer(*request), ensure_ascii=False).encode("utf-8", "surrogatepass")
    if len(answer) > MAX_FRAME:
        answer = json.dumps(jobs.too_large()).encode()
    connection.sendall(frame(answer))


def serve(control: socket.socket) -> None:
    """Fork for each job until the parent is gone."""
    while True:
        data, descriptors, _flags, _address = socket.recv_fds(control, 16, 1)
        if not data:
            return
        if not descriptors:
            continue
        if os.fork() == 0:
            control.close()
            try:
                _work(socket.socket(fileno=descriptors[0]), float(data))
            finally:
                os._exit(0)
        os.close(descriptors[0])


def main() -> None:
    """Entry point."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):  # ignored children leave no zombies
        signal.signal(number, signal.SIG_IGN)
    _die_with_parent()
    for module in sys.argv[2:]:
        import_module(module)
    gc.freeze()  # what was loaded stays shared between the jobs
    serve(socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    main()
