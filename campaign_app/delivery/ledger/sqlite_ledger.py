"""The ledger's statements on SQLite: one connection, BEGIN IMMEDIATE, one statement per batch.

Rows travel as JSON in both directions, so that a batch is one step of one statement. Runs in a process of its own
(ledger_process.py): SQL and its strings never wait for the interpreter of the process that sends, nor it for them.
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from campaign_app.delivery.ledger.lease_store import CONTACT_COLUMNS, LeaseHandle, LeaseOwner, RawRows

T = TypeVar("T")
# The + keeps the planner from the campaign's index: a lease is a range of ids, and a campaign may have a million rows.
_FIND = """
SELECT l.id, l.epoch, l.first_id, l.last_id FROM lease l JOIN campaign c ON c.id = l.campaign_id
WHERE l.campaign_id = ? AND l.state = 'open' AND l.available_at <= ? AND c.status = 'running'
ORDER BY l.available_at, l.id LIMIT 1
"""
_CLAIM = """
UPDATE lease SET state = 'held', epoch = epoch + 1, owner = ?, host = ?, journal = ?,
  claimed_at = ?, heartbeat_at = ?, expires_at = ?, read_through_id = first_id - 1 WHERE id = ?
"""
_READ = f"""
SELECT json_group_array(json(j)) FROM (
  SELECT json_array(d.id, d.address, d.domain, d.attempts, s.reason, c.id,
    {", ".join(f"c.{name}" for name in CONTACT_COLUMNS)}) AS j
  FROM delivery d LEFT JOIN contact c ON c.id = d.contact_id LEFT JOIN suppression s ON s.address = d.address
  WHERE d.id > ? AND d.id <= ? AND +d.campaign_id = ? AND d.status = 'pending'
    AND (d.next_attempt_at IS NULL OR d.next_attempt_at <= ?)
  ORDER BY d.id LIMIT ?)
"""  # noqa: S608
_READ_THROUGH = "UPDATE lease SET read_through_id = ? WHERE id = ? AND epoch = ? AND state = 'held'"
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
WHERE id BETWEEN ? AND ? AND +campaign_id = ? AND status = 'pending'
"""
_SKIP = """
UPDATE delivery SET status = 'skipped', reason = 'cancelled', next_attempt_at = NULL, updated_at = ?
WHERE id BETWEEN ? AND ? AND +campaign_id = ? AND status = 'pending'
"""
_RELEASE = """
UPDATE lease SET state = ?, available_at = COALESCE(?, available_at), owner = '', host = '', journal = ''
WHERE id = ? AND epoch = ? AND state = 'held'
"""


Moment = str
"""A time as SQLModel stores it: naive UTC, text."""


@dataclass(slots=True)
class Order:
    """Everything that one transaction writes, in columns and not in objects. Times are Moments."""

    at: Moment
    expires: Moment
    handles: list[LeaseHandle]
    finished: list[LeaseHandle]
    leases: set[int] = field(default_factory=set)  # those that the rows belong to
    sent: list[tuple[Any, ...]] = field(default_factory=list)  # id, attempts before, at, response
    other: list[tuple[Any, ...]] = field(default_factory=list)  # the same, status, reason, attempts, next attempt
    counters: dict[int, dict[str, int]] = field(default_factory=dict)  # campaign: status: change
    minutes: list[tuple[Any, ...]] = field(default_factory=list)  # campaign, minute, sent, failed
    domains: list[tuple[Any, ...]] = field(default_factory=list)  # campaign, domain, sent, failed, bounced


@dataclass(slots=True)
class Done:
    """What a write found (see fast.Written)."""

    lost: set[int] = field(default_factory=set)
    reopened: dict[int, Moment | None] = field(default_factory=dict)
    disputed: bool = False


class _Disputed(Exception):
    """Rows were not as expected: roll back."""


