"""The fast path on PostgreSQL: asyncpg, SKIP LOCKED, arrays for rows. The server's clock decides, ours may be wrong.

Locks are always taken in this order: campaign, lease, deliveries, counter, minutes, domains.
"""

import asyncio
from datetime import datetime
from typing import Any

import asyncpg

from campaign_app.core import db
from campaign_app.core.config import settings
from campaign_app.delivery.ledger.lease_store import (
    ANY_TIME,
    CONTACT_COLUMNS,
    LEASE_TTL_S,
    ClaimedLease,
    LeaseHandle,
    LeaseOwner,
    Row,
    WriteBatch,
    WriteResult,
    make_row,
)
from campaign_app.delivery.ledger.outcome import Outcome, Tally, tally
from campaign_app.models.delivery import DeliveryStatus

_ACQUIRE_S = 10
_IDLE_S = 10  # between two statements of a transaction, which follow one another within milliseconds
_TTL = f"make_interval(secs => {LEASE_TTL_S})"
_LOCK_CAMPAIGNS = "SELECT id, status FROM campaign WHERE id = ANY($1::int[]) ORDER BY id FOR SHARE"
# The + 0 keeps the planner from the campaign's index: a lease is a range of ids, a campaign may have a million rows.
_CLAIM = f"""
UPDATE lease SET state = 'held', epoch = epoch + 1, owner = $2, host = $3, journal = $4, claimed_at = now(),
  heartbeat_at = now(), expires_at = now() + {_TTL}, read_through_id = first_id - 1
WHERE id = (SELECT id FROM lease WHERE campaign_id = $1 AND state = 'open' AND available_at <= now()
            ORDER BY available_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, epoch, first_id, last_id
"""  # noqa: S608
_READ = f"""
SELECT d.id, d.address, d.domain, d.attempts, s.reason, c.id,
  {", ".join(f"c.{name}" for name in CONTACT_COLUMNS)}
FROM delivery d LEFT JOIN contact c ON c.id = d.contact_id LEFT JOIN suppression s ON s.address = d.address
WHERE d.id > $1 AND d.id <= $2 AND d.campaign_id + 0 = $3 AND d.status = 'pending'
  AND (d.next_attempt_at IS NULL OR d.next_attempt_at <= now())
ORDER BY d.id LIMIT $4
"""  # noqa: S608
_READ_THROUGH = "UPDATE lease SET read_through_id = $1 WHERE id = $2 AND epoch = $3 AND state = 'held'"
_BEAT = f"""
UPDATE lease l SET heartbeat_at = now(), expires_at = now() + {_TTL}
FROM unnest($1::bigint[], $2::int[]) AS j(id, epoch)
WHERE l.id = j.id AND l.epoch = j.epoch AND l.state = 'held' RETURNING l.id
"""  # noqa: S608
_SENT = """
UPDATE delivery d SET status = 'sent', reason = '', attempts = d.attempts + 1, next_attempt_at = NULL,
  response = j.response, updated_at = j.at, sent_at = j.at
FROM unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::text[]) AS j(id, before, at, response)
WHERE d.id = j.id AND d.status = 'pending' AND d.attempts = j.before
"""
_ON_THE_SERVERS_CLOCK = """
  CASE WHEN now() BETWEEN j.at - interval '5 s' AND j.at + interval '5 s' THEN j.next
  ELSE now() + (j.next - j.at) END"""
