"""The ledger's statements on SQLite: one connection, BEGIN IMMEDIATE, one statement per batch.

Rows travel as JSON in both directions, so that a batch is one step of one statement. Runs in a process of its own
(ledger_process.py): SQL and its strings never wait for the interpreter of the process that sends, nor it for them.
"""

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from campaign_app.core.db import SQLITE_BUSY_TIMEOUT_MS, SQLITE_CACHE_KB
from campaign_app.delivery.fast import (
    ANY_TIME,
    CONTACT_COLUMNS,
    LEASE_TTL_S,
    Hold,
    Owner,
    RawRows,
    Write,
    Written,
)
from campaign_app.delivery.outcome import Outcome, Tally, tally
from campaign_app.models.delivery import DeliveryStatus

T = TypeVar("T")
_PRAGMAS = ("journal_mode=WAL", f"cache_size=-{SQLITE_CACHE_KB}", "temp_store=MEMORY", "foreign_keys=ON")
_FORM = "%Y-%m-%d %H:%M:%S.%f"

_FIND = """
SELECT l.id, l.epoch, l.first_id, l.last_id FROM lease l JOIN campaign c ON c.id = l.campaign_id
WHERE l.campaign_id = ? AND l.state = 'open' AND l.available_at <= ? AND c.status = 'running'
ORDER BY l.available_at, l.id LIMIT 1
"""
_CLAIM = """
UPDATE lease SET state = 'held', epoch = epoch + 1, owner = ?, host = ?, journal = ?,
  claimed_at = ?, heartbeat_at = ?, expires_at = ?, reach_id = first_id - 1 WHERE id = ?
"""
_READ = f"""
SELECT json_group_array(json(j)) FROM (
  SELECT json_array(d.id, d.address, d.domain, d.attempts, s.reason, c.id,
    {", ".join(f"c.{name}" for name in CONTACT_COLUMNS)}) AS j
  FROM delivery d LEFT JOIN contact c ON c.id = d.contact_id LEFT JOIN suppression s ON s.address = d.address
  WHERE d.id > ? AND d.id <= ? AND d.campaign_id = ? AND d.status = 'pending'
    AND (d.next_attempt_at IS NULL OR d.next_attempt_at <= ?)
  ORDER BY d.id LIMIT ?)
"""  # noqa: S608
_REACH = "UPDATE lease SET reach_id = ? WHERE id = ? AND epoch = ? AND state = 'held'"
_BEAT = "UPDATE lease SET heartbeat_at = ?, expires_at = ? WHERE id = ? AND epoch = ? AND state = 'held'"
_SENT = """
UPDATE delivery SET status = 'sent', reason = '', attempts = attempts + 1, next_attempt_at = NULL,
  response = j.response, updated_at = j.at, sent_at = j.at
FROM (SELECT value ->> 0 AS id, value ->> 1 AS before, value ->> 2 AS at, value ->> 3 AS response FROM json_each(?)) j
WHERE delivery.id = j.id AND delivery.status = 'pending' AND delivery.attempts = j.before
"""
_OTHER = """
UPDATE delivery SET status = j.status, reason = j.reason, attempts = j.attempts, next_attempt_at = j.next,
  response = j.response, updated_at = j.at, failed_at = CASE WHEN j.status = 'failed' THEN j.at ELSE failed_at END
FROM (SELECT value ->> 0 AS id, value ->> 1 AS before, value ->> 2 AS at, value ->> 3 AS response,
        value ->> 4 AS status, value ->> 5 AS reason, value ->> 6 AS attempts, value ->> 7 AS next
      FROM json_each(?)) j
WHERE delivery.id = j.id AND delivery.status = 'pending' AND delivery.attempts = j.before
"""
_MINUTES = """
INSERT INTO campaign_minute (campaign_id, minute, sent, failed, opens, clicks, opened, clicked, unsubscribed)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, 0, 0, 0, 0, 0 FROM json_each(?) WHERE true
ON CONFLICT (campaign_id, minute) DO UPDATE SET sent = sent + excluded.sent, failed = failed + excluded.failed
"""
_DOMAINS = """
INSERT INTO campaign_domain (campaign_id, domain, sent, failed, bounced, opened, clicked, unsubscribed, complained)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, 0, 0, 0, 0 FROM json_each(?) WHERE true
ON CONFLICT (campaign_id, domain) DO UPDATE SET
  sent = sent + excluded.sent, failed = failed + excluded.failed, bounced = bounced + excluded.bounced
"""
_LEFT = """
SELECT COUNT(*), SUM(next_attempt_at IS NULL), MIN(next_attempt_at) FROM delivery
WHERE id BETWEEN ? AND ? AND campaign_id = ? AND status = 'pending'
"""
_SKIP = """
UPDATE delivery SET status = 'skipped', reason = 'cancelled', next_attempt_at = NULL, updated_at = ?
WHERE id BETWEEN ? AND ? AND campaign_id = ? AND status = 'pending'
"""
_RELEASE = """
UPDATE lease SET state = ?, available_at = COALESCE(?, available_at), owner = '', host = '', journal = ''
WHERE id = ? AND epoch = ? AND state = 'held'
"""


