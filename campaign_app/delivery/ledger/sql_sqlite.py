"""The ledger's statements on SQLite. Rows travel as JSON in both directions: a batch is one statement.

The + before columns keeps the planner from the campaign's index: a lease is a range of ids, and a campaign may have a
million rows. Times are text, as SQLModel stores them: naive UTC.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from campaign_app.delivery.ledger.lease_store import CONTACT_COLUMNS, LEASE_TTL_S

LOCK_CAMPAIGNS = "SELECT id, status FROM campaign WHERE id IN (SELECT value ->> 0 FROM json_each(?1)) ORDER BY id"
CLAIM = """
UPDATE lease SET state = 'held', epoch = epoch + 1, owner = ?2, host = ?3, journal = ?4,
  claimed_at = ?5, heartbeat_at = ?5, expires_at = ?6, read_through_id = first_id - 1
WHERE id = (SELECT id FROM lease WHERE campaign_id = ?1 AND state = 'open' AND available_at <= ?5
            ORDER BY available_at, id LIMIT 1)
RETURNING id, epoch, first_id, last_id
"""
READ = f"""
SELECT json_group_array(json(j)) FROM (
  SELECT json_array(d.id, d.address, d.domain, d.attempts, s.reason, c.id,
    {", ".join(f"c.{name}" for name in CONTACT_COLUMNS)}) AS j
  FROM delivery d LEFT JOIN contact c ON c.id = d.contact_id LEFT JOIN suppression s
    ON s.kind = (SELECT address_kind FROM campaign WHERE id = ?3) AND s.address = d.address
  WHERE d.id > ?1 AND d.id <= ?2 AND +d.campaign_id = ?3 AND d.status = 'pending'
    AND (d.next_attempt_at IS NULL OR d.next_attempt_at <= ?5)
  ORDER BY d.id LIMIT ?4)
"""  # noqa: S608
READ_THROUGH = "UPDATE lease SET read_through_id = ?1 WHERE id = ?2 AND epoch = ?3 AND state = 'held'"
CONFIRM = """
UPDATE lease SET heartbeat_at = ?2, expires_at = ?3
FROM (SELECT value ->> 0 AS id, value ->> 1 AS epoch FROM json_each(?1)) j
WHERE lease.id = j.id AND lease.epoch = j.epoch AND lease.state = 'held' RETURNING lease.id
"""
LOCK_ROWS = """
SELECT id, campaign_id, status, domain, attempts FROM delivery
WHERE id IN (SELECT value ->> 0 FROM json_each(?1)) ORDER BY id
"""
WRITE_SENT = """
UPDATE delivery SET status = 'sent', reason = '', attempts = attempts + 1, next_attempt_at = NULL,
  response = j.response, updated_at = j.at, sent_at = j.at
FROM (SELECT value ->> 0 AS id, value ->> 1 AS before, value ->> 2 AS at, value ->> 3 AS response FROM json_each(?2)) j
WHERE delivery.id = j.id AND delivery.status = ?1 AND delivery.attempts = j.before
"""
WRITE = """
UPDATE delivery SET status = j.status, reason = j.reason, attempts = j.attempts, next_attempt_at = j.next,
  response = j.response, updated_at = j.at, failed_at = CASE WHEN j.status = 'failed' THEN j.at ELSE failed_at END,
  sent_at = CASE WHEN j.status = 'sent' THEN j.at ELSE sent_at END
FROM (SELECT value ->> 0 AS id, value ->> 1 AS before, value ->> 2 AS at, value ->> 3 AS response,
        value ->> 4 AS status, value ->> 5 AS reason, value ->> 6 AS attempts, value ->> 7 AS next
      FROM json_each(?2)) j
WHERE delivery.id = j.id AND delivery.status = ?1 AND delivery.attempts = j.before
"""
COUNTERS = """
UPDATE campaign_counter SET pending = pending + ?2, sent = sent + ?3, delivered = delivered + ?4, read = read + ?5,
  replied = replied + ?6, failed = failed + ?7, bounced = bounced + ?8, skipped = skipped + ?9,
  uncertain = uncertain + ?10
WHERE campaign_id = ?1
"""
MINUTES = """
INSERT INTO campaign_minute (campaign_id, minute, sent, failed, opens, clicks, opened, clicked, unsubscribed)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, 0, 0, 0, 0, 0 FROM json_each(?1) WHERE true
ON CONFLICT (campaign_id, minute) DO UPDATE SET sent = sent + excluded.sent, failed = failed + excluded.failed
"""
DOMAINS = """
INSERT INTO campaign_domain (campaign_id, domain, sent, failed, bounced, opened, clicked, unsubscribed, complained)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, 0, 0, 0, 0 FROM json_each(?1) WHERE true
ON CONFLICT (campaign_id, domain) DO UPDATE SET
  sent = sent + excluded.sent, failed = failed + excluded.failed, bounced = bounced + excluded.bounced
"""
REFS = """
INSERT INTO delivery_ref (account_id, provider_id, delivery_id, attempt)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1) WHERE true
ON CONFLICT (account_id, provider_id) DO NOTHING
"""
LEFT = """
SELECT COUNT(*), SUM(next_attempt_at IS NULL), MIN(next_attempt_at) FROM delivery
WHERE id BETWEEN ?1 AND ?2 AND +campaign_id = ?3 AND status = 'pending'
"""
SKIP = """
UPDATE delivery SET status = 'skipped', reason = 'cancelled', next_attempt_at = NULL, updated_at = ?4
WHERE id BETWEEN ?1 AND ?2 AND +campaign_id = ?3 AND status = 'pending'
"""
RELEASE = """
UPDATE lease SET state = ?1, available_at = COALESCE(?2, available_at), epoch = epoch + ?3,
  owner = '', host = '', journal = ''
WHERE id = ?4 AND epoch = ?5 AND state = 'held'
"""


def time(at: datetime | None) -> str | None:
    """See Sql."""
    return at.astimezone(UTC).isoformat(" ", "microseconds")[:26] if at else None


def clock(at: datetime) -> tuple[Any, ...]:
    """See Sql."""
    return time(at), time(at + timedelta(seconds=LEASE_TTL_S))


def table(rows: Sequence[Sequence[Any]], columns: int) -> tuple[Any, ...]:
    """See Sql."""
    del columns
    return (json.dumps(rows),)


def rows(found: Sequence[Any]) -> list[Any]:
    """See Sql."""
    read: list[Any] = json.loads(found[0][0])
    read.sort(key=lambda row: row[0])
    return read


def read_time(text: str | None) -> datetime | None:
    """See Sql."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
