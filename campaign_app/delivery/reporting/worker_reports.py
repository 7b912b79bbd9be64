"""What a worker reports: progress of its campaigns five times a second, and its heartbeat."""

import asyncio
import json
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from redis.exceptions import RedisError

from campaign_app.core import logging, redis
from campaign_app.core.actor import Actor
from campaign_app.delivery.ledger.outcome import Outcome
from campaign_app.delivery.ledger.outcome_writer import TROUBLE
from campaign_app.delivery.reporting import progress
from campaign_app.delivery.reporting.progress import RecentMessage, WorkerProgress
from campaign_app.delivery.runtime import job_chain
from campaign_app.delivery.runtime.campaign_runner import CampaignRunner
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.delivery.runtime.held_lease import QueuedRow
from campaign_app.delivery.schemas import WorkerInfo

HEARTBEAT_S = 2.0
TOGETHER = 16  # campaigns per statement: more would block sending for milliseconds
_INFO = "beacon:worker:"
log = logging.get("delivery")


@dataclass(frozen=True, slots=True)
class Chain:
    """A campaign's chain of jobs: the worker that runs its job now, or when its next job is due."""

    worker: str
    due: datetime | None


def share_of(runner: CampaignRunner, now: float) -> WorkerProgress:
    """A runner's share of its campaign's progress."""
    return WorkerProgress(
        runner.in_flight, runner.meter.per_minute(now), [_recent(*entry) for entry in reversed(runner.last)]
    )


def _recent(item: QueuedRow, outcome: Outcome) -> RecentMessage:
    row = item.row
    contact = row.contact or {}
    name = f"{contact.get('first_name') or ''} {contact.get('last_name') or ''}".strip()
    return RecentMessage(
        id=row.id,
        name=name,
        address=row.address,
        status=outcome.status.value,
        reason=outcome.reason.value,
        response=outcome.response,
        at=outcome.at.isoformat(),
    )


class Reporter:
    """Ticks five times a second as long as the worker lives."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._heartbeat_due = 0.0
        self._tidy_due = 0.0

    async def run(self) -> None:
        """Run until cancelled, also while Redis or the database is away."""
        while True:
            started = monotonic()
            try:
                await self._tick(started)
            except (RedisError, *TROUBLE) as error:
                log.warning("progress not published", error=type(error).__name__)
                await asyncio.sleep(1.0)
            spent = monotonic() - started
            await asyncio.sleep(max(0.02, progress.EVERY_S - spent))

    async def _tick(self, now: float) -> None:
        self._engine.registry.close_windows()
        runners = [runner for runner in self._engine.registry.runners.values() if runner.changed or runner.in_flight]
        for first in range(0, len(runners), TOGETHER):
            await self.report(runners[first : first + TOGETHER], now)
        if now >= self._heartbeat_due:
            self._heartbeat_due = now + HEARTBEAT_S
            await self.heartbeat(now)
        if now >= self._tidy_due:
            self._tidy_due = now + 10.0
            await self._engine.registry.tidy()

    async def report(self, runners: Sequence[CampaignRunner], now: float) -> None:
        """Publish the campaigns that it is this worker's turn to publish."""
        for runner in runners:
            runner.take_changed()
        shares = {runner.campaign_id: share_of(runner, now) for runner in runners}
        turns = await progress.put_shares(self._engine.name, shares)
        for runner in runners:
            if runner.campaign_id not in turns:
                runner.mark_changed()
        await progress.publish(turns)

    async def heartbeat(self, now: float) -> None:
        """Store this worker's heartbeat and state."""
        engine = self._engine
        failing = engine.writer.failing_since
        instant = await redis.now()  # our own clock may be wrong
        runners = engine.registry.runners.values()
        body = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started_at": engine.started_at.isoformat(),
            "heard_at": datetime.fromtimestamp(instant, UTC).isoformat(),
            "campaigns": sum(bool(runner.leases or runner.in_flight) for runner in runners),
            "in_flight": engine.registry.in_flight,
            "rate_per_minute": round(
                sum(runner.meter.per_minute(now) for runner in engine.registry.runners.values()), 1
            ),
            "draining": engine.draining,
            "unwritten": engine.writer.unwritten,
            "failing_since": None if failing is None else instant - (now - failing),
        }
        pipe = redis.client().pipeline(transaction=False)
        pipe.set(_INFO + engine.name, json.dumps(body), ex=job_chain.WORKER_ALIVE_S)
        pipe.zadd(job_chain.WORKERS, {engine.name: instant})
        pipe.zremrangebyscore(job_chain.WORKERS, "-inf", instant - 3_600)
        await pipe.execute()

    async def farewell(self) -> None:
        """This worker is about to end."""
        await gone(self._engine.name)


async def gone(worker: str) -> None:
    """Remove the reports of a worker that has ended."""
    await redis.client().zrem(job_chain.WORKERS, worker)
    await redis.client().delete(_INFO + worker)


async def workers(actor: Actor) -> Sequence[WorkerInfo]:
    """Living worker processes (operations page)."""
    actor.require("workspace:read")
    client = redis.client()
    names = [
        name.decode() if isinstance(name, bytes) else name for name in await client.zrange(job_chain.WORKERS, 0, -1)
    ]
    bodies = await client.mget([_INFO + name for name in names]) if names else []
    return [_info(name, json.loads(raw)) for name, raw in zip(names, bodies, strict=True) if raw is not None]


async def heard_of(actor: Actor) -> dict[str, datetime]:
    """The last heartbeat of each worker of the last hour, also of silent ones (operations page)."""
    actor.require("workspace:read")
    found = await redis.client().zrange(job_chain.WORKERS, 0, -1, withscores=True)
    return {name.decode(): datetime.fromtimestamp(moment, UTC) for name, moment in found}


async def chains_of(actor: Actor, campaign_ids: Sequence[int], most: int) -> dict[int, list[Chain]]:
    """The existing ones of the first `most` chains of these campaigns (operations page)."""
    actor.require("workspace:read")
    keys = [f"chain:{campaign_id}:{number}" for campaign_id in campaign_ids for number in range(most)]
    values = await redis.client().mget(keys) if keys else []
    found: dict[int, list[Chain]] = {campaign_id: [] for campaign_id in campaign_ids}
    for key, raw in zip(keys, values, strict=True):
        if raw is not None:
            found[int(key.split(":")[1])].append(_chain(raw.decode()))
    return found


def _chain(held: str) -> Chain:
    _, _, due = held.partition("~")
    return Chain(held.partition("@")[2], datetime.fromtimestamp(float(due), UTC) if due else None)


def _info(name: str, body: dict[str, Any]) -> WorkerInfo:
    failing_since = body.get("failing_since")
    return WorkerInfo(
        name=name,
        host=body["host"],
        pid=body["pid"],
        started_at=datetime.fromisoformat(body["started_at"]),
        heard_at=datetime.fromisoformat(body["heard_at"]),
        campaigns=body["campaigns"],
        in_flight=body["in_flight"],
        rate_per_minute=body["rate_per_minute"],
        draining=body["draining"],
        unwritten=body.get("unwritten", 0),
        failing_since=datetime.fromtimestamp(failing_since, UTC) if failing_since else None,
    )
