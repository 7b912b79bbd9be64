"""The marks in a browser's cookie: signed, one per account that signed in there. They are no proof of identity."""

import secrets
import struct
from datetime import timedelta
from typing import Final

from campaign_app.core import clock, crypto

COOKIE: Final = "beacon_device"
VALID_FOR: Final = timedelta(days=365)
_ACCOUNTS: Final = 5
_PURPOSE: Final = "known device"
_SHAPE: Final = struct.Struct(">QQ8s")  # user, time of making, random bytes
_BETWEEN: Final = "."


def find(marks: str, user_id: int) -> str:
    """The device's name if this user signed in there within the last year, else ""."""
    for mark in marks.split(_BETWEEN, _ACCOUNTS)[:_ACCOUNTS]:
        payload = crypto.verify(_PURPOSE, mark) if mark else None
        if payload is None or len(payload) != _SHAPE.size:
            continue
        owner, made_at, chance = _SHAPE.unpack(payload)
        age = clock.now().timestamp() - made_at
        if owner == user_id and age <= VALID_FOR.total_seconds():
            return f"{owner}:{chance.hex()}"  # not the mark itself: the same base64 can be written in several ways
    return ""


def add(marks: str, user_id: int) -> str:
    """The marks with a new one for this user at the front."""
    fresh = crypto.sign(_PURPOSE, _SHAPE.pack(user_id, int(clock.now().timestamp()), secrets.token_bytes(8)))
    return _BETWEEN.join([fresh, *filter(None, marks.split(_BETWEEN, _ACCOUNTS)[: _ACCOUNTS - 1])])
