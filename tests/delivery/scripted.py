"""A channel whose server is a script: which address gets which answer, how many at once, how slowly."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from campaign_app.channels.base import AccountConfig, ConnectionReport, Envelope, Outgoing, Result, Source, Verdict
from campaign_app.channels.email import message_ids
from campaign_app.channels.email_smtp.adapter import SmtpAdapter
from campaign_app.rendering.templating import Rendered

ACCEPTED = Result(Verdict.ACCEPTED, response="250 2.0.0 queued")


@dataclass
class Script:
    """What the server does. `answers` are used up in order per address, then everything is accepted."""

    answers: dict[str, deque[Result | None]] = field(default_factory=dict)
    connections: int = 10
    delay_s: float = 0.0
    works: bool = True
    at_the_dot: bool = False  # what costs no attempt is said after the body, too
    accepted: Counter[str] = field(default_factory=Counter)
    order: list[str] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)
    on_taken: Callable[[Outgoing], None] | None = None
    unanswered: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def accepts(self, count: int) -> None:
        """Return when so many messages were accepted."""
        await self._until(lambda: sum(self.accepted.values()) >= count)

    async def keeps_waiting(self, count: int) -> None:
        """Return when so many messages were handed over and get no answer."""
        await self._until(lambda: self.unanswered >= count)

    async def _until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not true():
                self.changed.clear()
                await self.changed.wait()

    def answer(self, address: str, *results: Result | None) -> None:
        """Answers for an address; None: never any."""
        self.answers[address] = deque(results)


class ScriptedSender:
    """A Sender that follows a Script."""

    def __init__(self, script: Script, source: Source) -> None:
        self.script = script
        self.source = source
        self.open: dict[int, tuple[Outgoing, bool]] = {}
        self.stopping = False
        self.empty = asyncio.Event()

    @property
    def in_flight(self) -> int:
        return len(self.open)

    def wake(self) -> None:
        while not self.stopping and len(self.open) < self.script.connections:
            message = self.source.take()
            if message is None:
                return
            self.open[message.key] = (message, False)
            if self.script.on_taken is not None:
                self.script.on_taken(message)
            asyncio.get_running_loop().call_later(self.script.delay_s, self._answer, message)

    def _answer(self, message: Outgoing) -> None:
        if message.key not in self.open:
            return
        waiting = self.script.answers.get(message.recipient)
        result = waiting.popleft() if waiting else ACCEPTED
        if result is None or result.verdict is not Verdict.NOT_TRIED or self.script.at_the_dot:
            self.source.handed_over(message.key)
            self.open[message.key] = (message, True)
        self.script.changed.set()
        if result is None:
            self.script.unanswered += 1
            return
        if result.verdict is Verdict.ACCEPTED:
            self.script.accepted[message.recipient] += 1
            self.script.order.append(message.recipient)
            self.script.bodies[message.recipient] = message.content
        self._settle(message.key, result)
        self.wake()

    def _settle(self, key: int, result: Result) -> None:
        self.open.pop(key)
        self.source.settled(key, result)
        if not self.open:
            self.empty.set()

    async def drain(self, timeout_s: float) -> None:
        self.stopping = True
        if self.open:
            self.empty.clear()
            try:
                await asyncio.wait_for(self.empty.wait(), timeout_s)
            except TimeoutError:
                for key, (_, handed) in list(self.open.items()):
                    self._settle(key, Result(Verdict.UNCERTAIN if handed else Verdict.NOT_TRIED))

    async def close(self) -> None:
        await self.drain(0)


class PlainComposer:
    """Headers as lines, then the text."""

    def __init__(self, domain: str) -> None:
        self.domain = domain

    def compose(self, envelope: Envelope, rendered: Rendered) -> bytes:
        head = {
            "To": envelope.recipient,
            "Subject": rendered.subject,
            "Message-ID": message_ids.make(envelope.key, self.domain),
            "List-Unsubscribe": f"<{envelope.unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "X-Beacon-Delivery": envelope.token,
        }
        return "\r\n".join([*(f"{name}: {value}" for name, value in head.items()), "", rendered.text]).encode()


class ScriptedAdapter(SmtpAdapter):
    """E-mail's adapter over one Script per account id."""

    def __init__(self, scripts: Mapping[int, Script]) -> None:
        super().__init__()
        self.scripts = scripts

    def sender(self, account: AccountConfig, source: Source, **_: Any) -> ScriptedSender:
        return ScriptedSender(self.scripts[account.id], source)

    def composer(self, account: AccountConfig, content: Any) -> PlainComposer:
        return PlainComposer(account.settings.from_address.rpartition("@")[2])

    async def test_connection(self, account: AccountConfig, timeout_s: float = 15.0) -> ConnectionReport:
        works = self.scripts[account.id].works
        return ConnectionReport(works, "" if works else "535 log-in refused", (), {}, 0.0)

    async def send_one(self, account: AccountConfig, message: Outgoing, timeout_s: float = 30.0) -> Result:
        return ACCEPTED