def to_text(at: datetime) -> str:
    """As SQLModel stores it: naive UTC."""
    return at.astimezone(UTC).strftime(_FORM)


def from_text(text: str) -> datetime:
    """Back to an aware datetime."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class _Disputed(Exception):
    """Rows were not as expected: roll back."""


class SqliteLedger:
    """What Store promises, on one connection and without waiting for anything but the database."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(self._path, timeout=SQLITE_BUSY_TIMEOUT_MS / 1000, isolation_level=None)
            for pragma in (
                "journal_mode=WAL",
                f"cache_size=-{SQLITE_CACHE_KB}",
                "temp_store=MEMORY",
                "foreign_keys=ON",
            ):
                connection.execute(f"PRAGMA {pragma}")
            self._connection = connection
        return self._connection

    def _run(self, work: Callable[[sqlite3.Connection], T], *, durable: bool) -> T:
        """One transaction. `durable`: on the disk before it returns, even if power fails."""
        connection = self._connect()
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result

    def claim(self, campaign_id: int, owner: Owner, rows: int, at: datetime) -> tuple[Hold, RawRows, int] | None:
        """See Store; the lease, its raw rows and how far it reaches."""

        def work(connection: sqlite3.Connection) -> tuple[Hold, RawRows, int] | None:
            found = connection.execute(_FIND, (campaign_id, to_text(at))).fetchone()
            if found is None:
                return None
            lease_id, epoch, first_id, last_id = found
            moment, expires = to_text(at), to_text(at + timedelta(seconds=LEASE_TTL_S))
            connection.execute(_CLAIM, (owner.worker, owner.host, owner.journal, moment, moment, expires, lease_id))
            hold = Hold(lease_id, epoch + 1, campaign_id, first_id, last_id)
            return hold, *_read(connection, hold, first_id - 1, rows, at)

        return self._run(work, durable=True)

    def read_more(self, hold: Hold, after_id: int, rows: int, at: datetime) -> tuple[RawRows, int] | None:
        """See Store; raw rows."""

        def work(connection: sqlite3.Connection) -> tuple[RawRows, int] | None:
            if not _beat(connection, [hold], at):
                return _read(connection, hold, after_id, rows, at)
            return None

        return self._run(work, durable=True)

    def write(self, write: Write, at: datetime) -> Written:
        """See Store."""

        def work(connection: sqlite3.Connection) -> Written:
            written = Written(lost=_beat(connection, write.holds, at))
            if any(outcome.lease_id in written.lost for outcome in write.outcomes):
                raise _Disputed
            if _write_outcomes(connection, write.outcomes) != len(write.outcomes):
                raise _Disputed
            total = tally(write.outcomes)
            for hold in (hold for hold in write.finished if hold.lease_id not in written.lost):
                written.reopened[hold.lease_id] = _finish(connection, hold, at, total)
            _apply(connection, total)
            return written

        try:
            return self._run(work, durable=False)
        except _Disputed:
            return Written(disputed=True)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _read(connection: sqlite3.Connection, hold: Hold, after_id: int, rows: int, at: datetime) -> tuple[RawRows, int]:
    parameters = (after_id, hold.last_id, hold.campaign_id, to_text(at), rows)
    found: RawRows = json.loads(connection.execute(_READ, parameters).fetchone()[0])
    found.sort(key=lambda row: row[0])
    reach = found[-1][0] if len(found) == rows else hold.last_id
    connection.execute(_REACH, (reach, hold.lease_id, hold.epoch))
    return found, reach


