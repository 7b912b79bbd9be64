"""Progress of a running campaign: one small JSON for the pages, at most five times a second, over all workers."""

import asyncio
import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict

from redis.exceptions import RedisError

from campaign_app.campaigns import schedule
from campaign_app.core import clock, db, redis
from campaign_app.delivery import repository
from campaign_app.delivery.runtime.meter import LAST_KEPT
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignStatus

EVERY_S = 0.2
_SHARE_ALIVE_S = 3.0
_SNAPSHOT_TTL_S = 30 * 86_400
COUNTERS = tuple(name for name in CampaignCounter.model_fields if name != "campaign_id")


def channel(campaign_id: int) -> str:
    """Where a campaign's progress is published."""
    return f"progress:campaign:{campaign_id}"


def key(campaign_id: int) -> str:
    """Where the last published progress is kept."""
    return f"progress:last:campaign:{campaign_id}"


def _shares_key(campaign_id: int) -> str:
    return f"progress:parts:campaign:{campaign_id}"


class RecentMessage(TypedDict):
    """One of the last messages."""

    id: int
    name: str
    address: str
    status: str
    reason: str
    response: str
    at: str


@dataclass(slots=True)
class WorkerProgress:
    """One worker's share of a campaign's progress."""

    in_flight: int
    rate_per_minute: float
    last: Sequence[RecentMessage]


def seconds_left(
    campaign: Campaign, account: SendingAccount | None, remaining: int, rate_per_minute: float, at: datetime
) -> float | None:
    """Seconds until the last message, at the present rate and under all limits and windows; None = unknown."""
    if remaining <= 0:
        return 0.0
    limits = schedule.PaceLimits(
        rate_per_minute=campaign.rate_per_minute,
        account_per_minute=account.limit_per_minute if account else None,
        account_per_day=account.limit_per_day if account else None,
        batch_size=campaign.batch_size,
        batch_delay_ms=campaign.batch_delay_ms,
    )
    configured = limits.per_second()[0] * 60
    if 0 < rate_per_minute < 0.8 * configured:
        limits = schedule.PaceLimits(
            rate_per_minute=rate_per_minute, account_per_day=limits.account_per_day, full_speed_per_minute=configured
        )
    found = schedule.estimate(remaining, at, limits, campaign.windows)
    return None if found.finishes_at is None else (found.finishes_at - at).total_seconds()


_estimates: dict[object, tuple[datetime, float | None]] = {}


def _time_left(
    campaign: Campaign, account: SendingAccount | None, counter: CampaignCounter, rate: float, at: datetime
) -> float | None:
    """Computed every two seconds, because a campaign of weeks takes thousands of steps."""
    which = (campaign.id, campaign.launched_at)
    made, finishes = _estimates.get(which, (None, None))
    if made is None or not made <= at < made + timedelta(seconds=2) or not counter.pending:
        if len(_estimates) > 1_000:
            _estimates.clear()
        made, finishes = at, seconds_left(campaign, account, counter.pending, rate, at)
        _estimates[which] = (made, finishes)
    return None if finishes is None else max(0.0, finishes - (at - made).total_seconds())


def build(
    campaign: Campaign,
    account: SendingAccount | None,
    counter: CampaignCounter,
    shares: Sequence[Mapping[str, Any]],
    at: datetime,
) -> dict[str, Any]:
    """The JSON for the pages, from the rows and every worker's share."""
    running = campaign.status is CampaignStatus.RUNNING
    rate = sum(share["rate_per_minute"] for share in shares) if running else 0.0
    left = _time_left(campaign, account, counter, rate, at) if running else None
    last = sorted((line for share in shares for line in share["last"]), key=lambda line: line["at"], reverse=True)
    return {
        "campaign_id": campaign.id,
        "status": campaign.status.value,
        "status_reason": campaign.status_reason,
        "counters": {name: getattr(counter, name) for name in COUNTERS},
        "in_flight": sum(share["in_flight"] for share in shares),
        "rate_per_minute": round(rate, 1),
        "seconds_left": None if left is None else round(left, 1),
        "finishes_at": None if left is None else (at + timedelta(seconds=left)).isoformat(),
        "last": last[:LAST_KEPT],
        "at": at.isoformat(),
    }


