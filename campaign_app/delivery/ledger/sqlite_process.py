"""The process that writes the ledger on SQLite for one worker.

Started as `python -m campaign_app.delivery.ledger.sqlite_process FD`.
It answers requests from a socket in their order; the first one names the database. It ends when the worker does: the
kernel kills it with its parent, and a closed socket ends it anyway. Ctrl-C and SIGTERM are the worker's business.
"""

import contextlib
import ctypes
import pickle
import select
import signal
import socket
import sqlite3
import struct
import sys
from typing import Any

from campaign_app.core import pulse
from campaign_app.core.db import SQLITE_BUSY_TIMEOUT_MS
from campaign_app.delivery.ledger.sqlite_ledger import SqliteLedger

LENGTH = struct.Struct("<I")
_PR_SET_PDEATHSIG = 1


Answer = tuple[str, Any]
"""What a request led to: an error's words (else empty), and the value."""


def frame(message: Any) -> bytes:
    """A message as it travels: its length, then itself."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def _exactly(connection: socket.socket, size: int) -> bytes:
    """So many bytes; fewer when the other side has gone."""
    pieces = []
    while size:
        piece = connection.recv(min(size, 1 << 20))
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _next(connection: socket.socket) -> tuple[Any, ...] | None:
    """The next request; None when the worker is gone."""
    head = _exactly(connection, LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    body = _exactly(connection, size)
    if len(body) < size:
        return None
    request: tuple[Any, ...] = pickle.loads(body)  # noqa: S301  (our parent's, over a socket that nobody else has)
    return request


def _await(connection: socket.socket, beating: pulse.Pulse) -> tuple[Any, ...] | None:
    """The next request, and proof of life before each and while there is none."""
    beating.beat()
    while not select.select((connection,), (), (), pulse.EVERY_S)[0]:
        beating.beat()
    return _next(connection)


def serve(connection: socket.socket) -> None:
    """Answer until the worker is gone."""
    opening = _next(connection)
    if opening is None:
        return
    ledger = SqliteLedger(*opening)
    beating = pulse.Pulse("ledger", slack_s=SQLITE_BUSY_TIMEOUT_MS / 1000)
    while (request := _await(connection, beating)) is not None:
        name, arguments = request
        try:
            answer: Answer = ("", getattr(ledger, name)(*arguments))
        except (sqlite3.Error, OSError) as error:
            ledger.close()
            answer = (f"{type(error).__name__}: {error}", None)
        connection.sendall(frame(answer))
    ledger.close()


def main() -> None:
    """Entry point."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the worker has gone without its answer
        serve(socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    main()
