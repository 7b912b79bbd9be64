"""Signed addresses of one delivery: open pixel, click, unsubscribe, view in browser. Checking one needs no database.

A token contains the delivery (and the link's position), never a person's address. It does not expire, because people
also unsubscribe from old messages. The token of a link with variables carries their values, so that the link leads to
the same address as when it was sent (docs/decisions/0011). A token does not depend on the address of this installation,
so links of old messages keep working when it changes. `base` is that address, from `readiness.base_of`.

One keyed hash of the delivery's id gives the tags of all its tokens and the key for the tags of its clicks, because
every message needs several (docs/decisions/0016). Each field has a multiple of three bytes, so that its Base64 can be
joined and split:

    open, unsubscribe, view, delivery   tag 12 · delivery 6
    click                               tag 12 · position 3 · delivery 6 · values, if any
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from campaign_app.core import crypto
from campaign_app.core.config import Settings, settings
from campaign_app.rendering import link_values, older_tokens
from campaign_app.rendering.link_values import LinkValues

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_ID_BYTES = 6
_TAG = 16  # characters, of 12 bytes
_NAME = 8  # characters, of _ID_BYTES
_PLACE = 4  # characters, of a position's 3 bytes
_TAGS = 48  # bytes of the hash used as tags; the rest is a key
_AT_ONCE = 5  # click tags from one hash
_LONGEST = 64 + (link_values.MOST * 4 + 2) // 3


class LinkKind(StrEnum):
    """What an address does. Each kind has its own tag."""

    OPEN = "open"
    UNSUBSCRIBE = "unsubscribe"
    VIEW = "view"
    DELIVERY = "delivery"


_TAG_OF = {kind: _TAG * place for place, kind in enumerate(LinkKind)}


class Made(NamedTuple):
    """A message's values from its delivery: variables for its parts, unsubscribe address, token."""

    variables: dict[str, str]
    unsubscribe_url: str
    token: str


@dataclass(frozen=True, slots=True)
class ClickToken:
    """The contents of a click token. `values`: packed values of the link's variables; empty for a link without."""

    delivery_id: int
    position: int
    values: bytes


_hash: tuple[Settings, "hashlib.blake2b"] | None = None


def _digest(name: bytes) -> bytes:
    """A delivery's hash: four tags of 12 bytes, and the key for the tags of its clicks."""
    global _hash
    found = settings()
    if _hash is None or _hash[0] is not found:
        _hash = (found, hashlib.blake2b(key=crypto.derive("tokens of deliveries", 64), digest_size=64))
    made = _hash[1].copy()
    made.update(name)
    return made.digest()


def _letters(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).translate(_URL_SAFE).decode()


def _click_tags(key: bytes, block: bytes, values: bytes) -> str:
    return _letters(hashlib.blake2b(block + values, key=key, digest_size=_AT_ONCE * 12).digest())


def _token(kind: LinkKind, delivery_id: int) -> str:
    name = delivery_id.to_bytes(_ID_BYTES, "big")
    start = _TAG_OF[kind]
    return _letters(_digest(name)[:_TAGS])[start : start + _TAG] + _letters(name)


def open_url(delivery_id: int) -> str:
    """Path of the open pixel."""
    return f"/t/o/{_token(LinkKind.OPEN, delivery_id)}.gif"


def unsubscribe_url(delivery_id: int) -> str:
    """Path to unsubscribe: GET shows a page, POST unsubscribes (RFC 8058)."""
    return f"/u/{_token(LinkKind.UNSUBSCRIBE, delivery_id)}"


def view_url(delivery_id: int) -> str:
    """Path of the message as a web page."""
    return f"/v/{_token(LinkKind.VIEW, delivery_id)}"


class _Place(NamedTuple):
    variable: str
    tag: int
    letters: str


_Blocks = Sequence[tuple[bytes, Sequence[_Place]]]


