"""Signed addresses of one delivery: open pixel, click, unsubscribe, view in browser. No look-up is needed to check one.

A token is `core.crypto.sign(purpose, payload)`, made here without its per-call overhead because every message needs
several. It names the delivery (and the link's position), never an address or a URL, and does not expire: people
unsubscribe from old messages too.
"""

import hashlib
from binascii import b2a_base64
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from campaign_app.core import crypto
from campaign_app.core.config import Settings, settings

_TAG_BYTES = 12
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_BLOCK = 64


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
    base: str
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
        _made = (found, _Signers(found.public_url, *(_signer(kind) for kind in LinkKind)))
    return _made[1]


def _id_bytes(delivery_id: int) -> bytes:
    return delivery_id.to_bytes((delivery_id.bit_length() + 7) // 8 or 1, "big")


def open_url(delivery_id: int) -> str:
    """The pixel that tells of an opening."""
    made = _signers()
    return f"{made.base}/t/o/{made.open(_id_bytes(delivery_id))}.gif"


def click_url(delivery_id: int, position: int) -> str:
    """The address that counts a click on link `position` and leads to it."""
    made = _signers()
    return f"{made.base}/t/c/{made.click(position.to_bytes(2, 'big') + _id_bytes(delivery_id))}"


def unsubscribe_url(delivery_id: int) -> str:
    """GET shows a page, POST unsubscribes (RFC 8058)."""
    made = _signers()
    return f"{made.base}/u/{made.unsubscribe(_id_bytes(delivery_id))}"


def view_url(delivery_id: int) -> str:
    """The message as a web page."""
    made = _signers()
    return f"{made.base}/v/{made.view(_id_bytes(delivery_id))}"


def delivery_token(delivery_id: int) -> str:
    """What X-Beacon-Delivery carries, so that a returned message finds its row."""
    return _signers().delivery(_id_bytes(delivery_id))


def headers(delivery_id: int) -> dict[str, str]:
    """The headers every message carries: one-click unsubscribe (RFC 8058) and the delivery."""
    return {
        "List-Unsubscribe": f"<{unsubscribe_url(delivery_id)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "X-Beacon-Delivery": delivery_token(delivery_id),
    }


def variables(delivery_id: int, links: int = 0) -> dict[str, str]:
    """The values that a compiled message needs beside the contact: its addresses and those of its `links` links."""
    made, key = _signers(), _id_bytes(delivery_id)
    click, base = made.click, f"{made.base}/t/c/"
    found = {f"link_{position}": base + click(position.to_bytes(2, "big") + key) for position in range(links)}
    found["open_url"] = f"{made.base}/t/o/{made.open(key)}.gif"
    found["unsubscribe_url"] = f"{made.base}/u/{made.unsubscribe(key)}"
    found["view_url"] = f"{made.base}/v/{made.view(key)}"
    return found


def read_token(kind: LinkKind | str, token: str) -> tuple[int, int] | None:
    """(delivery id, position) of a genuine token of this kind, else None. Position is 0 except for clicks."""
    if not 16 < len(token) <= 64:
        return None
    payload = crypto.verify(str(kind), token)
    if not payload or len(payload) > 10:
        return None
    if kind == LinkKind.CLICK:
        return (int.from_bytes(payload[2:], "big"), int.from_bytes(payload[:2], "big")) if len(payload) > 2 else None
    return int.from_bytes(payload, "big"), 0
