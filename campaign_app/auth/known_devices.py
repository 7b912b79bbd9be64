"""The marks of a browser: signed, one for each account that signed in there. They let nobody in by themselves."""

import secrets
import struct
from datetime import timedelta
from typing import Final

from campaign_app.core import clock, crypto

COOKIE: Final = "beacon_device"
VALID_FOR: Final = timedelta(days=365)
_ACCOUNTS: Final = 5
_PURPOSE: Final = "known device"
_SHAPE: Final = struct.Struct(">QQ8s")  # user, when it was made, chance
_BETWEEN: Final = "."


def find(marks: str, user_id: int) -> str:
    """The name of the device if this user signed in there within the last year, else ""."""
    for mark in marks.split(_BETWEEN, _ACCOUNTS)[:_ACCOUNTS]:
        payload = crypto.verify(_PURPOSE, mark) if mark else None
        if payload is None or len(payload) != _SHAPE.size:
            continue
        owner, made_at, chance = _SHAPE.unpack(payload)
        age = clock.now().timestamp() - made_at
        if owner == user_id and age <= VALID_FOR.total_seconds():
            return f"{owner}:{chance.hex()}"  # not the mark itself: base64 can be written in many ways
    return ""


def add(marks: str, user_id: int) -> str:
    """The marks with one for this user in front."""
    fresh = crypto.sign(_PURPOSE, _SHAPE.pack(user_id, int(clock.now().timestamp()), secrets.token_bytes(8)))
    return _BETWEEN.join([fresh, *filter(None, marks.split(_BETWEEN, _ACCOUNTS)[: _ACCOUNTS - 1])])
