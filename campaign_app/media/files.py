"""The media folder: uploads while they arrive, files named by the SHA-256 of their bytes, and removal of old ones."""

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
"""How long a file without a row is kept: its upload may not be committed yet."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An upload whose bytes are on disk but not yet in the library."""

    path: Path
    size: int


def path_of(digest: str) -> Path:
    return settings().media_folder / digest[:2] / digest


async def receive(stream: AsyncIterator[bytes]) -> Draft:
    """Write an upload to disk while it arrives. It is aborted when its beginning is refused or it gets too large.

    Raises:
        MediaRefused: with a message for a person. No file is kept.
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
    """Cut off bytes after the file's own end and sync it to disk; return the SHA-256 of the rest."""
    with draft.path.open("rb+") as file:
        file.truncate(length)
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep(draft: Draft, digest: str) -> None:
    """Move a draft to its place atomically: readers find all of it or nothing.

    An existing file is replaced by the same bytes, so that its age starts anew for `unknown`.
    """
    target = path_of(digest)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(draft.path, target)  # noqa: PTH105  (the clearer name)


def unknown(known: Collection[str]) -> list[Path]:
    """Files that no row needs: old drafts, and old files without a row."""
    paths = settings().media_folder.glob("??*/*")
    return [path for path in paths if path.is_file() and path.name not in known and _is_old(path)]


def remove(path: Path) -> bool:
    """Delete a file found by `unknown`, unless the same bytes were uploaded again meanwhile."""
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
