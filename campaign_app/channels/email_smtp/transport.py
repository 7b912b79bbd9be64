"""An account's connections: opened on demand, fed from the engine's source, each outcome reported exactly once.

There is no task, future or timer per message. Connections use callbacks, and one coarse timer serves all of them.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable, Mapping

from campaign_app.channels.base import Result, Source, Verdict
from campaign_app.channels.email_smtp import trouble
from campaign_app.channels.email_smtp.account import SmtpAccount
from campaign_app.channels.email_smtp.connection import Connection, Options
from campaign_app.channels.email_smtp.dialogue import Dialogue
from campaign_app.channels.email_smtp.grouping import Evidence, Grouping, Mode
from campaign_app.channels.email_smtp.handshake import Extensions
from campaign_app.channels.email_smtp.items import Item
from campaign_app.channels.email_smtp.pushback import Pushback, backoff, speaks_of_connections
from campaign_app.channels.email_smtp.trouble import Kind, Trouble
from campaign_app.core import logging
from campaign_app.models.delivery import Reason

log = logging.get("channels")
_MOVES = 2
_BREAKS = 3
_AUTH_BACKOFF_S = 30.0
_STOPPED = Result(Verdict.NOT_TRIED, response="Stopped before the message was handed over.")


class SmtpSender:
    """A `Sender` over SMTP, bound to the running event loop."""

    def __init__(
        self,
        account: SmtpAccount,
        source: Source,
        *,
        options: Options | None = None,
        on_capabilities: Callable[[Mapping[str, str]], None] | None = None,
    ) -> None:
        self._account = account
        self._source = source
        self._options = options or Options()
        self._on_capabilities = on_capabilities
        self._loop = asyncio.get_running_loop()
        self._grouping = Grouping(account.pipelining, self._on_broken_grouping)
        self._pushback = Pushback(max(1, account.connections))
        self._connections: set[Connection] = set()
        self._leaving: set[Connection] = set()
        self._idle: list[Connection] = []
        self._opening: dict[asyncio.Task[None], Item] = {}
        self._held: deque[Item] = deque()
        self._capabilities: dict[str, str] = {}
        self._failures = 0
        self._not_before = 0.0
        self._broke: Counter[int] = Counter()
        self._stopping = False
        self._in_flight = 0
        self._empty: asyncio.Event | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def in_flight(self) -> int:
        return self._in_flight

    def wake(self) -> None:
        if self._stopping:
            return
        if self._timer is None:
            self._timer = self._loop.call_later(self._options.tick, self._tick)
        idle = self._idle
        while idle:
            connection = idle.pop()
            if connection.is_closing or connection.dialogue is None:
                continue
            item = self.next_item()
            if item is None:
                idle.append(connection)
                return
            connection.heard_at = self._loop.time()
            connection.dialogue.offer(item)
            connection.settle_state()
        self._grow()

    async def drain(self, timeout_s: float) -> None:
        self._stop()
        if self._in_flight and timeout_s > 0:
            self._empty = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), timeout_s)
        for connection in tuple(self._connections | self._leaving):
            if connection.dialogue is not None and connection.dialogue.busy:
                connection.give_up("Stopped while waiting for the server's answer.")

    async def close(self) -> None:
        await self.drain(0)
        if self._opening:
            await asyncio.wait(self._opening)
        closing = [connection.wait_closed(self._options.leave) for connection in self._connections | self._leaving]
        if closing:
            await asyncio.gather(*closing)
        if self._timer is not None:
            self._timer.cancel()

    def next_item(self) -> Item | None:
        """For dialogues: the next message; messages returned by another connection come first."""
        if self._held:
            return self._held.popleft()
        if self._stopping:
            return None
        message = self._source.take()
        if message is None:
            return None
        self._in_flight += 1
        return Item(message, self._pushback.step)

    def handed_over(self, key: int) -> None:
        """For dialogues: forwarded to the engine."""
        self._source.handed_over(key)

    def settle(self, item: Item, result: Result) -> None:
        """For dialogues: the outcome of an item, forwarded to the engine."""
        if result.throttled:
            self._slow_down(item, result.response)
            if self._may_wait(item, result.response):
                return
        self._in_flight -= 1
        if self._broke and result.verdict is not Verdict.NOT_TRIED:
            self._broke.pop(item.message.key, None)
        if result.verdict is Verdict.ACCEPTED:
            self._failures = 0
            if self._pushback.in_vain:
                self._pushback.accepted()
        self._source.settled(item.message.key, result)
        if not self._in_flight and self._empty is not None:
            self._empty.set()

    def give_back(self, item: Item, why: str, *, may_move: bool) -> None:
        """For dialogues: returns an item that was not handed over."""
        if self._stopping:
            self.settle(item, _STOPPED)
        elif item.named and self._breaks(item.message.key) >= _BREAKS:
            self.settle(item, Result(Verdict.TEMPORARY, Reason.CONNECTION_LOST, why))
        elif may_move and item.moves < _MOVES:
            item.moves += 1
            self._held.append(item)
        else:
            self.settle(item, Result(Verdict.NOT_TRIED, Reason.CONNECTION_LOST, why, account_trouble=True))

    def _breaks(self, key: int) -> int:
        """How often in a row the connection ended after this recipient was named. It must not delay others."""
        self._broke[key] += 1
        return self._broke[key]

    def _grow(self) -> None:
        while self._may_open():
            item = self.next_item()
            if item is None:
                return
            task = self._loop.create_task(self._bring_up(item))
            self._opening[task] = item

    def _may_open(self) -> bool:
        if self._stopping or self._loop.time() < self._not_before:
            return False
        if self._opening and not self._connections:
            return False  # one connection tests whether the account works before the others try
        return len(self._connections) + len(self._opening) < self._pushback.limit

    async def _bring_up(self, item: Item) -> None:
        task = asyncio.current_task()
        assert task is not None
        connection = Connection(self._account, self._options, on_idle=self._on_idle, on_finished=self._on_finished)
        try:
            capabilities = await connection.open()
        except Trouble as found:
            if self._opening.pop(task, None) is not None:
                self._not_opened(item, found)
        except asyncio.CancelledError:
            self._opening.pop(task, None)
        except Exception as error:
            log.exception("connection failed", account=self._account.id)
            if self._opening.pop(task, None) is not None:
                self._not_opened(
                    item, trouble.from_exception(error, self._account.host, self._account.port, "while connecting")
                )
        else:
            if self._opening.pop(task, None) is None:
                connection.abort()
            else:
                self._opened(connection, capabilities, item)

    def _opened(self, connection: Connection, capabilities: Extensions, item: Item) -> None:
        self._grouping.offered(capabilities.pipelining)
        self._learn(capabilities.words)
        self._connections.add(connection)
        dialogue = connection.start(
            lambda write: Dialogue(self, self._grouping, capabilities, write, self._options.max_messages)
        )
        connection.heard_at = self._loop.time()
        dialogue.offer(item)
        connection.settle_state()
        self.wake()

    def _not_opened(self, item: Item, found: Trouble) -> None:
        now = self._loop.time()
        said = f"{found.what} {found.said}".strip()[:500]
        if self._connections:
            self._pushback.no_more_than(len(self._connections), now)
            self._held.append(item)
            self.wake()
            return
        self._failures += 1
        wait = max(backoff(self._failures), _AUTH_BACKOFF_S if found.kind is Kind.AUTH else 0.0)
        self._not_before = now + wait
        self.settle(item, Result(Verdict.NOT_TRIED, Reason.ACCOUNT, said, wait, account_trouble=True))
        while self._held:
            self.settle(self._held.popleft(), Result(Verdict.NOT_TRIED, Reason.ACCOUNT, said, wait))

    def _on_idle(self, connection: Connection) -> None:
        if connection not in self._idle:
            self._idle.append(connection)

    def _on_finished(self, connection: Connection) -> None:
        if connection not in self._connections:
            return
        self._connections.discard(connection)
        self._leaving.add(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        dialogue = connection.dialogue
        if dialogue is not None and dialogue.failed and not dialogue.sent and not self._connections:
            self._failures += 1
            self._not_before = self._loop.time() + backoff(self._failures)
        connection.heard_at = self._loop.time()
        self.wake()

    def _may_wait(self, item: Item, words: str) -> bool:
        """When too many connections are open, another connection takes the message that this one may not."""
        others = any(other.dialogue is not None and not other.dialogue.draining for other in self._connections)
        if self._stopping or item.handed or item.moves >= _MOVES or not others or not speaks_of_connections(words):
            return False
        item.moves += 1
        item.refusal = item.doubt = None
        item.named = False
        self._held.append(item)
        return True

    def _slow_down(self, item: Item, words: str) -> None:
        self._pushback.throttled(item.step, words, self._loop.time())
        item.step = self._pushback.step
        surplus = len(self._connections) - self._pushback.limit
        for connection in tuple(self._connections):
            if surplus <= 0:
                return
            if connection.dialogue is not None and not connection.dialogue.draining:
                connection.dialogue.draining = True
            surplus -= 1

    def _on_broken_grouping(self, mode: Mode, why: str) -> None:
        self._learn({"pipelining_broken": _MODE_NAMES[mode], "pipelining_words": why[:300]})

    def _learn(self, found: Mapping[str, str]) -> None:
        merged = {**self._capabilities, **found}
        if merged != self._capabilities:
            self._capabilities = merged
            if self._on_capabilities is not None:
                self._on_capabilities(dict(merged))

    def _stop(self) -> None:
        self._stopping = True
        for task, item in tuple(self._opening.items()):
            del self._opening[task]
            task.cancel()
            self.settle(item, _STOPPED)
        while self._held:
            self.settle(self._held.popleft(), _STOPPED)
        for connection in tuple(self._connections):
            if connection.dialogue is not None:
                connection.dialogue.draining = True
                connection.dialogue.proceed()
                connection.settle_state()

    def _tick(self) -> None:
        now = self._loop.time()
        for connection in tuple(self._connections):
            self._check(connection, now)
        for connection in tuple(self._leaving):
            if connection.is_closed:
                self._leaving.discard(connection)
            elif now - connection.heard_at > self._options.leave:
                connection.abort()
        self._pushback.recover(now)
        self._timer = self._loop.call_later(self._options.tick, self._tick)
        self.wake()

    def _check(self, connection: Connection, now: float) -> None:
        dialogue = connection.dialogue
        assert dialogue is not None
        quiet = now - connection.heard_at
        options = self._options
        if not dialogue.busy:
            if quiet > options.idle or dialogue.draining:
                dialogue.leave()
                connection.settle_state()
        elif dialogue.awaits_dot:
            if quiet > options.dot:
                connection.give_up(f"No answer to the message within {options.dot:g} s.", Evidence.SILENCE)
        elif dialogue.partly_answered and not self._grouping.is_proven(dialogue.in_group):
            if quiet > options.stall:
                said = f"A group of commands was answered in part, then nothing for {options.stall:g} s."
                connection.give_up(said, Evidence.SILENCE)
        elif quiet > options.command:
            connection.give_up(f"No answer within {options.command:g} s.")


_MODE_NAMES = {Mode.SERIAL: "off", Mode.ENVELOPE: "envelope"}
