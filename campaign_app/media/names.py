"""File names: the one that people see, and the one in a public address. No I/O."""

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Final

from campaign_app.media.types import FileType

LONGEST: Final = 200
_NOT_IN_ADDRESSES: Final = re.compile(r"[^A-Za-z0-9._-]+")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control characters, direction marks, lone surrogates."""


def clean(given: str, found: FileType) -> str:
    """A name for people, without folders and with a suffix of this type."""
    name = PurePosixPath(given.replace("\\", "/")).name
    seen = "".join(letter for letter in name if unicodedata.category(letter) not in _UNSEEN)
    stem, suffix = " ".join(seen.split()), found.suffixes[0]
    before, dot, after = stem.rpartition(".")
    if dot and re.fullmatch(r"[A-Za-z0-9]{1,5}", after):
        stem = before
        suffix = f".{after.lower()}" if f".{after.lower()}" in found.suffixes else suffix
    stem = stem.strip(". ")[:LONGEST].strip(". ")
    return f"{stem or found.kind.value}{suffix}"


def in_address(name: str) -> str:
    """The name reduced to characters that need no escaping in an address."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    stem, _, suffix = plain.rpartition(".")
    return f"{_NOT_IN_ADDRESSES.sub('-', stem).strip('-.')[:80] or 'file'}.{suffix}"