async def _load(campaign_ids: Collection[int]) -> list[tuple[Campaign, SendingAccount | None, CampaignCounter]]:
    async with db.reading() as session:
        found = await repository.standing(session, campaign_ids)
    return [(one, account, counter or CampaignCounter(campaign_id=int(one.id or 0))) for one, account, counter in found]


async def put_shares(worker: str, shares: Mapping[int, WorkerProgress]) -> list[int]:
    """Store this worker's shares by campaign. Returns those that it is to publish now (each five times a second over
    all workers)."""
    pipe = redis.client().pipeline(transaction=False)
    for campaign_id, share in shares.items():
        await asyncio.sleep(0)  # let sending continue: its slots are timed to the millisecond
        pipe.hset(_shares_key(campaign_id), worker, _body(share))
        pipe.expire(_shares_key(campaign_id), _SNAPSHOT_TTL_S)
        pipe.set(f"progress:turn:campaign:{campaign_id}", worker, nx=True, px=int(EVERY_S * 1000) - 10)
    answers = await pipe.execute()
    return [campaign_id for campaign_id, turn in zip(shares, answers[2::3], strict=True) if turn]


def _body(share: WorkerProgress) -> str:
    return json.dumps(
        {
            "in_flight": share.in_flight,
            "rate_per_minute": share.rate_per_minute,
            "last": share.last,
            "heard": time.time(),
        }
    )


async def _bodies(campaign_ids: Sequence[int]) -> list[list[bytes]]:
    """All workers' shares of each campaign."""
    pipe = redis.client().pipeline(transaction=False)
    for campaign_id in campaign_ids:
        pipe.hvals(_shares_key(campaign_id))
    found: list[list[bytes]] = await pipe.execute()
    return found


def _shares(bodies: Sequence[bytes]) -> list[dict[str, Any]]:
    shares = [json.loads(body) for body in bodies]
    heard = time.time() - _SHARE_ALIVE_S
    return [share if share["heard"] >= heard else {**share, "in_flight": 0, "rate_per_minute": 0.0} for share in shares]


async def publish(campaign_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Build, store and publish the JSON of each existing campaign."""
    loaded = await _load(campaign_ids) if campaign_ids else []
    if not loaded:
        return {}
    ids = [int(campaign.id or 0) for campaign, _, _ in loaded]
    published: dict[int, dict[str, Any]] = {}
    pipe = redis.client().pipeline(transaction=False)
    for campaign_id, one, bodies in zip(ids, loaded, await _bodies(ids), strict=True):
        await asyncio.sleep(0)
        body = published[campaign_id] = build(*one, _shares(bodies), clock.now())
        text = json.dumps(body, separators=(",", ":"))
        pipe.set(key(campaign_id), text, ex=_SNAPSHOT_TTL_S)
        pipe.publish(channel(campaign_id), text)
        if one[0].status in {CampaignStatus.COMPLETED, CampaignStatus.CANCELLED, CampaignStatus.FAILED}:
            pipe.expire(_shares_key(campaign_id), 3_600)
    await pipe.execute()
    return published


async def snapshot(campaign_id: int) -> dict[str, Any] | None:
    """The last progress, built from the database when Redis has none. None: no such campaign."""
    try:
        raw = await redis.client().get(key(campaign_id))
    except (RedisError, OSError):
        raw = None
    if raw is not None:
        found: dict[str, Any] = json.loads(raw)
        return found
    loaded = await _load([campaign_id])
    return build(*loaded[0], [], clock.now()) if loaded else None
