"""Use case of the operations page: who holds what, since when."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from redis.exceptions import RedisError
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.channels import registry, reported
from campaign_app.channels.base import Weakness
from campaign_app.channels.reported import Reported
from campaign_app.core import clock, db, queue, redis
from campaign_app.core.actor import Actor
from campaign_app.core.queue import Depth
from campaign_app.delivery.reporting import account_rates, recipient_queries, worker_reports
from campaign_app.delivery.reporting.worker_reports import Chain
from campaign_app.delivery.runtime import circuit, job_chain
from campaign_app.delivery.schemas import WorkerInfo
from campaign_app.models.account import SendingAccount
from campaign_app.ops import hangs, liveness, memory, repository
from campaign_app.ops.hangs import Hangs
from campaign_app.ops.memory import Memory
from campaign_app.ops.schemas import AccountTrouble, CampaignLeases, CampaignWork, Operations, SlowedAccount, Stores

SHOWN = 100
CAMPAIGNS_SHOWN = 50
_MOST_CHAINS = 64
_REDIS_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class _Heard:
    """What Redis answered."""

    ms: float
    workers: Sequence[WorkerInfo]
    heard: dict[str, datetime]
    chains: dict[int, list[Chain]]
    send: Depth
    work: Depth
    memory: Memory
    hangs: Hangs


async def operations(session: AsyncSession, actor: Actor) -> Operations:
    """The current workers, leases, running campaigns, accounts in trouble, queues and stores.

    When Redis is away, workers are known only by their leases, and jobs are unknown.
    """
    actor.require("workspace:read")
    began = monotonic()
    running, running_total = await repository.running(session, CAMPAIGNS_SHOWN)
    database_ms = 1000 * (monotonic() - began)
    at = clock.now()
    holders = await repository.holders(session, at)
    leases = await recipient_queries.held_leases(session, actor, SHOWN)
    accounts = await _in_trouble(session)
    heard = await _listen(actor, [campaign.id for campaign in running])
    rows = liveness.workers(heard.workers if heard else (), heard.heard if heard else {}, holders, at)
    return Operations(
        at=at,
        workers=tuple(rows[:SHOWN]),
        leases=tuple(liveness.lease(lease, rows, at) for lease in leases),
        leases_total=sum(holder.leases for holder in holders),
        leases_expired=sum(holder.expired for holder in holders),
        campaigns=tuple(_work(campaign, heard) for campaign in running),
        campaigns_total=running_total,
        accounts=tuple(accounts),
        stores=Stores(
            database="PostgreSQL" if db.is_postgres() else "SQLite",
            database_ms=database_ms,
            redis_ms=heard.ms if heard else None,
            send=heard.send if heard else None,
            work=heard.work if heard else None,
            memory=heard.memory if heard else None,
        ),
        hangs=heard.hangs if heard else Hangs(),
        slowed=await _slowed(session, actor) if heard else (),
    )


async def _slowed(session: AsyncSession, actor: Actor) -> tuple[SlowedAccount, ...]:
    names = {int(each.id or 0): each.name for each in await repository.accounts(session)}
    found = await account_rates.learnt(actor, list(names))
    return tuple(SlowedAccount(account_id, names[account_id], pace) for account_id, pace in found.items())


async def _listen(actor: Actor, campaign_ids: Sequence[int]) -> _Heard | None:
    """Ask Redis; None when it does not answer."""
    try:
        async with asyncio.timeout(_REDIS_TIMEOUT_S):
            began = monotonic()
            await redis.client().exists("health")
            ms = 1000 * (monotonic() - began)
            heard = await worker_reports.heard_of(actor)
            most = min(_MOST_CHAINS, job_chain.PER_WORKER * max(1, len(heard)))
            return _Heard(
                ms=ms,
                workers=await worker_reports.workers(actor),
                heard=heard,
                chains=await worker_reports.chains_of(actor, campaign_ids, most),
                send=await queue.depth(queue.SEND),
                work=await queue.depth(queue.WORK),
                memory=await memory.of_redis(),
                hangs=await hangs.known(),
            )
    except (RedisError, OSError):  # TimeoutError is an OSError
        return None


def _work(campaign: CampaignLeases, heard: _Heard | None) -> CampaignWork:
    leases = (campaign.id, campaign.name, campaign.open, campaign.held, campaign.done, campaign.available_at)
    if heard is None:
        return CampaignWork(*leases)
    found = heard.chains[campaign.id]
    dues = [chain.due for chain in found if chain.due is not None]
    running = sum(bool(chain.worker) for chain in found)
    return CampaignWork(*leases, running, len(found) - running, min(dues, default=None))


async def _in_trouble(session: AsyncSession) -> list[AccountTrouble]:
    troubled = [
        each
        for each in await repository.accounts(session)
        if each.circuit_open_until or _weakness(each) or _reported(each)
    ]
    resting = [int(each.id or 0) for each in troubled if each.circuit_open_until]
    waiting = await repository.waiting_for(session, resting) if resting else {}
    found = [_trouble(each, waiting.get(int(each.id or 0), 0)) for each in troubled]
    return sorted(found, key=lambda each: not each.rests)


def _weakness(account: SendingAccount) -> Weakness | None:
    return registry.adapter(account.provider).weakness(account.capabilities or {})


def _reported(account: SendingAccount) -> Reported | None:
    return reported.read(account.capabilities, clock.now())


def _trouble(account: SendingAccount, waiting: int) -> AccountTrouble:
    rests = account.circuit_open_until is not None
    return AccountTrouble(
        id=int(account.id or 0),
        name=account.name,
        rests=rests,
        since=resting_since(account.last_checked_at, account.circuit_failures) if rests else None,
        next_try=account.circuit_open_until,
        words=account.last_error,
        waiting=waiting,
        weakness=_weakness(account),
        reported=_reported(account),
    )


def resting_since(last_try: datetime | None, failures: int) -> datetime | None:
    """About when an account stopped working: its last try minus the pauses before it."""
    if last_try is None:
        return None
    return last_try - timedelta(seconds=sum(circuit.wait_s(failure) for failure in range(1, failures)))
