"""The rendering process: `python -m campaign_app.rendering.process FD MODULE…`.

It loads all modules and forks for each job. So a job starts within milliseconds, leaves nothing behind, and is killed
by the kernel when its processor time is used up. Jobs arrive as sockets over FD, each with one byte for its time limit.
The process has no settings, no secrets and no database. It ends when its parent ends.
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
    """A message as sent over the socket: its length, then the body."""
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
    """Set the limits of this job. The kernel kills it when it exceeds them."""
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
    """Run one job, in the forked process."""
    for number in (signal.SIGCHLD, signal.SIGPROF, signal.SIGALRM, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    _die_with_parent()
    _limit(seconds)
    connection.sendall(b"\1")  # the job was accepted
    (size,) = LENGTH.unpack(_exactly(connection, LENGTH.size))
    request = json.loads(_exactly(connection, min(size, MAX_FRAME)))
    answer = json.dumps(jobs.answer(*request), ensure_ascii=False).encode("utf-8", "surrogatepass")
    if len(answer) > MAX_FRAME:
        answer = json.dumps(jobs.too_large()).encode()
    connection.sendall(frame(answer))


def serve(control: socket.socket) -> None:
    """Fork for each job until the parent has ended."""
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
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):  # with SIGCHLD ignored, children leave no zombies
        signal.signal(number, signal.SIG_IGN)
    _die_with_parent()
    for module in sys.argv[2:]:
        import_module(module)
    gc.freeze()  # so that jobs share the memory of loaded modules
    serve(socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    main()
