"""A strict SMTP server without I/O, with faults by plan, and the same over real sockets. It knows what it accepted."""

import asyncio
import base64
import socket
import ssl
import struct
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """`reply`: these bytes instead of the right answer. `then`: "go on", "drop" (close), "reset" (RST), "mute" (never
    answer again). `delay` in seconds before the answer. At the final dot `keeps` says whether the message was taken."""

    reply: bytes | None = None
    then: str = "go on"
    delay: float = 0.0
    keeps: bool = False


Plan = Callable[[str, int], Fault | None]


def no_faults(step: str, number: int) -> Fault | None:
    return None


@dataclass
class Behaviour:
    """What a server is like. `grouping`: "right", "first only" (reads one command of each packet), "needs quiet dot"
    (sees the final dot only at the end of a packet), or one of LIES: what it does to commands that came together."""

    plan: Plan = no_faults
    capabilities: tuple[bytes, ...] = (b"PIPELINING", b"8BITMIME", b"SIZE 1000000")
    greeting: bytes = b"220 model ESMTP\r\n"
    grouping: str = "right"
    users: dict[str, str] = field(default_factory=dict)
    mechanisms: tuple[str, ...] = ()
    max_connections: int = 1_000
    takes_data_anyway: bool = False  # 354 without a recipient; refuses at the dot


LIES: dict[str, tuple[tuple, ...]] = {
    "scolds": (("send", b"554 SMTP synchronization error\r\n"), ("drop",)),
    "refuses without a word": (("send", b"554 5.5.0 Error\r\n"),),
    "calls the order wrong": (("send", b"503 5.5.1 Bad sequence of commands\r\n"),),
    "hangs up": (("drop",),),
    "refuses and hangs up": (("send", b"554 5.3.0 Goodbye\r\n"), ("drop",)),
    "closes with 421": (("send", b"421 4.7.0 Protocol violation\r\n"), ("drop",)),
    "falls silent": (("mute",),),
    "talks junk": (("send", b"\x00\xff junk\r\n"),),
}


@dataclass
class Witness:
    """What the server really did, over all connections."""

    accepted: Counter[str] = field(default_factory=Counter)
    lied_to: set[str] = field(default_factory=set)
    contents: dict[str, bytes] = field(default_factory=dict)
    commands: list[bytes] = field(default_factory=list)
    steps: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    most_connections: int = 0
    reached: defaultdict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))


