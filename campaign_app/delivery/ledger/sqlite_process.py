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
from typing import Any, TypeVar

from campaign_app.core import pulse
from campaign_app.delivery.ledger import sql_sqlite, writing
from campaign_app.delivery.ledger.lease_store import LedgerWrite, WriteResult
from campaign_app.delivery.ledger.steps import Steps

LENGTH = struct.Struct("<I")
_PR_SET_PDEATHSIG = 1
T = TypeVar("T")


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


class Ledger:
    """Runs the ledger's algorithms on one connection, each in a transaction."""

    def __init__(self, path: str, busy_s: float, cache_kb: int) -> None:
        self._path = path
        self.busy_s = busy_s
        self._pragmas = ("journal_mode=WAL", f"cache_size=-{cache_kb}", "temp_store=MEMORY", "foreign_keys=ON")
        self._connection: sqlite3.Connection | None = None

    def answer(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """What a request leads to. A claim must be on the disk before anything of it is sent, even if power fails."""
        if name == "write":
            return self._write(*arguments)
        return self._run(getattr(writing, name)(sql_sqlite, *arguments), durable=True)

    def _write(self, batch: LedgerWrite) -> WriteResult:
        try:
            return self._run(writing.write(sql_sqlite, batch), durable=False)
        except writing.Disputed:
            return WriteResult(disputed=True)

    def _run(self, steps: Steps[T], *, durable: bool) -> T:
        connection = self._connect()
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = _drive(connection, steps)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(self._path, timeout=self.busy_s, isolation_level=None)
            for pragma in self._pragmas:
                connection.execute(f"PRAGMA {pragma}")
            self._connection = connection
        return self._connection

    def close(self) -> None:
        """Close the connection; the next request opens one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _drive(connection: sqlite3.Connection, steps: Steps[T]) -> T:
    answer: Any = None
    try:
        while True:
            step = steps.send(answer)
            cursor = connection.execute(step.statement, step.parameters)
            answer = cursor.fetchall() if step.reads else cursor.rowcount
    except StopIteration as end:
        result: T = end.value
        return result


def serve(connection: socket.socket) -> None:
    """Answer until the worker is gone."""
    opening = _next(connection)
    if opening is None:
        return
    ledger = Ledger(*opening)
    beating = pulse.Pulse("ledger", slack_s=ledger.busy_s)
    while (request := _await(connection, beating)) is not None:
        try:
            answer: Answer = ("", ledger.answer(*request))
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