@lru_cache(maxsize=4_096)
def _blocks(positions: Iterable[int]) -> _Blocks:
    """Positions grouped by the hash that contains their tags."""
    found: dict[int, list[_Place]] = {}
    for position in positions:
        block, place = divmod(position, _AT_ONCE)
        made = _Place(f"link_{position}", place * _TAG, _letters(position.to_bytes(3, "big")))
        found.setdefault(block, []).append(made)
    return [(block.to_bytes(3, "big"), places) for block, places in found.items()]


class Addresses:
    """Creates the values that one campaign's messages need besides the contact. `reads`: variables that it uses.

    `personal`: positions of links with variables, which come with each message's values.
    """

    def __init__(self, links: int, reads: Container[str], base: str, personal: Container[int] = ()) -> None:
        self._plain = _blocks(tuple(n for n in range(links) if f"link_{n}" in reads and n not in personal))
        self._to_click, self._to_unsubscribe = f"{base}/t/c/", f"{base}/u/"
        self._to_open = f"{base}/t/o/" if "open_url" in reads else ""
        self._to_view = f"{base}/v/" if "view_url" in reads else ""

    def make(self, delivery_id: int, values: LinkValues = link_values.NONE) -> Made:
        """The addresses, by their variable names in a compiled message. `values`: from `message.link_values(…)`."""
        raw = delivery_id.to_bytes(_ID_BYTES, "big")
        digest = _digest(raw)
        tags = _letters(digest[:_TAGS] + raw)
        name = tags[64:]
        leave = f"{self._to_unsubscribe}{tags[16:32]}{name}"
        found = {"unsubscribe_url": leave}
        if self._to_open:
            found["open_url"] = f"{self._to_open}{tags[:16]}{name}.gif"
        if self._to_view:
            found["view_url"] = f"{self._to_view}{tags[32:48]}{name}"
        key = digest[_TAGS:]
        if self._plain:
            self._clicks(found, key, name, self._plain, b"")
        for positions, packed in values.packed:
            self._clicks(found, key, name, _blocks(positions), packed)
        if values.whole:
            found.update(values.whole)
        return Made(found, leave, tags[48:])

    def _clicks(self, found: dict[str, str], key: bytes, name: str, blocks: _Blocks, values: bytes) -> None:
        base = self._to_click
        end = name + _letters(values).rstrip("=") if values else name
        for block, places in blocks:
            tags = _click_tags(key, block, values)
            for variable, tag, letters in places:
                found[variable] = f"{base}{tags[tag : tag + _TAG]}{letters}{end}"


def read_click(token: str) -> ClickToken | None:
    """The contents of a genuine click token, else None."""
    if len(token) > _LONGEST or not token.isascii():
        return None
    raw = _bytes(token[_TAG:])
    if len(raw) >= 3 + _ID_BYTES:
        position, name, values = int.from_bytes(raw[:3], "big"), raw[3 : 3 + _ID_BYTES], raw[3 + _ID_BYTES :]
        block, place = divmod(position, _AT_ONCE)
        tags = _click_tags(_digest(name)[_TAGS:], block.to_bytes(3, "big"), values)
        if hmac.compare_digest(token, tags[place * _TAG :][:_TAG] + _letters(raw).rstrip("=")):
            return ClickToken(int.from_bytes(name, "big"), position, values)
    older = older_tokens.read_click(token)
    return ClickToken(*older) if older else None


def read_token(kind: LinkKind, token: str) -> int | None:
    """The delivery of a genuine token of this kind, else None."""
    if len(token) > _LONGEST or not token.isascii():
        return None
    name = _bytes(token[_TAG:])
    if len(name) == _ID_BYTES:
        delivery_id = int.from_bytes(name, "big")
        if hmac.compare_digest(token, _token(kind, delivery_id)):
            return delivery_id
    return older_tokens.read(kind, token)


def _bytes(letters: str) -> bytes:
    try:
        return urlsafe_b64decode(letters + "=" * (-len(letters) % 4))
    except ValueError:
        return b""
