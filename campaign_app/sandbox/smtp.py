"""The SMTP server: RFC 5321 with PIPELINING, 8BITMIME, SIZE, ENHANCEDSTATUSCODES, STARTTLS, AUTH; no task per mail."""

import asyncio
import base64
import binascii
import math
import re
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from campaign_app.channels.email.mail_replies.classifier import Stage
from campaign_app.sandbox.faults import THROTTLED, Ending, Faults

MAX_SIZE = 32 * 1024 * 1024
MAX_LINE = 4_096
MAX_RECIPIENTS = 100
_PATH = re.compile(rb"(?:FROM|TO):[ \t]*<([^>]*)>(.*)", re.IGNORECASE)
_SIZE = re.compile(rb"\bSIZE=(\d+)", re.IGNORECASE)

ANSWERS = {
    Ending.TEMPORARY: b"451 4.3.0 Try again later",
    Ending.PERMANENT: b"554 5.6.0 Message refused",
}


@dataclass(slots=True)
class Offer:
    """What the server offers: TLS when there is a context, log-in when `user` is set."""

    tls: ssl.SSLContext | None = None
    user: str = ""
    password: str = ""
    pipelining: bool = True


class SmtpHandler(Protocol):
    """Decides about messages and takes accepted ones."""

    faults: Faults
    offer: Offer

    def said(self, stage: Stage, sender: str = "", recipients: Sequence[str] = ()) -> bytes | None:
        """The words with which a real server would refuse this step, or None."""

    def judge_recipient(self, address: str) -> bytes | None:
        """The refusal, or None."""

    def judge_message(self, recipients: list[str]) -> tuple[Ending, float]:
        """What becomes of the message, and the delay of its answer in seconds."""

    def on_release(self, answer: Callable[[], None]) -> None:
        """Answer when answers are no longer held."""

    def accept(self, sender: str, recipients: list[str], raw: bytes) -> None:
        """The message is accepted."""

    def flush(self) -> None:
        """Write accepted messages to the log, so that answers may be sent."""

    def opened(self, session: "Session") -> None:
        """A connection was opened."""

    def closed(self, session: "Session") -> None:
        """A connection was closed."""


