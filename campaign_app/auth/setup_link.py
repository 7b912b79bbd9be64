"""The one-time link with which the first owner is created. All hosts print the same link until it is used or expires.

Its token is made from the installation's key and a nonce in the database, so every host can print it again. The
database alone, which has only the nonce and the digest, is not enough to make it.
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
    """The token, valid for a day from now; "" when a user exists. Needs a transaction."""
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
    """Whether this is the token of the current link. False when there is no link."""
    nonce, digest = await _valid(session)
    return bool(nonce) and hmac.compare_digest(digest, crypto.digest(token))


def address(token: str, server: str = "") -> str:
    """The link; `server`: the product's address, if it is not the one in the settings."""
    return f"{server or settings().server_url}{PATH}?token={token}"


async def _valid(session: AsyncSession) -> tuple[str, str]:
    """(nonce, digest) of the current link; empty when there is none, it has expired, or another key made it."""
    stored = await repository.stored_setup(session)
    nonce, digest = str(stored.get("nonce", "")), str(stored.get("digest", ""))
    if not nonce or datetime.fromisoformat(str(stored["expires_at"])) <= clock.now():
        return "", ""
    return (nonce, digest) if hmac.compare_digest(digest, crypto.digest(_token(nonce))) else ("", "")


def _token(nonce: str) -> str:
    made = hmac.digest(crypto.derive("setup link"), nonce.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
