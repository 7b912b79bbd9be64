"""The SMTP transport and composer alone, against the sink, compared with Postfix's smtp-source when it is installed.

python -m bench.smtp_transport [--messages N] [--connections K] [--rtt-ms MS] [--mode auto|envelope|off] [--profile]
"""

import argparse
import asyncio
import cProfile
import json
import os
import pstats
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvloop

from campaign_app.channels.base import Outgoing, Result, Verdict
from campaign_app.channels.email_smtp.account import SmtpAccount
from campaign_app.channels.email_smtp.composer import Mail, MimeComposer
from campaign_app.channels.email_smtp.transport import SmtpSender

HTML = (
    "<html><body>"
    + "".join(f"<p>Line {n}: news from the workshop, with a link.</p>\n" for n in range(85))
    + "</body></html>"
)
HEADERS = {
    "List-Unsubscribe": "<https://beacon.example/u/AbCdEfGhIjKlMnOpQrStUvWx>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}


def account(port: int, connections: int, mode: str) -> SmtpAccount:
    """An account that sends to the sink."""
    return SmtpAccount(
        id=1, name="bench", host="127.0.0.1", port=port, tls="none", username="", password="",
        from_address="news@example.com", from_name="Beacon", reply_to="", connections=connections,
        pipelining=mode, dkim_domain="", dkim_selector="", dkim_key="",
        eight_bit=True,
    )  # fmt: skip


class Flood:
    """A source of so many messages, composed one by one."""

    def __init__(self, count: int, compose: Callable[[Mail], bytes]) -> None:
        self._compose = compose
        self._count = count
        self._next = 0
        self.outcomes: dict[Verdict, int] = {}
        self.settled_count = 0
        self.done = asyncio.Event()

    def take(self) -> Outgoing | None:
        if self._next >= self._count:
            return None
        self._next += 1
        key = self._next
        to = f"person{key}@example.org"
        content = Mail(
            to, "Jo Person", f"Hello number {key}", HTML, "Plain text\n", f"{key}.bench@example.com", HEADERS
        )
        return Outgoing(key, "news@example.com", to, self._compose(content))

    def handed_over(self, key: int) -> None:
        pass

    def settled(self, key: int, result: Result) -> None:  # noqa: ARG002
        self.outcomes[result.verdict] = self.outcomes.get(result.verdict, 0) + 1
        self.settled_count += 1
        if self.settled_count == self._count:
            self.done.set()


async def send(port: int, messages: int, connections: int, mode: str) -> tuple[float, dict[str, int]]:
    """Messages per second, and how they ended."""
    config = account(port, connections, mode)
    flood = Flood(messages, MimeComposer(config).compose_mail)
    sender = SmtpSender(config, flood)
    started = time.perf_counter()
    sender.wake()
    await flood.done.wait()
    rate = messages / (time.perf_counter() - started)
    await sender.close()
    return rate, {str(k): v for k, v in flood.outcomes.items()}


@contextmanager
def sink(rtt_ms: float) -> Iterator[int]:
    """A sink process; the value is its port."""
    command = [sys.executable, "-m", "bench.sink", "--rtt-ms", str(rtt_ms)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def smtp_source(port: int, messages: int, connections: int) -> float | None:
    """Messages per second of Postfix's smtp-source (-s connections, 5 KB bodies), None when it is not installed."""
    found = os.environ.get("SMTP_SOURCE") or shutil.which("smtp-source") or shutil.which("/usr/sbin/smtp-source")
    if not found:
        return None
    size = str(len(HTML) + 900)
    command = [found, "-s", str(connections), "-m", str(messages), "-l", size, f"127.0.0.1:{port}"]
    started = time.perf_counter()
    subprocess.run(command, check=True)
    return messages / (time.perf_counter() - started)


def main() -> None:
    """Entry point: prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--rtt-ms", type=float, default=0.0)
    parser.add_argument("--mode", default="auto")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true")
    a = parser.parse_args()
    ours: list[float] = []
    theirs: list[float] = []
    outcomes: dict[str, int] = {}
    profile = cProfile.Profile()
    with sink(a.rtt_ms) as port:
        for _ in range(a.rounds):
            if a.profile:
                profile.enable()
            rate, outcomes = uvloop.run(send(port, a.messages, a.connections, a.mode))
            profile.disable()
            ours.append(rate)
            reference = smtp_source(port, a.messages, a.connections)
            if reference is not None:
                theirs.append(reference)
    if a.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(28)
    answer = {"rate": round(statistics.median(ours)), "rounds": [round(r) for r in ours], "outcomes": outcomes}
    if theirs:
        answer |= {
            "smtp_source": round(statistics.median(theirs)),
            "ratio": round(statistics.median(o / t for o, t in zip(ours, theirs, strict=True)), 3),
        }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
