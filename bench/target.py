"""Processes that a benchmark sends to: the sink with its log, and the proxy that simulates a slow network."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import servers

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the sink says it has accepted; `first` and `last` in Unix seconds. `refused`: tries that it put off."""

    accepted: int
    distinct: int
    first: float
    last: float
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Sink:
    """A running sink."""

    port: int
    log: Path | None

    def seen(self) -> Seen:
        """Its present counts."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            lines = connection.makefile("rb")
            lines.readline()
            connection.sendall(b"STATS\r\n")
            _, accepted, distinct, first, last, refused = lines.readline().split()
        return Seen(int(accepted), int(distinct), float(first), float(last), int(refused))

    def wait_for(self, count: int, seconds: float) -> Seen:
        """Return when it has accepted so many.

        Raises:
            TimeoutError: it has not, so many seconds after the last one.
        """
        found, since = self.seen(), time.monotonic()
        while found.accepted < count:
            time.sleep(0.05)
            now = self.seen()
            if now.accepted > found.accepted:
                since = time.monotonic()
            elif time.monotonic() - since > seconds:
                raise TimeoutError(f"the sink has {now.accepted} of {count} messages and waits for {seconds:.0f} s")
            found = now
        return found


@contextmanager
def sink(log: Path | None = None, delay_ms: float = 0.0, options: Sequence[str] = ()) -> Iterator[Sink]:
    """A sink process; with `log` every acceptance is written there with its instant. It answers after `delay_ms`."""
    more = ["--log", str(log), "--times"] if log else []
    more += ["--rtt-ms", str(delay_ms)] if delay_ms else []
    command = [sys.executable, "-m", "bench.sink", *more, *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Sink(int(process.stdout.readline()), log)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@contextmanager
def slow_network(port: int, round_trip_ms: float) -> Iterator[int]:
    """A port that leads to `port` over a slow network."""
    listen = servers.free_port()
    numbers = ["--listen", str(listen), "--target", str(port), "--round-trip-ms", str(round_trip_ms)]
    process = subprocess.Popen([sys.executable, "-m", "bench.delay", *numbers], cwd=ROOT)
    try:
        servers.wait_for_port(listen)
        yield listen
    finally:
        process.terminate()
        process.wait(10)
