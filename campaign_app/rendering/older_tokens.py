"""Reads tokens of messages sent by earlier versions, so that their links keep working."""

from campaign_app.core import crypto
from campaign_app.rendering import link_values

_ID_BYTES = 8
_PLAIN = 64


def read(kind: str, token: str) -> int | None:
    """The delivery of a genuine token of this kind, else None."""
    payload = crypto.verify(kind, token) if 16 < len(token) <= _PLAIN else None
    return int.from_bytes(payload, "big") if payload and len(payload) <= _ID_BYTES else None


def read_click(token: str) -> tuple[int, int, bytes] | None:
    """(delivery, position, bytes of the link's values) of a genuine click token, else None."""
    payload = crypto.verify("click", token) if len(token) > 16 else None
    if not payload or len(payload) <= 2:
        return None
    position, rest = int.from_bytes(payload[:2], "big"), payload[2:]
    target = rest[_ID_BYTES:].decode("utf-8", "replace")
    return int.from_bytes(rest[:_ID_BYTES], "big"), position, link_values.whole(target) if target else b""
