"""Passwords: the rule, the hash (argon2id, in a thread), and generated passwords."""

import asyncio
import secrets
import unicodedata
from functools import lru_cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 10
MAX_LENGTH = 200
_hasher = PasswordHasher()  # argon2id with the library's RFC 9106 parameters
_GUESSABLE_BELOW: Final = 3  # zxcvbn's score: from 3 on it takes more than 10^8 guesses
_LOOK_AT: Final = 72  # characters; zxcvbn takes seconds for long ones
_STAND_INS: Final = "4@8({[<369&#!1|0$5+7%2"
_STAND_INS_AT_MOST: Final = 6  # zxcvbn tries all combinations of their meanings: 2 s for 20 of them
_WHY: Final = {
    "user_inputs": "It contains your name, your e-mail address or the name of this product.",
    "passwords": "It is, or is close to, a password that many people use.",
    "repeat": "It repeats the same characters.",
    "sequence": "It contains a sequence such as abc or 6543.",
    "spatial": "It follows a row of keys on the keyboard.",
    "date": "It contains a date.",
    "regex": "It contains a year.",
}
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without characters that look alike


def problem(password: str, email: str = "", name: str = "") -> str:
    """What is wrong with a new password, as a sentence; "" when it is accepted."""
    if len(password) < MIN_LENGTH:
        return f"The password needs at least {MIN_LENGTH} characters. A few words in a row are easy to remember."
    if len(password) > MAX_LENGTH:
        return f"The password may have at most {MAX_LENGTH} characters."
    if email and password.strip().lower() == email.lower():
        return "The password cannot be the e-mail address."
    if len(set(password)) < 3:
        return "The password needs more than two different characters."
    return _guessable(password, email, name)


def _guessable(password: str, email: str, name: str) -> str:
    from zxcvbn import zxcvbn  # 14 MB of word lists, needed only for a new password

    about = ["beacon", email, *email.partition("@")[::2], *name.split(), "".join(name.split())]
    found = zxcvbn(_readable(password), user_inputs=[text[:_LOOK_AT] for text in about if text])
    if found["score"] >= _GUESSABLE_BELOW:
        return ""
    longest = max(found["sequence"], key=lambda part: len(part["token"]))
    why = _WHY.get(longest.get("dictionary_name", longest["pattern"]), "It consists of too few uncommon words.")
    return f"This password is easy to guess. {why} Take a few uncommon words in a row."


def _readable(password: str) -> str:
    """The part of the password that zxcvbn checks, with few signs that can stand for letters."""
    seen: dict[str, str | int | None] = {}
    for sign in password[:_LOOK_AT]:
        if sign in _STAND_INS:
            seen.setdefault(sign, sign if len(seen) < _STAND_INS_AT_MOST else "~")
    return password[:_LOOK_AT].translate(str.maketrans(seen))


async def hash_password(password: str) -> str:
    """The hash to store."""
    return await asyncio.to_thread(_hasher.hash, _same_form(password))


async def matches(stored: str | None, password: str) -> bool:
    """Whether the password matches the stored hash. Without a hash the answer is False after the same time."""
    return await asyncio.to_thread(_matches, stored, password[: MAX_LENGTH + 1])


def made_up() -> str:
    """A generated password for someone else: 16 characters, 79 bits, easy to read aloud."""
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
