"""Signed records of the chain's length and end. Kept outside the database, they reveal a cut or rewritten chain."""

import hashlib
import hmac
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from campaign_app.core import crypto, logging
from campaign_app.core.config import settings

_WORD: Final = "beacon-audit-anchor-1"
_KEPT: Final = 200
_FILE: Final = "audit-anchors.log"
log = logging.get("audit")


@dataclass(frozen=True, slots=True)
class Anchor:
    """The chain had `count` entries and ended with entry `id`, which has the hash `hash`."""

    at: datetime
    count: int
    id: int
    hash: str

    def text(self) -> str:
        """The anchor as one line, signed with the installation's key."""
        content = " ".join((_WORD, self.at.astimezone(UTC).isoformat(), str(self.count), str(self.id), self.hash))
        return f"{content} {_mac(content)}"


def parse(line: str) -> Anchor | None:
    """The anchor of a line that this installation signed, else None."""
    start = line.find(_WORD)
    words = line[start:].split()[:6] if start >= 0 else []
    if len(words) != 6 or not hmac.compare_digest(_mac(" ".join(words[:5])).encode(), words[5].encode()):
        return None
    _, at, count, last_id, last_hash, _ = words
    return Anchor(datetime.fromisoformat(at), int(count), int(last_id), last_hash)


def kept() -> list[Anchor]:
    """The anchors in this host's file, oldest first."""
    try:
        lines = _path().read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []
    return [anchor for line in lines[-_KEPT:] if (anchor := parse(line))]


def keep(anchor: Anchor) -> None:
    """Write the anchor to the log, and to this host's file unless its newest entry is the same."""
    log.info("audit anchor", anchor=anchor.text())
    before = kept()
    if before and (before[-1].id, before[-1].hash) == (anchor.id, anchor.hash):
        return
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text("".join(f"{one.text()}\n" for one in [*before, anchor][-_KEPT:]))
    draft.chmod(0o600)
    draft.replace(path)


def _path() -> Path:
    return settings().var_dir / _FILE


def _mac(content: str) -> str:
    return hmac.digest(crypto.derive("audit anchor"), content.encode(), hashlib.sha256).hex()