class SqliteLedger:
    """What Store promises, on one connection. `any_time`: when a lease that can be claimed at once is available."""

    def __init__(self, path: str, busy_s: float, cache_kb: int, any_time: Moment) -> None:
        self._path = path
        self._busy_s = busy_s
        self._pragmas = ("journal_mode=WAL", f"cache_size=-{cache_kb}", "temp_store=MEMORY", "foreign_keys=ON")
        self._any_time = any_time
        self._connection: sqlite3.Connection | None = None

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(self._path, timeout=self._busy_s, isolation_level=None)
            for pragma in self._pragmas:
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

    def claim(
        self, campaign_id: int, owner: LeaseOwner, rows: int, at: Moment, expires: Moment
    ) -> tuple[LeaseHandle, RawRows, int] | None:
        """The next open lease, its first rows, and how far they reach."""

        def work(connection: sqlite3.Connection) -> tuple[LeaseHandle, RawRows, int] | None:
            found = connection.execute(_FIND, (campaign_id, at)).fetchone()
            if found is None:
                return None
            lease_id, epoch, first_id, last_id = found
            connection.execute(_CLAIM, (owner.worker, owner.host, owner.journal, at, at, expires, lease_id))
            handle = LeaseHandle(lease_id, epoch + 1, campaign_id, first_id, last_id)
            return handle, *_read(connection, handle, first_id - 1, rows, at)

        return self._run(work, durable=True)

    def read_more(
        self, handle: LeaseHandle, after_id: int, rows: int, at: Moment, expires: Moment
    ) -> tuple[RawRows, int] | None:
        """More rows of a lease and how far they read_through; None: it was lost."""

        def work(connection: sqlite3.Connection) -> tuple[RawRows, int] | None:
            if not _beat(connection, [handle], at, expires):
                return _read(connection, handle, after_id, rows, at)
            return None

        return self._run(work, durable=True)

    def write(self, order: Order) -> Done:
        """All of it, or nothing when rows are not as the order expects."""

        def work(connection: sqlite3.Connection) -> Done:
            done = Done(lost=_beat(connection, order.handles, order.at, order.expires))
            if order.leases & done.lost or _write_rows(connection, order) != len(order.sent) + len(order.other):
                raise _Disputed
            for handle in (handle for handle in order.finished if handle.lease_id not in done.lost):
                done.reopened[handle.lease_id] = _finish(connection, handle, order, self._any_time)
            _apply(connection, order)
            return done

        try:
            return self._run(work, durable=False)
        except _Disputed:
            return Done(disputed=True)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _read(
    connection: sqlite3.Connection, handle: LeaseHandle, after_id: int, rows: int, at: Moment
) -> tuple[RawRows, int]:
    parameters = (after_id, handle.last_id, handle.campaign_id, at, rows)
    found: RawRows = json.loads(connection.execute(_READ, parameters).fetchone()[0])
    found.sort(key=lambda row: row[0])
    read_through = found[-1][0] if len(found) == rows else handle.last_id
    connection.execute(_READ_THROUGH, (read_through, handle.lease_id, handle.epoch))
    return found, read_through


def _beat(connection: sqlite3.Connection, handles: list[LeaseHandle], at: Moment, expires: Moment) -> set[int]:
    """Heartbeats; the leases that were lost."""
    return {
        handle.lease_id
        for handle in handles
        if connection.execute(_BEAT, (at, expires, handle.lease_id, handle.epoch)).rowcount != 1
    }


def _write_rows(connection: sqlite3.Connection, order: Order) -> int:
    changed = 0
    for statement, rows in ((_SENT, order.sent), (_OTHER, order.other)):
        if rows:
            changed += connection.execute(statement, (json.dumps(rows),)).rowcount
    return changed


def _finish(connection: sqlite3.Connection, handle: LeaseHandle, order: Order, any_time: Moment) -> Moment | None:
    """End a lease: done, or open again when the next of its rows is due. A cancelled campaign's rest is skipped."""
    area = (handle.first_id, handle.last_id, handle.campaign_id)
    count, untried, following = connection.execute(_LEFT, area).fetchone()
    status = connection.execute("SELECT status FROM campaign WHERE id = ?", (handle.campaign_id,)).fetchone()
    if count and status and status[0] == "cancelled":
        skipped = connection.execute(_SKIP, (order.at, *area)).rowcount
        changes = order.counters.setdefault(handle.campaign_id, {})
        changes["pending"] = changes.get("pending", 0) - skipped
        changes["skipped"] = changes.get("skipped", 0) + skipped
        count = 0
    available = None
    if count:
        available = max(any_time, following) if following and not untried else any_time
    connection.execute(_RELEASE, ("open" if count else "done", available, handle.lease_id, handle.epoch))
    return available


def _apply(connection: sqlite3.Connection, order: Order) -> None:
    for campaign_id, changes in sorted(order.counters.items()):
        moved = [(status, amount) for status, amount in changes.items() if amount]
        if moved:
            columns = ", ".join(f"{name} = {name} + ?" for name, _ in moved)
            amounts = [amount for _, amount in moved]
            connection.execute(
                f"UPDATE campaign_counter SET {columns} WHERE campaign_id = ?",  # noqa: S608  (names of our enum)
                (*amounts, campaign_id),
            )
    for statement, rows in ((_MINUTES, order.minutes), (_DOMAINS, order.domains)):
        if rows:
            connection.execute(statement, (json.dumps(rows),))
