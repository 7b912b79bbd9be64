"""Limits of sockets without a session: their number, their rate of messages and their total.

Per process and per network. The limits are far above what sign-in pages need.
"""

import asyncio
import ipaddress
import json
import re
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Final
from urllib.parse import parse_qs

FRAME_LIMIT: Final = 16 * 1024
EVENTS: Final = 2_000
EVENTS_AT_ONCE, EVENTS_PER_S = 50, 20.0
SOCKETS_AT_ONCE, SOCKETS_PER_S = 60, 1.0
OPEN_PER_NETWORK: Final = 100
OPEN: Final = 2_000
_NETWORKS_KNOWN: Final = 10_000
_QUERY_LIMIT: Final = 512
_CLIENT_TOKEN: Final = re.compile(r"[0-9A-Za-z_-]{8,64}")
_PACKET: Final = re.compile(r"3|4[012](?:/_event,)?\d{0,9}([\[{].*)?", re.DOTALL)
_HEADERS: Final[Mapping[bytes, int]] = {
    b"host": 300,
    b"origin": 300,
    b"cookie": 300,
    b"user-agent": 300,
    b"upgrade": 50,
    b"connection": 50,
    b"sec-websocket-protocol": 100,
}
"""The headers that Reflex gets of a handshake, with their longest length: it stores all of them with each state."""


def needed(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of a socket that are used."""
    return [(name, value[: _HEADERS[name.lower()]]) for name, value in headers if name.lower() in _HEADERS]


def is_sensible(query: bytes) -> bool:
    """Whether a socket's query is like a browser's: short, with a token that can be a key in Redis."""
    if len(query) > _QUERY_LIMIT:
        return False
    tokens = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("token", [])
    return len(tokens) <= 1 and all(_CLIENT_TOKEN.fullmatch(token) for token in tokens)


def is_packet(text: str | None) -> bool:
    """Whether a frame is a valid Socket.IO packet; the library's errors about others would fill the log."""
    found = _PACKET.fullmatch(text or "")
    if found is None:
        return False
    try:
        json.loads(found[1] or "[]")
    except (ValueError, RecursionError):
        return False
    return True


def network(address: str) -> str:
    """The network that shares a limit: an IPv4 address, or an IPv6 /64, which one customer gets."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)


@dataclass
class Bucket:
    """A token bucket: a number at once, then a number per second."""

    size: float
    per_s: float
    left: float = field(init=False)
    at: float = field(init=False)

    def __post_init__(self) -> None:
        self.left, self.at = self.size, monotonic()

    def _fill(self) -> None:
        now = monotonic()
        self.left, self.at = min(self.size, self.left + (now - self.at) * self.per_s), now

    def take(self) -> bool:
        """Take one token, if there is one."""
        self._fill()
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def wait_s(self) -> float:
        """Take one token; the seconds to wait for it."""
        self._fill()
        self.left -= 1
        return max(0.0, -self.left / self.per_s)


class Speech:
    """The messages of one socket."""

    def __init__(self) -> None:
        self._bucket = Bucket(EVENTS_AT_ONCE, EVENTS_PER_S)
        self._left = EVENTS

    async def hear(self) -> bool:
        """Count a message and wait for the rate; False when the total is reached."""
        self._left -= 1
        if self._left < 0:
            return False
        if wait_s := self._bucket.wait_s():
            await asyncio.sleep(wait_s)
        return True


class Door:
    """Counts sockets without a session."""

    def __init__(self) -> None:
        self._new: OrderedDict[str, Bucket] = OrderedDict()
        self._open: Counter[str] = Counter()

    def refuses(self, address: str) -> str:
        """Why this one is refused, "" when it is not."""
        who = network(address)
        if self._open.total() >= OPEN:
            return "too many sockets without a session"
        if self._open[who] >= OPEN_PER_NETWORK:
            return "too many sockets without a session from this network"
        bucket = self._new.setdefault(who, Bucket(SOCKETS_AT_ONCE, SOCKETS_PER_S))
        self._new.move_to_end(who)
        if len(self._new) > _NETWORKS_KNOWN:
            self._new.popitem(last=False)
        return "" if bucket.take() else "too many new sockets without a session from this network"

    @contextmanager
    def inside(self, address: str) -> Iterator[None]:
        """Count the socket while it is open."""
        who = network(address)
        self._open[who] += 1
        try:
            yield
        finally:
            self._open[who] -= 1
            if not self._open[who]:
                del self._open[who]
