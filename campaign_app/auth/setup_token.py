"""A one-time token that lets exactly the person who started the installation create its owner in the browser."""

import hmac
import secrets
from pathlib import Path

from campaign_app.core.config import settings


def _path() -> Path:
    return settings().var_dir / "setup-token"


def issue() -> str:
    """The token; made at first, the same until it was used. Readable by the owner of the files only."""
    path = _path()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24))
    return path.read_text().strip()


def allows(token: str) -> bool:
    """Whether this is the token, or none was issued."""
    path = _path()
    return not path.exists() or hmac.compare_digest(path.read_text().strip().encode(), token.encode())


def clear() -> None:
    """The owner exists."""
    _path().unlink(missing_ok=True)
