"""The token between password and code: the password was right, the code is still missing. It gives no access.

It contains the person and a mark of the password, is valid for five minutes, and works once.
"""

import hmac
import secrets
import struct
from dataclasses import dataclass
from typing import Final

from redis.exceptions import RedisError

from campaign_app.core import clock, crypto, redis
from campaign_app.core.errors import Unavailable
from campaign_app.models.user import User

COOKIE: Final = "beacon_pending"
VALID_FOR_S: Final = 300
_PURPOSE: Final = "pending sign-in"
_SHAPE: Final = struct.Struct(">QQ8s8s")  # user, time of making, mark of the password, random bytes


@dataclass(frozen=True, slots=True)
class Pending:
    """A token that is still valid."""

    user_id: int
    password_mark: bytes
    nonce: str

    def fits(self, user: User) -> bool:
        """Whether the password was not changed since."""
        return hmac.compare_digest(self.password_mark, _mark(user))


def make(user: User) -> str:
    """A token for the cookie."""
    now = int(clock.now().timestamp())
    return crypto.sign(_PURPOSE, _SHAPE.pack(user.id or 0, now, _mark(user), secrets.token_bytes(8)))


def read(token: str) -> Pending | None:
    """The content of a token; None when it is not valid or too old."""
    payload = crypto.verify(_PURPOSE, token[:200])
    if payload is None or len(payload) != _SHAPE.size:
        return None
    user_id, made_at, mark, chance = _SHAPE.unpack(payload)
    if clock.now().timestamp() - made_at > VALID_FOR_S:
        return None
    return Pending(user_id, mark, chance.hex())


async def use_up(pending: Pending) -> bool:
    """Mark the token as used; False when it was already used.

    Raises:
        Unavailable: Redis does not answer.
    """
    try:
        return bool(await redis.client().set(f"sign-in:pending:{pending.nonce}", 1, nx=True, ex=2 * VALID_FOR_S))
    except (RedisError, OSError) as error:
        raise Unavailable(
            "Nobody can sign in right now, because Redis does not answer. Try again in a minute.",
            title="Signing in does not work right now",
        ) from error


def _mark(user: User) -> bytes:
    return bytes.fromhex(crypto.digest(user.password_hash))[:8]
