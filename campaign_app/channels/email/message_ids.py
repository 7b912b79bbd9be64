"""Message-IDs that identify their delivery, so that bounces, replies and reconciliation find the row."""

import hmac
import re
from collections.abc import Callable

from campaign_app.core.config import Settings, settings
from campaign_app.core.crypto import mac

_FORM = re.compile(r"<?b([0-9a-z]+)\.([0-9a-f]{16})@[^<>\s@]+>?")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_keyed: tuple[Settings, Callable[[bytes], bytes]] | None = None


def _tag(number: str) -> str:
    global _keyed
    found = settings()
    if _keyed is None or _keyed[0] is not found:
        _keyed = (found, mac("message id"))
    return _keyed[1](number.encode())[:8].hex()


def make(delivery_id: int, domain: str) -> str:
    """`<b{id in base 36}.{tag}@{domain}>`, the same for every attempt, so that a receiver can detect a duplicate."""
    digits = ""
    number = delivery_id
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return f"<b{digits or '0'}.{_tag(digits or '0')}@{domain}>"


def read(text: str) -> int | None:
    """The delivery that one of our Message-IDs in `text` identifies; None when there is none."""
    for found in _FORM.finditer(text):
        if hmac.compare_digest(_tag(found[1]), found[2]):
            return int(found[1], 36)
    return None