_OTHER = f"""
UPDATE delivery d SET status = j.status, reason = j.reason, attempts = j.attempts,
  next_attempt_at = {_ON_THE_SERVERS_CLOCK},
  response = j.response, updated_at = j.at, failed_at = CASE WHEN j.status = 'failed' THEN j.at ELSE d.failed_at END
FROM unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::int[],
  $8::timestamptz[]) AS j(id, before, at, response, status, reason, attempts, next)
WHERE d.id = j.id AND d.status = 'pending' AND d.attempts = j.before
"""  # noqa: S608
_MINUTES = """
INSERT INTO campaign_minute AS m (campaign_id, minute, sent, failed, opens, clicks, opened, clicked, unsubscribed)
SELECT c, t, s, f, 0, 0, 0, 0, 0 FROM unnest($1::int[], $2::timestamptz[], $3::int[], $4::int[]) AS j(c, t, s, f)
ORDER BY c, t
ON CONFLICT (campaign_id, minute) DO UPDATE SET sent = m.sent + excluded.sent, failed = m.failed + excluded.failed
"""
_DOMAINS = """
INSERT INTO campaign_domain AS m
  (campaign_id, domain, sent, failed, bounced, opened, clicked, unsubscribed, complained)
SELECT c, n, s, f, b, 0, 0, 0, 0
FROM unnest($1::int[], $2::text[], $3::int[], $4::int[], $5::int[]) AS j(c, n, s, f, b)
ORDER BY c, n
ON CONFLICT (campaign_id, domain) DO UPDATE SET
  sent = m.sent + excluded.sent, failed = m.failed + excluded.failed, bounced = m.bounced + excluded.bounced
"""
_LEFT = """
SELECT COUNT(*), COUNT(*) FILTER (WHERE next_attempt_at IS NULL), MIN(next_attempt_at) FROM delivery
WHERE id BETWEEN $1 AND $2 AND campaign_id + 0 = $3 AND status = 'pending'
"""
_SKIP = """
UPDATE delivery SET status = 'skipped', reason = 'cancelled', next_attempt_at = NULL, updated_at = $4
WHERE id BETWEEN $1 AND $2 AND campaign_id + 0 = $3 AND status = 'pending'
"""
_RELEASE = """
UPDATE lease SET state = $1, available_at = COALESCE($2, available_at), owner = '', host = '', journal = ''
WHERE id = $3 AND epoch = $4 AND state = 'held'
"""


class _Disputed(Exception):
    """Rows were not as expected: roll back."""


def _count(tag: str) -> int:
    """The rows that a command's tag ("UPDATE 17") names."""
    return int(tag.rpartition(" ")[2])


