"""An SMTP server that takes everything and keeps a log of its own: load target and witness.

python -m bench.sink --port 2600 [--log FILE [--times]] [--rtt-ms 5] [--no-pipelining]
`STATS` as an SMTP command answers `250 <accepted> <distinct recipients> <first> <last>`, the latter two the instants of
the first and the last acceptance (Unix seconds). The log has one recipient a line, with --times the instant before it.
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
        self.accepted = 0
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
            return b"250 %d %d %.6f %.6f\r\n" % (
                witness.accepted,
                len(witness.recipients),
                witness.first,
                witness.last,
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


async def serve(port: int, log: Path | None, pipelining: bool, rtt_ms: float, times: bool = False) -> None:
    """Serve on 127.0.0.1 until SIGTERM; prints the port once it listens."""
    loop = asyncio.get_running_loop()
    witness = Witness(log, times)
    server = await loop.create_server(
        lambda: SinkProtocol(witness, pipelining, rtt_ms / 1000), "127.0.0.1", port, backlog=512
    )
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
    arguments = parser.parse_args()
    runner = asyncio.run
    with contextlib.suppress(ImportError):
        import uvloop

        runner = uvloop.run
    runner(serve(arguments.port, arguments.log, not arguments.no_pipelining, arguments.rtt_ms, arguments.times))


if __name__ == "__main__":
    main()
