"""Passwords: the rule, the hash (argon2id, in a thread), and ones made up for others."""

import asyncio
import secrets
import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 10
MAX_LENGTH = 200
_hasher = PasswordHasher()  # argon2id with the library's RFC 9106 parameters
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without what can be misread


def problem(password: str, email: str = "") -> str:
    """What is wrong with a new password, as a sentence; "" when nothing is."""
    if len(password) < MIN_LENGTH:
        return f"The password needs at least {MIN_LENGTH} characters. A few words in a row are easy to remember."
    if len(password) > MAX_LENGTH:
        return f"The password may have at most {MAX_LENGTH} characters."
    if email and password.strip().lower() == email.lower():
        return "The password cannot be the e-mail address."
    if len(set(password)) < 3:
        return "The password needs more than two different characters."
    return ""


async def hash_password(password: str) -> str:
    """The hash to store."""
    return await asyncio.to_thread(_hasher.hash, _same_form(password))


async def matches(stored: str | None, password: str) -> bool:
    """Whether the password belongs to the stored hash. Without a hash it takes as long and is False."""
    return await asyncio.to_thread(_matches, stored, password[: MAX_LENGTH + 1])


def made_up() -> str:
    """A password for someone else: 16 characters, 79 bits, easy to read aloud."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def _matches(stored: str | None, password: str) -> bool:
    try:
        return _hasher.verify(stored or _nobody(), _same_form(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def _same_form(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


@lru_cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe(32))
