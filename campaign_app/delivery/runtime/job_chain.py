"""Jobs of a campaign that follow one another. Each campaign has a few chains, whatever happens to Redis or workers.

A chain is a key in Redis that names the job whose turn it is. A job that finds another name there is stale and ends.
The key expires when it is not refreshed, so that the sweep can start the chain again.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaign_app.core import clock, queue, redis
from campaign_app.core.queue import Job

TTL_S = 30
WORKERS = "beacon:workers"
WORKER_ALIVE_S = 15
PATIENCE_S = 30
PER_WORKER = 2  # one sends while the other reads the next lease


@dataclass(frozen=True, slots=True)
class Reschedule:
    """When a chain goes on; `at` None: nothing is left for it to do."""

    at: datetime | None


def _key(campaign_id: int, chain: int) -> str:
    return f"chain:{campaign_id}:{chain}"


async def workers_alive() -> int:
    """Worker processes with a recent heartbeat (at least one: the caller)."""
    client = redis.client()
    seconds, _ = await client.time()
    return max(1, int(await client.zcount(WORKERS, seconds - WORKER_ALIVE_S, "+inf")))


async def wanted(per_second: float, leases: int) -> int:
    """How many chains a campaign needs: some per worker."""
    if leases <= 1 or 0 < per_second <= 10:
        return min(1, leases)
    return min(leases, PER_WORKER * await workers_alive())


async def ensure(campaign_id: int, want: int, at: datetime | None = None) -> int:
    """Start those of the first `want` chains that do not run; how many.

    One that waits for much later than `at` is started anew: limits or windows may have been changed.
    """
    started = 0
    due = at or clock.now()
    for chain in range(want):
        token, key = secrets.token_hex(4), _key(campaign_id, chain)
        new = await redis.client().set(key, _waiting(token, due), nx=True, ex=_ttl(at))
        if not new:
            held = _text(await redis.client().get(key))
            later = due.timestamp() + PATIENCE_S
            if "~" not in held or float(held.partition("~")[2]) <= later:
                continue
            await redis.client().set(key, _waiting(token, due), ex=_ttl(at))
        await _enqueue(campaign_id, chain, token, at)
        started += 1
    return started


async def start(campaign_id: int, at: datetime) -> bool:
    """Start the first chain of a campaign at `at`, unless it runs or waits already."""
    due = at if at > clock.now() else None
    token = secrets.token_hex(4)
    new = await redis.client().set(_key(campaign_id, 0), _waiting(token, at), nx=True, ex=_ttl(due))
    if new:
        await _enqueue(campaign_id, 0, token, due)
    return bool(new)


def _waiting(token: str, due: datetime) -> str:
    return f"{token}~{due.timestamp():.0f}"


def _token(held: str) -> str:
    """The job whose turn it is: the value is token~due while it waits, token@worker while it runs."""
    return held.partition("~")[0].partition("@")[0]


def _ttl(at: datetime | None) -> int:
    wait = (at - clock.now()).total_seconds() if at else 0.0
    return TTL_S + max(0, int(wait))


async def _enqueue(campaign_id: int, chain: int, token: str, at: datetime | None) -> None:
    job = Job(
        "send_lease",
        queue.SEND,
        f"send:{campaign_id}:{chain}:{token}",
        at,
        {"campaign_id": campaign_id, "chain": chain, "token": token},
    )
    await queue.send([job])


def _text(raw: bytes | str | None) -> str:
    return raw.decode() if isinstance(raw, bytes) else raw or ""


async def enter(campaign_id: int, chain: int, token: str, worker: str) -> bool:
    """Whether it is this job's turn. If so, the key names its worker from now on."""
    held = _text(await redis.client().get(_key(campaign_id, chain)))
    if held and _token(held) != token:
        return False
    await redis.client().set(_key(campaign_id, chain), f"{token}@{worker}", ex=TTL_S)
    return True


async def keep(campaign_id: int, chain: int, token: str, worker: str) -> None:
    """Refresh the key of a running job, also when Redis has lost it."""
    held = _text(await redis.client().get(_key(campaign_id, chain)))
    if not held or _token(held) == token:
        await redis.client().set(_key(campaign_id, chain), f"{token}@{worker}", ex=TTL_S)


async def go_on(campaign_id: int, chain: int, token: str, at: datetime) -> None:
    """Enqueue the successor, unless another job has taken the chain over."""
    held = _text(await redis.client().get(_key(campaign_id, chain)))
    if held and _token(held) != token:
        return
    following = secrets.token_hex(4)
    due = at if at > clock.now() + timedelta(milliseconds=50) else None
    await redis.client().set(_key(campaign_id, chain), _waiting(following, at), ex=_ttl(due))
    await _enqueue(campaign_id, chain, following, due)


async def end(campaign_id: int, chain: int, token: str) -> None:
    """Nothing is left to do for this chain."""
    held = _text(await redis.client().get(_key(campaign_id, chain)))
    if _token(held) == token:
        await redis.client().delete(_key(campaign_id, chain))


async def free_dead(campaign_id: int, worker: str) -> int:
    """Free the chains of a dead worker. Returns how many."""
    freed = 0
    async for key in redis.client().scan_iter(match=f"chain:{campaign_id}:*", count=200):
        if _text(await redis.client().get(key)).partition("@")[2] == worker:
            freed += int(await redis.client().delete(key))
    return freed
