"""The ledger's statements on PostgreSQL. Rows travel as one array per column.

The server's clock decides, because ours may be wrong.

The + 0 keeps the planner from the campaign's index: a lease is a range of ids, and a campaign may have a million rows.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from campaign_app.delivery.ledger.lease_store import CONTACT_COLUMNS, LEASE_TTL_S

_TTL = f"make_interval(secs => {LEASE_TTL_S})"
LOCK_CAMPAIGNS = "SELECT id, status FROM campaign WHERE id = ANY($1::int[]) ORDER BY id FOR SHARE"
CLAIM = f"""
UPDATE lease SET state = 'held', epoch = epoch + 1, owner = $2, host = $3, journal = $4, claimed_at = now(),
  heartbeat_at = now(), expires_at = now() + {_TTL}, read_through_id = first_id - 1
WHERE id = (SELECT id FROM lease WHERE campaign_id = $1 AND state = 'open' AND available_at <= now()
            ORDER BY available_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, epoch, first_id, last_id
"""  # noqa: S608
READ = f"""
SELECT d.id, d.address, d.domain, d.attempts, s.reason, c.id,
  {", ".join(f"c.{name}" for name in CONTACT_COLUMNS)}
FROM delivery d LEFT JOIN contact c ON c.id = d.contact_id LEFT JOIN suppression s
  ON s.kind = (SELECT address_kind FROM campaign WHERE id = $3) AND s.address = d.address
WHERE d.id > $1 AND d.id <= $2 AND d.campaign_id + 0 = $3 AND d.status = 'pending'
  AND (d.next_attempt_at IS NULL OR d.next_attempt_at <= now())
ORDER BY d.id LIMIT $4
"""  # noqa: S608
READ_THROUGH = "UPDATE lease SET read_through_id = $1 WHERE id = $2 AND epoch = $3 AND state = 'held'"
CONFIRM = f"""
UPDATE lease l SET heartbeat_at = now(), expires_at = now() + {_TTL}
FROM unnest($1::bigint[], $2::int[]) AS j(id, epoch)
WHERE l.id = j.id AND l.epoch = j.epoch AND l.state = 'held' RETURNING l.id
"""  # noqa: S608
LOCK_ROWS = """
SELECT id, campaign_id, status, domain, attempts FROM delivery WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE
"""
WRITE_SENT = """
UPDATE delivery d SET status = 'sent', reason = '', attempts = d.attempts + 1, next_attempt_at = NULL,
  response = j.response, updated_at = j.at, sent_at = j.at
FROM unnest($2::bigint[], $3::int[], $4::timestamptz[], $5::text[]) AS j(id, before, at, response)
WHERE d.id = j.id AND d.status = $1 AND d.attempts = j.before
"""
_ON_THE_SERVERS_CLOCK = """
  CASE WHEN now() BETWEEN j.at - interval '5 s' AND j.at + interval '5 s' THEN j.next
  ELSE now() + (j.next - j.at) END"""
WRITE = f"""
UPDATE delivery d SET status = j.status, reason = j.reason, attempts = j.attempts,
  next_attempt_at = {_ON_THE_SERVERS_CLOCK},
  response = j.response, updated_at = j.at, failed_at = CASE WHEN j.status = 'failed' THEN j.at ELSE d.failed_at END,
  sent_at = CASE WHEN j.status = 'sent' THEN j.at ELSE d.sent_at END
FROM unnest($2::bigint[], $3::int[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::int[],
  $9::timestamptz[]) AS j(id, before, at, response, status, reason, attempts, next)
WHERE d.id = j.id AND d.status = $1 AND d.attempts = j.before
"""  # noqa: S608
COUNTERS = """
UPDATE campaign_counter SET pending = pending + $2, sent = sent + $3, delivered = delivered + $4, read = read + $5,
  replied = replied + $6, failed = failed + $7, bounced = bounced + $8, skipped = skipped + $9,
  uncertain = uncertain + $10
WHERE campaign_id = $1
"""
MINUTES = """
INSERT INTO campaign_minute AS m (campaign_id, minute, sent, failed, opens, clicks, opened, clicked, unsubscribed)
SELECT c, t, s, f, 0, 0, 0, 0, 0 FROM unnest($1::int[], $2::timestamptz[], $3::int[], $4::int[]) AS j(c, t, s, f)
ORDER BY c, t
ON CONFLICT (campaign_id, minute) DO UPDATE SET sent = m.sent + excluded.sent, failed = m.failed + excluded.failed
"""
DOMAINS = """
INSERT INTO campaign_domain AS m
  (campaign_id, domain, sent, failed, bounced, opened, clicked, unsubscribed, complained)
SELECT c, n, s, f, b, 0, 0, 0, 0
FROM unnest($1::int[], $2::text[], $3::int[], $4::int[], $5::int[]) AS j(c, n, s, f, b)
ORDER BY c, n
ON CONFLICT (campaign_id, domain) DO UPDATE SET
  sent = m.sent + excluded.sent, failed = m.failed + excluded.failed, bounced = m.bounced + excluded.bounced
"""
REFS = """
INSERT INTO delivery_ref (account_id, provider_id, delivery_id, attempt)
SELECT * FROM unnest($1::int[], $2::text[], $3::bigint[], $4::int[]) ON CONFLICT (account_id, provider_id) DO NOTHING
"""
LEFT = """
SELECT COUNT(*), COUNT(*) FILTER (WHERE next_attempt_at IS NULL), MIN(next_attempt_at) FROM delivery
WHERE id BETWEEN $1 AND $2 AND campaign_id + 0 = $3 AND status = 'pending'
"""
SKIP = """
UPDATE delivery SET status = 'skipped', reason = 'cancelled', next_attempt_at = NULL, updated_at = $4
WHERE id BETWEEN $1 AND $2 AND campaign_id + 0 = $3 AND status = 'pending'
"""
RELEASE = """
UPDATE lease SET state = $1, available_at = COALESCE($2, available_at), epoch = epoch + $3,
  owner = '', host = '', journal = ''
WHERE id = $4 AND epoch = $5 AND state = 'held'
"""


def time(at: datetime | None) -> datetime | None:
    """See Sql."""
    return at


def clock(at: datetime) -> tuple[Any, ...]:
    """See Sql."""
    del at
    return ()


def table(rows: Sequence[Sequence[Any]], columns: int) -> tuple[Any, ...]:
    """See Sql."""
    return tuple(list(column) for column in zip(*rows, strict=True)) if rows else ((),) * columns


def rows(found: Sequence[Any]) -> list[Any]:
    """See Sql."""
    return [tuple(row) for row in found]


def read_time(at: datetime | None) -> datetime | None:
    """See Sql."""
    return at