class ModelServer:
    """One connection. `feed` yields ("send", bytes), ("wait", seconds), ("drop",), ("reset",), ("mute",), ("tls",)."""

    def __init__(self, behaviour: Behaviour, witness: Witness, secure: bool = False) -> None:
        self.b = behaviour
        self.witness = witness
        self.secure = secure
        self.rest = b""
        self.mail = self.rcpt = ""
        self.in_data = False
        self.auth: list[str] | None = None
        self.over = False
        self.grouped = False
        self.unanswered = ""  # whose message got no answer at all, as long as the answers behind it are out of place

    def greet(self) -> Iterator[tuple]:
        yield from self.answer("greeting", self.b.greeting)

    def feed(self, data: bytes) -> Iterator[tuple]:
        self.rest += data
        self.grouped = False
        while not self.over:
            piece = self.next_piece()
            if piece is None:
                return
            yield from self.body(piece) if self.in_data else self.command(piece)

    def next_piece(self) -> bytes | None:
        if self.in_data:
            end = self.rest.find(b"\r\n.\r\n")
            if self.rest.startswith(b".\r\n"):
                piece, self.rest = b"", self.rest[3:]
                return piece
            if end < 0 or (self.b.grouping == "needs quiet dot" and not self.rest.endswith(b"\r\n.\r\n")):
                return None
            piece, self.rest = self.rest[: end + 2], self.rest[end + 5 :]
            return piece
        end = self.rest.find(b"\r\n")
        if end < 0:
            return None
        piece, self.rest = self.rest[:end], self.rest[end + 2 :]
        if self.rest and self.b.grouping == "first only":
            self.rest = b""
        return piece

    def answer(self, step: str, right: bytes, accept: Callable[[], None] | None = None) -> Iterator[tuple]:
        number = self.witness.steps[step]
        self.witness.steps[step] += 1
        fault = self.b.plan(step, number)
        if fault is None:
            if accept:
                accept()
            self.witness.reached[step].set()
            yield ("send", right)
            return
        if self.unanswered:
            # A second fault hides the first: what came looks like “accepted, then gone”, and nobody can tell.
            self.witness.lied_to.add(self.unanswered)
        if fault.delay:
            yield ("wait", fault.delay)
        refuses = fault.reply is not None and fault.reply[:1] in (b"4", b"5")
        harmless = fault.reply is None and fault.then == "go on"
        if accept and (fault.keeps or harmless if step == "dot" else not refuses):
            accept()
        self.witness.reached[step].set()
        if fault.reply is not None:
            yield ("send", fault.reply)
        elif fault.then == "go on":
            yield ("send", right)
        if fault.then != "go on":
            self.over = True
            yield (fault.then,)

    def command(self, line: bytes) -> Iterator[tuple]:
        self.witness.commands.append(line)
        verb = line[:4].upper()
        if self.auth is not None:
            yield from self.auth_answer(line)
        elif verb == b"EHLO":
            offers = self.b.capabilities
            if self.b.mechanisms:
                offers = (*offers, b"AUTH " + " ".join(self.b.mechanisms).encode())
            if self.secure:
                offers = tuple(o for o in offers if o != b"STARTTLS")
            lines = [b"model at your service", *offers]
            text = b"".join(b"250-" + x + b"\r\n" for x in lines[:-1]) + b"250 " + lines[-1] + b"\r\n"
            yield from self.answer("ehlo", text)
        elif verb == b"HELO":
            yield from self.answer("helo", b"250 model\r\n")
        elif verb == b"STAR":
            yield from self.answer("starttls", b"220 go ahead\r\n")
            if not self.over:
                yield ("tls",)
        elif verb == b"AUTH":
            yield from self.auth_start(line)
        elif verb == b"QUIT":
            yield from self.answer("quit", b"221 bye\r\n")
            self.over = True
            yield ("drop",)
        else:
            yield from self.transaction(verb, line)

    def transaction(self, verb: bytes, line: bytes) -> Iterator[tuple]:
        self.grouped = self.grouped or bool(self.rest)
        if self.b.grouping in LIES and self.grouped:
            acts = LIES[self.b.grouping]
            self.over = acts[-1][0] != "send"
            yield from acts
        elif verb == b"RSET":
            yield from self.answer("rset", b"250 flushed\r\n", self.reset)
        elif verb == b"MAIL":
            if self.mail:
                yield from self.answer("nested", b"503 5.5.1 nested MAIL\r\n")
            else:
                yield from self.answer("mail", b"250 2.1.0 sender ok\r\n", lambda: setattr(self, "mail", "x"))
        elif verb == b"RCPT":
            name = line[line.index(b"<") + 1 : line.index(b">")].decode()
            if not self.mail:
                yield from self.answer("no_mail", b"503 5.5.1 need MAIL first\r\n")
            else:
                yield from self.answer("rcpt", b"250 2.1.5 recipient ok\r\n", lambda: setattr(self, "rcpt", name))
        elif verb == b"DATA":
            if not self.rcpt and not self.b.takes_data_anyway:
                yield from self.answer("no_rcpt", b"503 5.5.1 need RCPT first\r\n")
            else:
                fault = self.b.plan("data", self.witness.steps["data"])
                if fault is not None and fault.reply is not None and fault.reply.count(b"\n") > 1:
                    self.witness.lied_to.add(self.rcpt)  # it answers the dot before there is one
                yield from self.answer("data", b"354 go ahead\r\n", lambda: setattr(self, "in_data", True))
        else:
            yield ("send", b"500 5.5.2 what?\r\n")

    def reset(self) -> None:
        self.mail = self.rcpt = ""

    def body(self, content: bytes) -> Iterator[tuple]:
        name = self.rcpt
        self.in_data = False

        def accept() -> None:
            if name:
                self.witness.accepted[name] += 1
                self.witness.contents[name] = content

        fault = self.b.plan("dot", self.witness.steps["dot"]) if name else None
        if fault is not None and fault.reply is not None:
            claims = fault.reply[:1] == b"2"
            if claims != fault.keeps and fault.reply[:1] in (b"2", b"4", b"5"):
                self.witness.lied_to.add(name)
        self.reset()
        if not name:
            yield from self.answer("lone_dot", b"554 5.5.1 no valid recipients\r\n")
            return
        yield from self.answer("dot", b"250 2.0.0 queued\r\n", accept)
        self.unanswered = name if fault is not None and fault.reply is not None and b"\n" not in fault.reply else ""

    def auth_start(self, line: bytes) -> Iterator[tuple]:
        words = line.decode().split(" ")
        method = words[1].upper()
        if method not in self.b.mechanisms:
            yield ("send", b"504 5.5.4 mechanism not supported\r\n")
        elif method == "LOGIN":
            self.auth = []
            yield ("send", b"334 VXNlcm5hbWU6\r\n")
        else:
            yield from self.check(base64.b64decode(words[2]).decode(), method)

    def auth_answer(self, line: bytes) -> Iterator[tuple]:
        assert self.auth is not None
        self.auth.append(base64.b64decode(line).decode())
        if self.auth == [""]:
            self.auth = None
            yield ("send", b"535 5.7.8 token refused\r\n")
        elif len(self.auth) == 1:
            yield ("send", b"334 UGFzc3dvcmQ6\r\n")
        else:
            user, password = self.auth
            self.auth = None
            yield from self.verdict(self.b.users.get(user) == password)

    def check(self, text: str, method: str) -> Iterator[tuple]:
        if method == "PLAIN":
            _, user, password = text.split("\0")
            yield from self.verdict(self.b.users.get(user) == password)
        else:
            user = text.split("\x01")[0].removeprefix("user=")
            token = text.split("\x01")[1].removeprefix("auth=Bearer ")
            if self.b.users.get(user) == token:
                yield from self.verdict(True)
            else:
                self.auth = []
                yield ("send", b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n")

    def verdict(self, ok: bool) -> Iterator[tuple]:
        yield from self.answer("auth", b"235 2.7.0 welcome\r\n" if ok else b"535 5.7.8 wrong user or password\r\n")


async def _serve(server: ModelServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls) -> None:
    muted = False

    async def perform(acts: Iterator[tuple]) -> bool:
        nonlocal muted
        for act in acts:
            if act[0] == "send" and not muted:
                writer.write(act[1])
                await writer.drain()
            elif act[0] == "wait":
                await asyncio.sleep(act[1])
            elif act[0] == "mute":
                muted = True
            elif act[0] == "tls":
                await writer.start_tls(tls)
                server.secure = True
            elif act[0] == "reset":
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
                return False
            elif act[0] == "drop":
                return False
        return True

    going = await perform(server.greet())
    while going and (data := await reader.read(65536)):
        going = await perform(server.feed(data))


@asynccontextmanager
async def running(
    behaviour: Behaviour, *, implicit: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None
):
    """A server on a free port: yields (port, witness)."""
    witness = Witness()
    open_now = 0
    tasks: set[asyncio.Task] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now
        tasks.add(asyncio.current_task())
        witness.connections += 1
        open_now += 1
        try:
            if open_now > behaviour.max_connections:
                writer.write(b"421 4.7.0 too many connections from your address\r\n")
                return
            witness.most_connections = max(witness.most_connections, open_now)
            server = ModelServer(behaviour, witness, secure=implicit is not None)
            await _serve(server, reader, writer, starttls)
        except (OSError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            open_now -= 1
            writer.close()
            tasks.discard(asyncio.current_task())

    listener = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=implicit)
    try:
        yield listener.sockets[0].getsockname()[1], witness
    finally:
        listener.close()
        for task in tuple(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2)
