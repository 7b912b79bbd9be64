"""Secrets at rest and signed tokens, both from the installation's one key."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from campaign_app.core.config import settings
from campaign_app.core.errors import AppError

_SIGNATURE_BYTES = 12
_BLOCK = 64


def derive(purpose: str, length: int = 32) -> bytes:
    """A separate key for each purpose."""
    return _derive(settings().key, purpose, length)


@lru_cache(maxsize=64)
def _derive(key: str, purpose: str, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt=None, info=purpose.encode()).derive(key.encode())


def mac(purpose: str) -> Callable[[bytes], bytes]:
    """HMAC-SHA256 with this purpose's key, for many short messages: what depends only on the key is computed once."""
    key = derive(purpose).ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key))

    def made(message: bytes) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(message)
        second.update(first.digest())
        return second.digest()

    return made


def _fernet() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derive("secrets at rest")))


def seal(text: str) -> str:
    """Encrypt a secret for the database. Empty stays empty."""
    return _fernet().encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """Decrypt what `seal` made.

    Raises:
        AppError: this installation's key has changed.
    """
    if not sealed:
        return ""
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise AppError(
            "A stored secret cannot be read with this installation's key. "
            "Restore var/secret.key or enter the secret again.",
            title="Secret cannot be read",
            code="secret_unreadable",
        ) from None


def sign(purpose: str, payload: bytes) -> str:
    """URL-safe token: payload and a 96-bit HMAC over purpose and payload."""
    tag = hmac.digest(derive(f"sign {purpose}"), payload, hashlib.sha256)[:_SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(tag + payload).rstrip(b"=").decode()


def verify(purpose: str, token: str) -> bytes | None:
    """The payload of a token that `sign` made for this purpose, else None."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (ValueError, UnicodeEncodeError):
        return None
    tag, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    expected = hmac.digest(derive(f"sign {purpose}"), payload, hashlib.sha256)[:_SIGNATURE_BYTES]
    return payload if hmac.compare_digest(tag, expected) else None


def digest(token: str) -> str:
    """The SHA-256 of a bearer token. Only this is stored."""
    return hashlib.sha256(token.encode()).hexdigest()
