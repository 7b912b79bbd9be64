"""The media folder: uploads as they come, files under the SHA-256 of their bytes, and what nobody needs any more."""

import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Final

from campaign_app.core.config import settings
from campaign_app.media import types
from campaign_app.media.types import FileType

_INCOMING: Final = "incoming"
KEEP_UNKNOWN_S: Final = 3_600.0
"""A file without a row stays so long: its upload may not be committed yet."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An upload whose bytes are on disk, not in the library yet."""

    path: Path
    size: int


def path_of(digest: str) -> Path:
    """Where the bytes with this SHA-256 are."""
    return settings().media_folder / digest[:2] / digest


async def receive(stream: AsyncIterator[bytes]) -> Draft:
    """Write an upload to disk as it comes. It is cut off when its beginning is refused or it gets too large.

    Raises:
        MediaRefused: in words for a person. Nothing stays of it.
    """
    folder = settings().media_folder / _INCOMING
    folder.mkdir(parents=True, exist_ok=True)
    path, size, head = folder / secrets.token_hex(12), 0, b""
    found: FileType | None = None
    try:
        with path.open("wb") as file:
            async for piece in stream:
                size += len(piece)
                file.write(piece)
                if found is None:
                    head += piece[: types.HEAD - len(head)]
                    found = types.by_head(head) if len(head) >= types.HEAD else None
                if found is not None:
                    types.must_fit(found, size)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Draft(path, size)


def cut_and_hash(draft: Draft, length: int) -> str:
    """Cut off what is behind the file's own end, write it through to the disk; the SHA-256 of the rest."""
    with draft.path.open("rb+") as file:
        file.truncate(length)
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep(draft: Draft, digest: str) -> None:
    """Put a draft in its place at once: whoever reads finds all of it or nothing.

    A file that is there already is replaced by the same bytes, so that `tidy` sees that it is young.
    """
    target = path_of(digest)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(draft.path, target)  # noqa: PTH105  (says what it does)


def unknown(known: Collection[str]) -> list[Path]:
    """Files that no row needs: old drafts, and what has been there for a while without a row."""
    paths = settings().media_folder.glob("??*/*")
    return [path for path in paths if path.is_file() and path.name not in known and _is_old(path)]


def remove(path: Path) -> bool:
    """Delete a file that `unknown` found, unless the same bytes were uploaded again meanwhile."""
    aside = path.with_name(f"{path.name}.removed")
    try:
        path.rename(aside)
    except FileNotFoundError:
        return False
    if _is_old(aside):
        aside.unlink(missing_ok=True)
        return True
    aside.rename(path)
    return False


def _is_old(path: Path) -> bool:
    try:
        return path.stat().st_mtime < time() - KEEP_UNKNOWN_S
    except FileNotFoundError:
        return False
