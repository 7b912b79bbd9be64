"""A connection that was tested in the form counts for the account that is saved with exactly the same settings.

What is compared is a keyed digest of everything that the connection depends on, the password included, so nothing that
a browser says makes an account count as tested.
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
    """What a test found and when. `mark` names the settings without telling them."""

    mark: str
    at: datetime
    ok: bool
    summary: str
    capabilities: dict[str, str] = field(default_factory=dict)


def mark(config: AccountConfig) -> str:
    """The settings of a connection as a keyed digest."""
    parts = (config.provider, *registry.adapter(config.provider).connection(config))
    return hmac.digest(derive("connection test"), json.dumps(parts).encode(), hashlib.sha256).hex()


def of(config: AccountConfig, report: ConnectionReport, at: datetime) -> CheckedConnection:
    """To be kept by the server until the form is saved."""
    return CheckedConnection(mark(config), at, report.ok, report.summary[:500], dict(report.capabilities))


def counts(found: CheckedConnection | None, config: AccountConfig, at: datetime) -> bool:
    """Whether a test was made with these settings, a short time ago."""
    if found is None or not timedelta(0) <= at - found.at <= COUNTS_FOR:
        return False
    return hmac.compare_digest(found.mark, mark(config))


def outcome(found: CheckedConnection | None, config: AccountConfig, at: datetime) -> dict[str, object]:
    """What is stored of an account that is saved with these settings: the test's result, or that nobody knows."""
    if found is None or not counts(found, config, at):
        return {"last_checked_at": None, "last_error": ""}
    known: dict[str, object] = {"last_checked_at": found.at, "last_error": "" if found.ok else found.summary}
    return known | ({"capabilities": found.capabilities} if found.ok else {})
