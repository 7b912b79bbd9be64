"""The one-time link that makes its bearer the owner. All hosts print the same one until it is used or has expired.

Its token is made from the installation's key and a nonce in the database. So every host can print it again, and the
database alone (which has its digest) does not give it away.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.auth import repository
from campaign_app.core import clock, crypto
from campaign_app.core.config import settings

VALID_FOR: Final = timedelta(hours=24)
PATH: Final = "/auth/setup"
_NONCE_BYTES: Final = 16


async def ensure(session: AsyncSession) -> str:
    """The token, valid for a day from now; "" when somebody exists, who may add others. Needs a transaction."""
    await repository.lock_users(session)
    if await repository.any_user(session):
        await repository.forget_setup(session)
        return ""
    nonce, _ = await _valid(session)
    nonce = nonce or secrets.token_hex(_NONCE_BYTES)
    token = _token(nonce)
    value = {"nonce": nonce, "digest": crypto.digest(token), "expires_at": (clock.now() + VALID_FOR).isoformat()}
    await repository.keep_setup(session, value)
    return token


async def allows(session: AsyncSession, token: str) -> bool:
    """Whether this is the token of the present link. Without a link nobody is allowed."""
    nonce, digest = await _valid(session)
    return bool(nonce) and hmac.compare_digest(digest, crypto.digest(token))


def address(token: str, server: str = "") -> str:
    """The link; `server`: where the product answers, if it is not where the settings say."""
    return f"{server or settings().server_url}{PATH}?token={token}"


async def _valid(session: AsyncSession) -> tuple[str, str]:
    """(nonce, digest) of the present link; empty when there is none, it has expired, or another key made it."""
    stored = await repository.stored_setup(session)
    nonce, digest = str(stored.get("nonce", "")), str(stored.get("digest", ""))
    if not nonce or datetime.fromisoformat(str(stored["expires_at"])) <= clock.now():
        return "", ""
    return (nonce, digest) if hmac.compare_digest(digest, crypto.digest(_token(nonce))) else ("", "")


def _token(nonce: str) -> str:
    made = hmac.digest(crypto.derive("setup link"), nonce.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
