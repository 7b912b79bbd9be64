"""Signed addresses of one delivery: open pixel, click, unsubscribe, view in browser. No look-up is needed to check one.

A token is `core.crypto.sign(purpose, payload)`, made here without its per-call overhead because every message needs
several. It names the delivery (and the link's position), never an address of a person, and does not expire: people
unsubscribe from old messages too. A link with variables carries where it leads, so that it keeps the values it was sent
with (docs/decisions/0011). Nothing in it depends on where this installation is reached, so links of old messages
work under whatever address leads here. `base` is that address, from `readiness.base_of`.
"""

import hashlib
from binascii import b2a_base64
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from enum import StrEnum

from campaign_app.core import crypto
from campaign_app.core.config import Settings, settings

_TAG_BYTES = 12
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_BLOCK = 64
_ID_BYTES = 8  # of a delivery in front of a target, so that a shorter payload is a link without one
_PLAIN_TOKEN = 64
MOST_TARGET = 1_500  # bytes of an address in a token; what is longer is sent as it is and not counted
_WEB = ("http://", "https://")
_NONE: Mapping[int, str] = {}
_LONGEST_TOKEN = (_TAG_BYTES + 2 + _ID_BYTES + MOST_TARGET) * 4 // 3 + 2


class LinkKind(StrEnum):
    """What an address does; each has a key of its own."""

    OPEN = "open"
    CLICK = "click"
    UNSUBSCRIBE = "unsubscribe"
    VIEW = "view"
    DELIVERY = "delivery"


def _signer(kind: LinkKind) -> Callable[[bytes], str]:
    key = crypto.derive(f"sign {kind}").ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key))

    def sign(payload: bytes) -> str:  # HMAC-SHA256 with both key blocks hashed once
        first, second = inner.copy(), outer.copy()
        first.update(payload)
        second.update(first.digest())
        raw = second.digest()[:_TAG_BYTES] + payload
        return b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=").decode()

    return sign


@dataclass(frozen=True, slots=True)
class _Signers:
    open: Callable[[bytes], str]
    click: Callable[[bytes], str]
    unsubscribe: Callable[[bytes], str]
    view: Callable[[bytes], str]
    delivery: Callable[[bytes], str]


_made: tuple[Settings, _Signers] | None = None


def _signers() -> _Signers:
    global _made
    found = settings()
    if _made is None or _made[0] is not found:
        _made = (found, _Signers(*(_signer(kind) for kind in LinkKind)))
    return _made[1]


def _id_bytes(delivery_id: int) -> bytes:
    return delivery_id.to_bytes((delivery_id.bit_length() + 7) // 8 or 1, "big")


def open_url(delivery_id: int) -> str:
    """Path of the pixel that tells of an opening."""
    return f"/t/o/{_signers().open(_id_bytes(delivery_id))}.gif"


def unsubscribe_url(delivery_id: int) -> str:
    """Path: GET shows a page, POST unsubscribes (RFC 8058)."""
    return f"/u/{_signers().unsubscribe(_id_bytes(delivery_id))}"


def view_url(delivery_id: int) -> str:
    """Path of the message as a web page."""
    return f"/v/{_signers().view(_id_bytes(delivery_id))}"


class Addresses:
    """Makes what one campaign's messages need beside the contact. `reads`: the names its message asks for."""

    def __init__(self, links: int, reads: Container[str], base: str) -> None:
        self._made = _signers()
        self._clicks = [(n, f"link_{n}", n.to_bytes(2, "big")) for n in range(links) if f"link_{n}" in reads]
        self._to_click, self._to_unsubscribe = f"{base}/t/c/", f"{base}/u/"
        self._to_open = f"{base}/t/o/" if "open_url" in reads else ""
        self._to_view = f"{base}/v/" if "view_url" in reads else ""

    def variables(self, delivery_id: int, targets: Mapping[int, str] = _NONE) -> dict[str, str]:
        """The addresses by the names that a compiled message has for them; `targets` from `message.targets(…)`."""
        made, key = self._made, _id_bytes(delivery_id)
        click, base = made.click, self._to_click
        found = {name: base + click(head + key) for n, name, head in self._clicks if n not in targets}
        for position, url in targets.items():
            found[f"link_{position}"] = self._personal(delivery_id, position, url)
        found["unsubscribe_url"] = self._to_unsubscribe + made.unsubscribe(key)
        if self._to_open:
            found["open_url"] = f"{self._to_open}{made.open(key)}.gif"
        if self._to_view:
            found["view_url"] = self._to_view + made.view(key)
        return found

    def _personal(self, delivery_id: int, position: int, url: str) -> str:
        target = url.encode() if url[:8].lower().startswith(_WEB) else b""
        if len(target) > MOST_TARGET:
            return url
        head = position.to_bytes(2, "big")
        key = head + delivery_id.to_bytes(_ID_BYTES, "big") + target if target else head + _id_bytes(delivery_id)
        return self._to_click + self._made.click(key)

    def headers(self, delivery_id: int, unsubscribe_url: str) -> dict[str, str]:
        """The headers every message carries: one-click unsubscribe (RFC 8058) and the delivery."""
        return {
            "List-Unsubscribe": f"<{unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "X-Beacon-Delivery": self._made.delivery(_id_bytes(delivery_id)),
        }


@dataclass(frozen=True, slots=True)
class ClickToken:
    """What a click names. `url`: where this person's link leads; empty when every recipient's leads to the same."""

    delivery_id: int
    position: int
    url: str


def read_click(token: str) -> ClickToken | None:
    """What a genuine click token says, else None."""
    if not 16 < len(token) <= _LONGEST_TOKEN:
        return None
    payload = crypto.verify(LinkKind.CLICK, token)
    if not payload or len(payload) <= 2:
        return None
    position, rest = int.from_bytes(payload[:2], "big"), payload[2:]
    key, target = rest[:_ID_BYTES], rest[_ID_BYTES:]
    return ClickToken(int.from_bytes(key, "big"), position, target.decode("utf-8", "replace"))


def read_token(kind: LinkKind | str, token: str) -> int | None:
    """The delivery that a genuine token of this kind names, else None."""
    if not 16 < len(token) <= _PLAIN_TOKEN:
        return None
    payload = crypto.verify(str(kind), token)
    if not payload or len(payload) > _ID_BYTES:
        return None
    return int.from_bytes(payload, "big")
