"""One TCP connection to a mail server: opening it (TCP, TLS, greeting, log-in), then carrying a dialogue."""

import asyncio
import contextlib
import socket
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from campaign_app.channels.email_smtp import trouble
from campaign_app.channels.email_smtp.account import SmtpAccount
from campaign_app.channels.email_smtp.dialogue import Dialogue
from campaign_app.channels.email_smtp.grouping import Evidence
from campaign_app.channels.email_smtp.handshake import Action, Extensions, Handshake, Ready, Send, StartTls
from campaign_app.channels.email_smtp.replies import Reply, ReplyParser, words
from campaign_app.channels.email_smtp.trouble import Kind, Trouble


@dataclass(frozen=True, slots=True)
class Options:
    """Time limits in seconds.

    `dot` is long because a message whose final answer is not awaited is uncertain (RFC 5321: 10 min).
    """

    connect: float = 15.0
    tls: float = 15.0
    greeting: float = 30.0
    command: float = 60.0
    stall: float = 30.0  # a group answered in part, by a server not yet proven to support groups
    dot: float = 300.0
    idle: float = 20.0
    leave: float = 2.0
    tick: float = 0.5
    max_messages: int = 1_000


class Connection(asyncio.Protocol):
    """Calls `on_idle` when a dialogue has nothing to do and `on_finished` when it is over."""

    def __init__(
        self,
        account: SmtpAccount,
        options: Options,
        *,
        on_idle: Callable[["Connection"], None] | None = None,
        on_finished: Callable[["Connection"], None] | None = None,
        transcript: list[str] | None = None,
    ) -> None:
        self._account = account
        self._options = options
        self._on_idle = on_idle
        self._on_finished = on_finished
        self._transcript = transcript
        self._loop = asyncio.get_running_loop()
        self._parser = ReplyParser()
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._closed = self._loop.create_future()
        self._ended = ""
        self.dialogue: Dialogue | None = None
        self.heard_at = 0.0

    @property
    def is_closing(self) -> bool:
        """Whether nothing can be written any more."""
        return self._transport is None or self._transport.is_closing()

    @property
    def is_closed(self) -> bool:
        return self._closed.done()

    async def open(self) -> Extensions:
        """Connect, greet, encrypt and log in.

        Raises:
            Trouble: and the connection is closed.
        """
        during = "while connecting"
        handshake: Handshake | None = None
        try:
            await self._connect()
            handshake = Handshake(self._account, self._client_name())
            return await self._shake_hands(handshake)
        except (OSError, ssl.SSLError, UnicodeError, Trouble) as error:
            if handshake is not None:
                during = handshake.during
            elif self._account.tls == "implicit" and isinstance(error, ConnectionResetError | ConnectionAbortedError):
                during = trouble.ENCRYPTING
            found = trouble.from_exception(error, self._account.host, self._account.port, during)
            self._note(f"! {found}" if not found.said else f"! {found.what}")
            self.abort()
            if found is error:
                raise
            raise found from error
        except BaseException:
            self.abort()
            raise

    def start(self, make_dialogue: Callable[[Callable[[bytes], None]], Dialogue]) -> Dialogue:
        """Attach a dialogue to an open connection."""
        assert self._transport is not None
        self.dialogue = make_dialogue(self._transport.write)
        return self.dialogue

    async def quit(self) -> None:
        """Send QUIT and wait briefly for the answer; for connections without a dialogue."""
        if not self.is_closing:
            self._write(b"QUIT\r\n", "QUIT")
            with contextlib.suppress(TimeoutError, Trouble, OSError):
                await self._reply(self._options.leave)
            self.close()
        await self.wait_closed(self._options.leave)

    def close(self) -> None:
        """Close after the buffered data is written."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def wait_closed(self, timeout_s: float) -> None:
        """Wait until the connection is closed. After the timeout it is aborted."""
        if self._transport is None:
            return
        await asyncio.wait([self._closed], timeout=timeout_s)
        if not self._closed.done():
            self.abort()

    def give_up(self, why: str, evidence: Evidence = Evidence.DROP) -> None:
        """Settle what is outstanding and abort the connection."""
        if self.dialogue is not None and not self.dialogue.finished:
            self.dialogue.lost(why, evidence)
        self.abort()
        self._finish()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        parser = self._parser
        replies = parser.feed(data)
        dialogue = self.dialogue
        if dialogue is None:
            self._replies.extend(replies)
            self._awake()
            return
        if dialogue.finished:
            self.close()  # the answer to QUIT
            return
        if replies:
            self.heard_at = self._loop.time()
            dialogue.receive(replies, not parser.is_empty)
        if parser.error and not dialogue.finished:
            dialogue.lost(parser.error, Evidence.CONFUSION)
        self.settle_state()

    def settle_state(self) -> None:
        """After a step of the dialogue: close, or report that there is nothing to do."""
        dialogue = self.dialogue
        assert dialogue is not None
        if dialogue.finished:
            self._finish()
        elif not dialogue.busy and self._on_idle is not None:
            self._on_idle(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = f"The connection was closed ({exc})." if exc else "The server closed the connection."
        if not self._closed.done():
            self._closed.set_result(None)
        self._awake()
        if self.dialogue is not None:
            if not self.dialogue.finished:
                self.dialogue.lost(self._ended)
            self._finish()

    def pause_writing(self) -> None:
        """The network is slower than we write."""
        if self.dialogue is not None:
            self.dialogue.paused = True

    def resume_writing(self) -> None:
        """The network accepts data again."""
        self.heard_at = self._loop.time()  # the time limit for the answer starts when the message is written
        if self.dialogue is not None:
            self.dialogue.resume()

    def _finish(self) -> None:
        dialogue, told = self.dialogue, self._on_finished
        self._on_finished = None
        if dialogue is not None and dialogue.failed:
            self.close()
        if told is not None:
            told(self)

    async def _connect(self) -> None:
        account = self._account
        self._note(f"* connecting to {account.host} port {account.port}")
        secure = account.tls == "implicit"
        async with asyncio.timeout(self._options.connect):
            await self._loop.create_connection(
                lambda: self,
                account.host,
                account.port,
                ssl=ssl.create_default_context() if secure else None,
                server_hostname=account.host if secure else None,
            )
        if secure:
            self._note_encryption()

    async def _shake_hands(self, handshake: Handshake) -> Extensions:
        wait = self._options.greeting
        action: Action = handshake.receive(await self._reply(wait))
        wait = min(wait, self._options.command)
        while not isinstance(action, Ready):
            if isinstance(action, Send):
                self._nothing_early()
                self._write(action.data, action.shown)
                action = handshake.receive(await self._reply(wait, handshake.secrets))
            else:
                await self._encrypt(action)
                action = handshake.secured()
        self._nothing_early()
        return action.capabilities

    def _nothing_early(self) -> None:
        """A reply that arrives before its command was sent is not an answer to it."""
        if self._replies or not self._parser.is_empty:
            raise trouble.protocol("The server sent more than it was asked for.")

    async def _encrypt(self, _: StartTls) -> None:
        assert self._transport is not None
        if self._replies or not self._parser.is_empty:
            raise Trouble(
                Kind.TLS,
                "The server sent data between STARTTLS and the encryption.",
                "Somebody may be tampering with the connection. Use TLS from the start (port 465) where it is offered.",
            )
        async with asyncio.timeout(self._options.tls):
            transport = await self._loop.start_tls(
                self._transport, self, ssl.create_default_context(), server_hostname=self._account.host
            )
        if transport is None:
            raise trouble.dropped("while starting encryption")
        self._transport = transport
        self._note_encryption()

    async def _reply(self, timeout_s: float, secrets: Sequence[bytes] = ()) -> Reply:
        async with asyncio.timeout(timeout_s):
            while not self._replies:
                if self._parser.error:
                    raise trouble.protocol(self._parser.error)
                if self._closed.done():
                    raise ConnectionResetError(self._ended)
                self._waiter = self._loop.create_future()
                await self._waiter
        code, text = self._replies.popleft()
        for secret in secrets:  # some servers quote our input
            text = text.replace(secret, b"(hidden)")
        reply = (code, text)
        for line in _lines(reply):
            self._note(f"S: {line}")
        return reply

    def _awake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _write(self, data: bytes, shown: str) -> None:
        self._note(f"C: {shown}")
        if self._transport is not None:
            self._transport.write(data)

    def _note(self, line: str) -> None:
        if self._transcript is not None:
            self._transcript.append(line)

    def _note_encryption(self) -> None:
        if self._transcript is not None and self._transport is not None:
            session = self._transport.get_extra_info("ssl_object")
            self._note(f"* encrypted: {session.version()}, {session.cipher()[0]}" if session else "* encrypted")

    def _client_name(self) -> str:
        """Our name in EHLO: this machine's full name, else the address literal (RFC 5321 4.1.3)."""
        name = socket.gethostname()
        if "." in name and all(part.replace("-", "a").isalnum() and part.isascii() for part in name.split(".")):
            return name
        assert self._transport is not None
        address = str(self._transport.get_extra_info("sockname")[0])
        return f"[IPv6:{address.partition('%')[0]}]" if ":" in address else f"[{address}]"


def _lines(reply: Reply) -> list[str]:
    code, text = reply
    parts = text.split(b"\n")
    return [words((code, part)) if part else str(code) for part in parts]
