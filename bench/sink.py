"""An SMTP server that takes everything and keeps a log of its own: load target and witness.

python -m bench.sink --port 2600 [--log FILE [--times]] [--rtt-ms 5] [--no-pipelining]
    [--per-second 5 [--burst 5] [--words "451 4.7.1 Slow down"] [--at RCPT]] [--most-connections 2]
`STATS` as an SMTP command answers `250 <accepted> <distinct recipients> <first> <last> <refused>`, first and last being
the instants of the first and the last acceptance (Unix seconds). The log has one recipient a line, with --times the
instant before it. With --per-second the server takes so many messages (a bucket that holds --burst) and refuses the
others with --words at the command --at.
"""

import argparse
import asyncio
import contextlib
import signal
import time
from collections import deque
from pathlib import Path
from typing import BinaryIO

_OK = b"250 2.0.0 Ok\r\n"
_GO_ON = b"354 End data with <CR><LF>.<CR><LF>\r\n"
_END = b"\r\n.\r\n"


class Witness:
    """What was accepted: a count, the set of recipients, and the log file."""

    def __init__(self, log: Path | None, times: bool = False) -> None:
        self.accepted = self.refused = 0
        self.first = self.last = 0.0
        self._times = times
        self.recipients: set[bytes] = set()
        self._file: BinaryIO | None = log.open("ab", buffering=1 << 16) if log else None

    def take(self, recipient: bytes) -> None:
        """One message was accepted."""
        self.accepted += 1
        self.last = time.time()
        self.first = self.first or self.last
        self.recipients.add(recipient)
        if self._file and self._times:
            self._file.write(b"%.6f %s\n" % (self.last, recipient))
        elif self._file:
            self._file.write(recipient + b"\n")

    def close(self) -> None:
        """Write out what is buffered."""
        if self._file:
            self._file.close()


class SinkProtocol(asyncio.Protocol):
    """One client. Groups of commands are answered in one write."""

    def __init__(self, witness: Witness, pipelining: bool, delay_s: float) -> None:
        self._witness = witness
        self._ehlo = b"250-sink\r\n250-PIPELINING\r\n" if pipelining else b"250-sink\r\n"
        self._ehlo += b"250-8BITMIME\r\n250 SIZE 104857600\r\n"
        self._delay_s = delay_s
        self._late: deque[bytes] = deque()
        self._rest = b""
        self._in_data = False
        self._recipient = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._answer(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        out: list[bytes] = []
        position = 0
        while True:
            if self._in_data:
                end = data.find(_END, position)
                if end < 0:
                    break
                position = end + 5
                self._in_data = False
                self._witness.take(self._recipient)
                out.append(_OK)
            else:
                end = data.find(b"\n", position)
                if end < 0:
                    break
                line = data[position:end]
                position = end + 1
                out.append(self._command(line))
        self._rest = data[position:]
        if out:
            self._answer(b"".join(out))

    def _command(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"RCPT":
            self._recipient = line[line.find(b"<") + 1 : line.rfind(b">")]
        elif verb == b"DATA":
            self._in_data = True
            return _GO_ON
        elif verb == b"EHLO":
            return self._ehlo
        elif verb == b"STAT":
            witness = self._witness
            return b"250 %d %d %.6f %.6f %d\r\n" % (
                witness.accepted,
                len(witness.recipients),
                witness.first,
                witness.last,
                witness.refused,
            )
        elif verb == b"QUIT":
            asyncio.get_running_loop().call_later(self._delay_s + 0.05, self._transport.close)
            return b"221 2.0.0 Bye\r\n"
        return _OK

    def _answer(self, data: bytes) -> None:
        if not self._delay_s:
            self._transport.write(data)  # type: ignore[attr-defined]
            return
        self._late.append(data)
        asyncio.get_running_loop().call_later(self._delay_s, self._send_late)

    def _send_late(self) -> None:
        self._transport.write(self._late.popleft())  # type: ignore[attr-defined]


class Patience:
    """What a provider allows: messages a second from a bucket, and connections at a time (0: any number)."""

    def __init__(self, per_second: float, burst: float, words: str, at: str, most_connections: int) -> None:
        self.per_second = per_second
        self.burst = self._left = burst
        self.words = words.encode() + b"\r\n"
        self.at = at.encode()
        self.most_connections = most_connections
        self.connections = 0
        self._asked = time.monotonic()

    def takes_one(self) -> bool:
        """Whether the bucket has another message."""
        if not self.per_second:
            return True
        now = time.monotonic()
        self._left = min(self.burst, self._left + (now - self._asked) * self.per_second)
        self._asked = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class ThrottledProtocol(SinkProtocol):
    """A client of a provider that pushes back."""

    def __init__(self, witness: Witness, pipelining: bool, delay_s: float, patience: Patience) -> None:
        super().__init__(witness, pipelining, delay_s)
        self._patience = patience
        self._refused = self._counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        most = self._patience.most_connections
        if most and self._patience.connections >= most:
            self._answer(b"421 4.7.0 Too many connections from your address\r\n")
            asyncio.get_running_loop().call_later(self._delay_s + 0.05, transport.close)
            return
        self._patience.connections += 1
        self._counted = True
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if self._counted:
            self._patience.connections -= 1

    def _command(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == self._patience.at:
            self._refused = not self._patience.takes_one()
            self._witness.refused += self._refused
            if self._refused:
                return self._patience.words
        elif self._refused and verb in (b"RCPT", b"DATA"):
            return b"503 5.5.1 No sender or recipient\r\n"
        return super()._command(line)


async def serve(
    port: int, log: Path | None, pipelining: bool, rtt_ms: float, times: bool = False, patience: Patience | None = None
) -> None:
    """Serve on 127.0.0.1 until SIGTERM; prints the port once it listens."""
    loop = asyncio.get_running_loop()
    witness = Witness(log, times)

    def client() -> SinkProtocol:
        if patience is None:
            return SinkProtocol(witness, pipelining, rtt_ms / 1000)
        return ThrottledProtocol(witness, pipelining, rtt_ms / 1000, patience)

    server = await loop.create_server(client, "127.0.0.1", port, backlog=512)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stop.wait()
    server.close()
    witness.close()


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--times", action="store_true")
    parser.add_argument("--no-pipelining", action="store_true")
    parser.add_argument("--rtt-ms", type=float, default=0.0)
    parser.add_argument("--per-second", type=float, default=0.0)
    parser.add_argument("--burst", type=float, default=1.0)
    parser.add_argument("--words", default="451 4.7.1 Rate limit exceeded, try again later")
    parser.add_argument("--at", choices=("MAIL", "RCPT"), default="RCPT")
    parser.add_argument("--most-connections", type=int, default=0)
    a = parser.parse_args()
    patience = None
    if a.per_second or a.most_connections:
        patience = Patience(a.per_second, a.burst, a.words, a.at, a.most_connections)
    runner = asyncio.run
    with contextlib.suppress(ImportError):
        import uvloop

        runner = uvloop.run
    runner(serve(a.port, a.log, not a.no_pipelining, a.rtt_ms, a.times, patience))


if __name__ == "__main__":
    main()
