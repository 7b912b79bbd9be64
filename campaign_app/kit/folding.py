"""Comparing texts of people: the same answer in Python, SQLite and PostgreSQL, whatever the server's locale is."""

import re
import unicodedata
from functools import lru_cache

_RANGES = ((0x41, 0x5B), (0xC0, 0x590), (0x1E00, 0x1F00))
PAIRS: dict[str, str] = {
    chr(code): chr(code).lower()
    for first, last in _RANGES
    for code in range(first, last)
    if chr(code).lower() != chr(code) and len(chr(code).lower()) == 1
}
"""Capital → small letter for Latin, Greek, Cyrillic and Armenian, one for one."""
_TABLE = str.maketrans(PAIRS)
_SPECIAL = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ŀ": "l"}
)
_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Without capitals; nothing else changes, the length neither."""
    return text.lower() if text.isascii() else text.translate(_TABLE)


def words(text: str) -> list[str]:
    """The words of a text as they are searched and sorted: small letters, no accents, no punctuation."""
    if text.isascii():
        return _WORD.findall(text.lower())
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(c for c in plain if not unicodedata.combining(c)).casefold().translate(_SPECIAL))


@lru_cache(maxsize=20_000)
def sort_key(*texts: str, length: int = 255) -> str:
    """Texts as one key that sorts as people expect."""
    return " ".join(words(" ".join(texts)))[:length].rstrip()