def _beat(connection: sqlite3.Connection, holds: list[Hold], at: datetime) -> set[int]:
    """Heartbeats; the leases that were lost."""
    moment, expires = to_text(at), to_text(at + timedelta(seconds=LEASE_TTL_S))
    return {
        hold.lease_id
        for hold in holds
        if connection.execute(_BEAT, (moment, expires, hold.lease_id, hold.epoch)).rowcount != 1
    }


def _write_outcomes(connection: sqlite3.Connection, outcomes: list[Outcome]) -> int:
    sent: list[tuple[Any, ...]] = []
    other: list[tuple[Any, ...]] = []
    for outcome in outcomes:
        row = (outcome.delivery_id, outcome.before, to_text(outcome.at), outcome.response)
        if outcome.status is DeliveryStatus.SENT:
            sent.append(row)
        else:
            following = outcome.next_attempt_at and to_text(outcome.next_attempt_at)
            other.append((*row, outcome.status.value, outcome.reason.value, outcome.attempts, following))
    changed = 0
    for statement, rows in ((_SENT, sent), (_OTHER, other)):
        if rows:
            changed += connection.execute(statement, (json.dumps(rows),)).rowcount
    return changed


def _finish(connection: sqlite3.Connection, hold: Hold, at: datetime, total: Tally) -> datetime | None:
    """End a lease: done, or open again when the next of its rows is due. A cancelled campaign's rest is skipped."""
    area = (hold.first_id, hold.last_id, hold.campaign_id)
    count, untried, next_text = connection.execute(_LEFT, area).fetchone()
    status = connection.execute("SELECT status FROM campaign WHERE id = ?", (hold.campaign_id,)).fetchone()
    if count and status and status[0] == "cancelled":
        skipped = connection.execute(_SKIP, (to_text(at), *area)).rowcount
        total.counters[hold.campaign_id][DeliveryStatus.PENDING] -= skipped
        total.counters[hold.campaign_id][DeliveryStatus.SKIPPED] += skipped
        count = 0
    available = None
    if count:
        due = from_text(next_text) if next_text and not untried else ANY_TIME
        available = max(due, ANY_TIME)
    state = "open" if count else "done"
    connection.execute(_RELEASE, (state, available and to_text(available), hold.lease_id, hold.epoch))
    return available


def _apply(connection: sqlite3.Connection, total: Tally) -> None:
    for campaign_id, changes in sorted(total.counters.items()):
        moved = [(status.value, amount) for status, amount in changes.items() if amount]
        if moved:
            columns = ", ".join(f"{name} = {name} + ?" for name, _ in moved)
            amounts = [amount for _, amount in moved]
            connection.execute(
                f"UPDATE campaign_counter SET {columns} WHERE campaign_id = ?",  # noqa: S608  (names of our enum)
                (*amounts, campaign_id),
            )
    if total.minutes:
        minutes = [(campaign, to_text(minute), *counts) for (campaign, minute), counts in total.minutes.items()]
        connection.execute(_MINUTES, (json.dumps(minutes),))
    if total.domains:
        domains = [(campaign, domain, *counts) for (campaign, domain), counts in total.domains.items()]
        connection.execute(_DOMAINS, (json.dumps(domains),))