class PostgresLeaseStore:
    """A small pool of its own; connections come back by themselves when the server does."""

    def __init__(self) -> None:
        self._dsn = settings().database.replace("postgresql+asyncpg://", "postgresql://", 1)
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()

    async def _open(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._dsn,
                    min_size=1,
                    max_size=6,
                    command_timeout=30,
                    server_settings=db.notice_dead_clients(_IDLE_S),
                )
        return self._pool

    async def claim(self, campaign_id: int, owner: LeaseOwner, rows: int, at: datetime) -> ClaimedLease | None:
        """See Store."""
        del at  # the server's clock decides
        async with (await self._open()).acquire(timeout=_ACQUIRE_S) as connection, connection.transaction():
            found = await connection.fetchrow(_LOCK_CAMPAIGNS, [campaign_id])
            if found is None or found["status"] != "running":
                return None
            lease = await connection.fetchrow(_CLAIM, campaign_id, owner.worker, owner.host, owner.journal)
            if lease is None:
                return None
            handle = LeaseHandle(lease["id"], lease["epoch"], campaign_id, lease["first_id"], lease["last_id"])
            read, read_through = await _read(connection, handle, handle.first_id - 1, rows)
            return ClaimedLease(handle, read_through, read)

    async def read_more(
        self, handle: LeaseHandle, after_id: int, rows: int, at: datetime
    ) -> tuple[list[Row], int] | None:
        """See Store."""
        del at  # the server's clock decides
        async with (await self._open()).acquire(timeout=_ACQUIRE_S) as connection, connection.transaction():
            if await _beat(connection, [handle]):
                return None
            return await _read(connection, handle, after_id, rows)

    async def write(self, write: WriteBatch, at: datetime) -> WriteResult:
        """See Store."""
        try:
            async with (await self._open()).acquire(timeout=_ACQUIRE_S) as connection, connection.transaction():
                return await _write(connection, write, at)
        except _Disputed:
            return WriteResult(disputed=True)

    async def close(self) -> None:
        """See Store."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None


async def _read(connection: Any, handle: LeaseHandle, after_id: int, rows: int) -> tuple[list[Row], int]:
    found = await connection.fetch(_READ, after_id, handle.last_id, handle.campaign_id, rows)
    read_through = found[-1][0] if len(found) == rows else handle.last_id
    await connection.execute(_READ_THROUGH, read_through, handle.lease_id, handle.epoch)
    return [make_row(tuple(row)) for row in found], read_through


async def _beat(connection: Any, handles: list[LeaseHandle]) -> set[int]:
    """Heartbeats; the leases that were lost."""
    if not handles:
        return set()
    ids, epochs = [handle.lease_id for handle in handles], [handle.epoch for handle in handles]
    alive = {row["id"] for row in await connection.fetch(_BEAT, ids, epochs)}
    return set(ids) - alive


async def _write(connection: Any, write: WriteBatch, at: datetime) -> WriteResult:
    statuses: dict[int, str] = {}
    if write.finished:  # no cancel may come between reading the status and giving the lease back
        campaigns = sorted({handle.campaign_id for handle in write.finished})
        statuses = {row["id"]: row["status"] for row in await connection.fetch(_LOCK_CAMPAIGNS, campaigns)}
    written = WriteResult(lost=await _beat(connection, write.handles))
    if any(outcome.lease_id in written.lost for outcome in write.outcomes):
        raise _Disputed
    if await _write_outcomes(connection, write.outcomes) != len(write.outcomes):
        raise _Disputed
    total = tally(write.outcomes)
    for handle in (handle for handle in write.finished if handle.lease_id not in written.lost):
        cancelled = statuses.get(handle.campaign_id) == "cancelled"
        written.reopened[handle.lease_id] = await _finish(connection, handle, at, total, cancelled=cancelled)
    await _apply(connection, total)
    return written


async def _write_outcomes(connection: Any, outcomes: list[Outcome]) -> int:
    sent: list[tuple[Any, ...]] = []
    other: list[tuple[Any, ...]] = []
    for outcome in outcomes:
        row = (outcome.delivery_id, outcome.before, outcome.at, outcome.response)
        if outcome.status is DeliveryStatus.SENT:
            sent.append(row)
        else:
            more = (outcome.status.value, outcome.reason.value, outcome.attempts, outcome.next_attempt_at)
            other.append((*row, *more))
    changed = 0
    for statement, rows in ((_SENT, sent), (_OTHER, other)):
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            changed += _count(await connection.execute(statement, *columns))
    return changed


async def _finish(
    connection: Any, handle: LeaseHandle, at: datetime, total: Tally, *, cancelled: bool
) -> datetime | None:
    """End a lease: done, or open again when the next of its rows is due. A cancelled campaign's rest is skipped."""
    area = (handle.first_id, handle.last_id, handle.campaign_id)
    count, untried, following = await connection.fetchrow(_LEFT, *area)
    if count and cancelled:
        skipped = _count(await connection.execute(_SKIP, *area, at))
        total.counters[handle.campaign_id][DeliveryStatus.PENDING] -= skipped
        total.counters[handle.campaign_id][DeliveryStatus.SKIPPED] += skipped
        count = 0
    available = (following if following and not untried else ANY_TIME) if count else None
    await connection.execute(_RELEASE, "open" if count else "done", available, handle.lease_id, handle.epoch)
    return available


async def _apply(connection: Any, total: Tally) -> None:
    for campaign_id, changes in sorted(total.counters.items()):
        moved = [(status.value, amount) for status, amount in changes.items() if amount]
        if moved:
            columns = ", ".join(f"{name} = {name} + ${n}" for n, (name, _) in enumerate(moved, start=2))
            amounts = [amount for _, amount in moved]
            await connection.execute(
                f"UPDATE campaign_counter SET {columns} WHERE campaign_id = $1",  # noqa: S608  (names of our enum)
                campaign_id,
                *amounts,
            )
    if total.minutes:
        minutes = [(*key, *counts) for key, counts in total.minutes.items()]
        await connection.execute(_MINUTES, *(list(column) for column in zip(*minutes, strict=True)))
    if total.domains:
        domains = [(*key, *counts) for key, counts in total.domains.items()]
        await connection.execute(_DOMAINS, *(list(column) for column in zip(*domains, strict=True)))
