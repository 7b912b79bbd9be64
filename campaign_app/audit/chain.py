"""What each entry's hash covers, and how entries are linked. Pure."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from campaign_app.models.audit import AuditEntry

_MAX_TEXT = 1_000
_MAX_DEPTH = 4


def clean(value: Any, depth: int = 0) -> Any:
    """A detail in a form that both databases return unchanged: text, whole numbers, lists, mappings."""
    if isinstance(value, Enum):
        return clean(value.value, depth)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if depth < _MAX_DEPTH and isinstance(value, Mapping):
        return {clean_text(str(key), 64): clean(item, depth + 1) for key, item in value.items()}
    if depth < _MAX_DEPTH and isinstance(value, list | tuple | set | frozenset):
        return [clean(item, depth + 1) for item in value]
    return clean_text(str(value), _MAX_TEXT)  # also a float: JSONB would change 1e20


def clean_text(text: str, limit: int) -> str:
    """Without NUL and lone surrogates, which PostgreSQL refuses, and at most `limit` characters."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()[:limit]


def seal(key: bytes, entry: AuditEntry) -> str:
    """Keyed hash over every column of the entry except `hash`; nobody can forge it with the database alone."""
    content = [
        entry.at.astimezone(UTC).isoformat(),
        entry.actor_id,
        entry.actor_name,
        entry.action,
        entry.object_type,
        entry.object_id,
        entry.object_name,
        entry.details,
        entry.ip,
        entry.previous_hash,
    ]
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hmac.digest(key, text.encode(), hashlib.sha256).hex()


def head(key: bytes, entry_id: int, entry_hash: str, count: int, *, broken: bool) -> dict[str, Any]:
    """The signed end of the chain. `broken` stays set: later entries do not repair an end that once did not fit."""
    value = {"id": entry_id, "hash": entry_hash, "count": count, "broken": broken}
    return {**value, "mac": _mac(key, value)}


def head_fits(key: bytes, value: Mapping[str, Any]) -> bool:
    """Whether the head was signed with the key."""
    signed = {name: value.get(name) for name in ("id", "hash", "count", "broken")}
    return hmac.compare_digest(str(value.get("mac", "")).encode(), _mac(key, signed).encode())


def _mac(key: bytes, value: Mapping[str, Any]) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hmac.digest(key, text.encode(), hashlib.sha256).hex()


def fits(key: bytes, entry: AuditEntry, previous_hash: str) -> bool:
    """Whether the entry is unchanged and follows the entry with the given hash."""
    return entry.previous_hash == previous_hash and hmac.compare_digest(entry.hash, seal(key, entry))