class Session(asyncio.Protocol):
    """One connection: a state machine driven by the bytes that arrive; answers leave in one write per batch."""

    def __init__(self, server: SmtpHandler) -> None:
        self._handler = server
        self._buffer = bytearray()
        self._answers: list[bytes] = []
        self._held = False
        self._scan = 0
        self._secure = False
        self._signed_in = False
        self._greeted = False
        self._next_line: Callable[[bytes], None] | None = None
        self._receiving = False
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._verbs: dict[bytes, Callable[[bytes], None]] = {
            b"EHLO": self._ehlo,
            b"HELO": self._helo,
            b"MAIL": self._mail,
            b"RCPT": self._rcpt,
            b"DATA": self._data,
            b"RSET": self._rset,
            b"NOOP": lambda _: self._say(b"250 2.0.0 OK"),
            b"VRFY": lambda _: self._say(b"252 2.1.5 Cannot verify, will try"),
            b"QUIT": self._quit,
            b"STARTTLS": self._starttls,
            b"AUTH": self._auth,
        }

    # -- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet or refuse the client."""
        self._transport = cast(asyncio.Transport, transport)
        self._secure = transport.get_extra_info("ssl_object") is not None
        self._handler.opened(self)
        refusal = THROTTLED if self._handler.faults.unavailable else self._handler.said(Stage.CONNECT)
        if refusal:
            self._refuse(refusal, leave=True)
            return
        self._say(b"220 sandbox.beacon.test ESMTP Beacon sandbox")
        self._flush()

    def connection_lost(self, _exc: Exception | None) -> None:
        """The client has disconnected."""
        self._held = True
        self._handler.closed(self)

    def data_received(self, data: bytes) -> None:
        """Process received bytes, unless an answer is being delayed."""
        self._buffer += data
        if not self._held:
            self._work()

    def abort(self) -> None:
        """Close the connection without an answer."""
        self._held = True
        self._transport.abort()

    def _work(self) -> None:
        while self._buffer and not self._held:
            if not (self._take_body() if self._receiving else self._take_line()):
                break
        if not self._transport.is_closing():
            self._flush()

    def _say(self, answer: bytes) -> None:
        self._answers.append(answer)

    def _refuse(self, answer: bytes, *, leave: bool = False) -> None:
        """Refuse; after 421 the connection is closed."""
        self._say(answer)
        if leave or answer.startswith(b"421"):
            self._flush()
            self._held = True
            self._transport.close()

    def _flush(self) -> None:
        if self._answers:
            self._handler.flush()
            self._transport.write(b"\r\n".join(self._answers) + b"\r\n")
            self._answers.clear()

    # -- commands

    def _take_line(self) -> bool:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            if len(self._buffer) > MAX_LINE:
                self._say(b"500 5.5.2 Line too long")
                self._flush()
                self._transport.close()
                self._held = True
            return False
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        if self._next_line:
            handler, self._next_line = self._next_line, None
            handler(line)
            return True
        verb, _, rest = line.partition(b" ")
        command = self._verbs.get(verb.upper())
        if command is None:
            self._say(b"500 5.5.2 Command not recognised")
        elif self._handler.faults.unavailable and verb.upper() != b"QUIT":
            self._refuse(THROTTLED)
        else:
            command(rest)
        return True

    def _helo(self, _: bytes) -> None:
        self._greeted = True
        self._forget()
        self._say(b"250 sandbox.beacon.test")

    def _ehlo(self, _: bytes) -> None:
        self._greeted = True
        self._forget()
        offer = self._handler.offer
        lines = [b"sandbox.beacon.test"]
        if offer.pipelining:
            lines.append(b"PIPELINING")
        lines += [b"SIZE %d" % MAX_SIZE, b"8BITMIME", b"ENHANCEDSTATUSCODES"]
        if offer.tls and not self._secure:
            lines.append(b"STARTTLS")
        if offer.user:
            lines.append(b"AUTH PLAIN LOGIN")
        for line in lines[:-1]:
            self._say(b"250-" + line)
        self._say(b"250 " + lines[-1])

    def _mail(self, rest: bytes) -> None:
        found = _PATH.match(rest)
        size = _SIZE.search(found.group(2)) if found else None
        if not self._greeted:
            self._say(b"503 5.5.1 Say EHLO first")
        elif self._handler.offer.user and not self._signed_in:
            self._say(b"530 5.7.0 Authentication required")
        elif self._sender is not None:
            self._say(b"503 5.5.1 Nested MAIL command")
        elif not found:
            self._say(b"501 5.5.4 Syntax: MAIL FROM:<address>")
        elif size and int(size.group(1)) > MAX_SIZE:
            self._say(b"552 5.3.4 Message too big")
        else:
            sender = found.group(1).decode("utf-8", "replace")
            if refusal := self._handler.said(Stage.MAIL, sender):
                self._refuse(refusal)
                return
            self._sender = sender
            self._say(b"250 2.1.0 OK")

    def _rcpt(self, rest: bytes) -> None:
        found = _PATH.match(rest)
        if self._sender is None:
            self._say(b"503 5.5.1 Need MAIL first")
        elif not found or b"@" not in found.group(1):
            self._say(b"501 5.1.3 Syntax: RCPT TO:<address>")
        elif len(self._recipients) >= MAX_RECIPIENTS:
            self._say(b"452 4.5.3 Too many recipients")
        else:
            address = found.group(1).decode("utf-8", "replace").lower()
            refusal = self._handler.said(Stage.RCPT, self._sender, [address]) or self._handler.judge_recipient(address)
            if refusal:
                self._refuse(refusal)
                return
            self._recipients.append(address)
            self._say(b"250 2.1.5 OK")

    def _data(self, _: bytes) -> None:
        if not self._recipients:
            self._say(b"503 5.5.1 Need RCPT first" if self._sender is None else b"554 5.5.1 No valid recipients")
            return
        if refusal := self._handler.said(Stage.DATA, self._sender or "", self._recipients):
            self._refuse(refusal)
            return
        self._receiving = True
        self._scan = 0
        self._say(b"354 End data with <CR><LF>.<CR><LF>")

    def _rset(self, _: bytes) -> None:
        self._forget()
        self._say(b"250 2.0.0 OK")

    def _quit(self, _: bytes) -> None:
        self._say(b"221 2.0.0 Bye")
        self._flush()
        self._held = True
        self._transport.close()

    def _forget(self) -> None:
        self._sender = None
        self._recipients = []

    # -- the message

    def _take_body(self) -> bool:
        if self._buffer.startswith(b".\r\n"):
            body, used = b"", 3
        else:
            end = self._buffer.find(b"\r\n.\r\n", self._scan)
            if end < 0:
                self._scan = max(0, len(self._buffer) - 4)
                if len(self._buffer) > MAX_SIZE + MAX_LINE:
                    self._say(b"552 5.3.4 Message too big")
                    self._flush()
                    self._held = True
                    self._transport.close()
                return False
            body, used = bytes(self._buffer[: end + 2]), end + 5
        del self._buffer[:used]
        self._receiving = False
        self._finish(body)
        return True

    def _finish(self, body: bytes) -> None:
        sender, recipients = self._sender or "", self._recipients
        self._forget()
        if len(body) > MAX_SIZE:
            self._say(b"552 5.3.4 Message too big")
            return
        if b"\n." in body or body.startswith(b"."):
            body = body.removeprefix(b".").replace(b"\r\n.", b"\r\n")
        if refusal := self._handler.said(Stage.DOT, sender, recipients):
            self._refuse(refusal)
            return
        ending, delay = self._handler.judge_message(recipients)
        if ending in {Ending.ACCEPT, Ending.DROP_AFTER}:
            self._handler.accept(sender, recipients, body)
        if ending in {Ending.DROP_BEFORE, Ending.DROP_AFTER}:
            self._flush()
            self._handler.flush()
            self.abort()
            return
        answer = ANSWERS.get(ending, b"250 2.0.0 OK: queued")
        if delay == math.inf:
            self._held = True
            self._handler.on_release(lambda: self._release(answer))
        elif delay:
            self._held = True
            asyncio.get_running_loop().call_later(delay, self._release, answer)
        else:
            self._say(answer)

    def _release(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._say(answer)
            self._flush()
            self._held = False
            self._work()

    # -- TLS and log-in

    def _starttls(self, _: bytes) -> None:
        if self._handler.offer.tls is None or self._secure:
            self._say(b"502 5.5.1 Not offered")
            return
        self._transport.pause_reading()
        self._held = True
        self._buffer.clear()  # commands sent before the TLS handshake are ignored
        self._say(b"220 2.0.0 Go ahead")
        self._flush()
        self._upgrading = asyncio.get_running_loop().create_task(self._upgrade(self._handler.offer.tls))

    async def _upgrade(self, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        try:
            transport = await loop.start_tls(self._transport, self, context, server_side=True)
        except (OSError, ssl.SSLError):
            self._transport.abort()
            return
        if transport is None:
            return
        self._transport = transport
        self._secure = True
        self._greeted = self._signed_in = False
        self._forget()
        self._held = False
        self._work()

    def _auth(self, rest: bytes) -> None:
        mechanism, _, initial = rest.partition(b" ")
        if not self._handler.offer.user:
            self._say(b"502 5.5.1 Not offered")
        elif mechanism.upper() == b"PLAIN" and initial:
            self._auth_plain(initial)
        elif mechanism.upper() == b"PLAIN":
            self._say(b"334 ")
            self._next_line = self._auth_plain
        elif mechanism.upper() == b"LOGIN" and initial:
            self._auth_name(initial)
        elif mechanism.upper() == b"LOGIN":
            self._say(b"334 VXNlcm5hbWU6")
            self._next_line = self._auth_name
        else:
            self._say(b"504 5.5.4 Mechanism not known")

    def _auth_plain(self, line: bytes) -> None:
        parts = _from_base64(line).split(b"\0")
        self._check(*(parts[1:3] if len(parts) == 3 else (b"", b"")))

    def _auth_name(self, line: bytes) -> None:
        self._say(b"334 UGFzc3dvcmQ6")
        name = _from_base64(line)
        self._next_line = lambda password: self._check(name, _from_base64(password))

    def _check(self, name: bytes, password: bytes) -> None:
        offer = self._handler.offer
        if refusal := self._handler.said(Stage.AUTH):
            self._refuse(refusal)
            return
        self._signed_in = (name, password) == (offer.user.encode(), offer.password.encode())
        self._say(b"235 2.7.0 Signed in" if self._signed_in else b"535 5.7.8 Wrong user name or password")


def _from_base64(line: bytes) -> bytes:
    try:
        return base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        return b""
