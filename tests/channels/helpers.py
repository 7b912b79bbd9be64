"""An account and a source for tests; the source checks the Protocol's order of calls."""

import asyncio
from collections import deque
from dataclasses import replace

from campaign_app.channels.base import Outgoing, Result, Verdict
from campaign_app.channels.email_smtp.account import SmtpAccount
from campaign_app.channels.email_smtp.connection import Options
from campaign_app.channels.email_smtp.transport import SmtpSender

ACCOUNT = SmtpAccount(
    id=1, name="Test", host="127.0.0.1", port=1, tls="none", username="", password="", from_address="news@example.com",
    from_name="News", reply_to="", connections=1, pipelining="auto",
    dkim_domain="", dkim_selector="", dkim_key="", eight_bit=True,
)  # fmt: skip
FAST = Options(
    connect=2, tls=2, greeting=2, command=0.8, stall=0.5, dot=0.8, idle=0.2, leave=0.3, tick=0.02, max_messages=1_000
)


def account(port: int, **changes) -> SmtpAccount:
    return replace(ACCOUNT, port=port, **changes)


def message(key: int, content: bytes = b"Subject: x\r\n\r\nHello\r\n.dot\r\n") -> Outgoing:
    return Outgoing(key, "news@example.com", f"p{key}@example.org", content)


class Checked:
    """A source that fails on any call out of order."""

    def __init__(self, *messages: Outgoing) -> None:
        self.waiting = deque(messages)
        self.state: dict[int, str] = {}
        self.results: dict[int, Result] = {}
        self.total = len(messages)
        self.done = asyncio.Event()

    def take(self) -> Outgoing | None:
        if not self.waiting:
            return None
        found = self.waiting.popleft()
        assert found.key not in self.state, "taken twice"
        self.state[found.key] = "taken"
        return found

    def handed_over(self, key: int) -> None:
        assert self.state[key] == "taken", f"{key} handed over when {self.state[key]}"
        self.state[key] = "handed over"

    def settled(self, key: int, result: Result) -> None:
        assert key not in self.results, f"{key} settled twice"
        if result.verdict in (Verdict.ACCEPTED, Verdict.UNCERTAIN):
            assert self.state[key] == "handed over", f"{key} is {result.verdict} without a hand-over"
        if result.verdict is Verdict.NOT_TRIED:
            assert self.state[key] == "taken", f"{key} was handed over and is called not tried"
        self.state[key] = "settled"
        self.results[key] = result
        if len(self.results) == self.total:
            self.done.set()

    def add(self, *messages: Outgoing) -> None:
        self.total += len(messages)
        self.waiting.extend(messages)
        self.done.clear()

    def verdicts(self) -> dict[int, Verdict]:
        return {key: result.verdict for key, result in self.results.items()}


async def send_all(
    port: int, source: Checked, *, options: Options = FAST, wait_s: float = 10.0, found: list | None = None, **changes
) -> Checked:
    """Send until everything is settled (or the time is over, then drain)."""
    sender = SmtpSender(
        account(port, **changes), source, options=options, on_capabilities=None if found is None else found.append
    )
    sender.wake()
    try:
        async with asyncio.timeout(wait_s):
            await source.done.wait()
    except TimeoutError:
        await sender.drain(0)
    await sender.close()
    assert sender.in_flight == 0
    return source
