"""The process that keeps the ledger on SQLite for one worker: `python -m campaign_app.delivery.ledger_process FD PATH`.

It answers requests from a socket in their order and ends when the worker does: the kernel kills it with its parent, and
a closed socket ends it anyway. Ctrl-C and SIGTERM are the worker's business.
"""

import ctypes
import os
import pickle
import signal
import socket
import sqlite3
import struct
import sys
from typing import Any

from campaign_app.delivery.sqlite_ledger import SqliteLedger

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


def serve(connection: socket.socket, ledger: SqliteLedger) -> None:
    """Answer until the worker is gone."""
    while len(head := _exactly(connection, LENGTH.size)) == LENGTH.size:
        (size,) = LENGTH.unpack(head)
        body = _exactly(connection, size)
        if len(body) < size:
            return
        name, arguments = pickle.loads(body)  # noqa: S301  (from our own parent, over a socket that nobody else has)
        try:
            answer: Answer = ("", getattr(ledger, name)(*arguments))
        except (sqlite3.Error, OSError) as error:
            ledger.close()
            answer = (f"{type(error).__name__}: {error}", None)
        connection.sendall(frame(answer))


def main() -> None:
    """Entry point."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    connection = socket.socket(fileno=int(sys.argv[1]))
    ledger = SqliteLedger(sys.argv[2])
    try:
        serve(connection, ledger)
    except (BrokenPipeError, ConnectionResetError):  # the worker has gone without its answer
        pass
    finally:
        ledger.close()


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)
