"""A connection test made in the form counts for an account that is saved with exactly the same settings.

A keyed digest of everything that the connection depends on is compared, including the password. So a browser cannot
claim that an account was tested.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from campaign_app.channels import registry
from campaign_app.channels.base import AccountConfig, ConnectionReport
from campaign_app.core.crypto import derive

COUNTS_FOR = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class CheckedConnection:
    """The result and time of a test. `mark` identifies the settings without revealing them."""

    mark: str
    at: datetime
    ok: bool
    summary: str
    capabilities: dict[str, str] = field(default_factory=dict)


def mark(config: AccountConfig) -> str:
    """A keyed digest of a connection's settings."""
    parts = (config.provider, *registry.adapter(config.provider).connection(config))
    return hmac.digest(derive("connection test"), json.dumps(parts).encode(), hashlib.sha256).hex()


def of(config: AccountConfig, report: ConnectionReport, at: datetime) -> CheckedConnection:
    """The value that the server keeps until the form is saved."""
    return CheckedConnection(mark(config), at, report.ok, report.summary[:500], dict(report.capabilities))


def counts(found: CheckedConnection | None, config: AccountConfig, at: datetime) -> bool:
    """Whether these settings were tested recently."""
    if found is None or not timedelta(0) <= at - found.at <= COUNTS_FOR:
        return False
    return hmac.compare_digest(found.mark, mark(config))


def outcome(found: CheckedConnection | None, config: AccountConfig, at: datetime) -> dict[str, object]:
    """The state stored with an account saved with these settings: the test's result, or unknown."""
    if found is None or not counts(found, config, at):
        return {"last_checked_at": None, "last_error": ""}
    known: dict[str, object] = {"last_checked_at": found.at, "last_error": "" if found.ok else found.summary}
    return known | ({"capabilities": found.capabilities} if found.ok else {})
