"""Settles what died: leases of dead workers, campaigns whose jobs were lost, gates that do not fit the status.

A lease is settled from its worker's journal, on the host where the journal is. A journal's worker is dead when the lock
on it is free; no clock is asked. Another host takes a lease over only long after it expired, without the journal: rows
that may have been sent become uncertain. It looks twice before that: after an outage of the database, or a change of
its clock, every lease is expired, and living workers need a moment to confirm theirs. When the journal is found later,
what it knows replaces `uncertain`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis.exceptions import RedisError

from campaign_app.core import clock, db, logging, rate_limit, redis
from campaign_app.core.config import settings
from campaign_app.delivery import completion, repository, service
from campaign_app.delivery.launch import content
from campaign_app.delivery.ledger import journal, leases, moves
from campaign_app.delivery.ledger.journal import Entry, Record, State
from campaign_app.delivery.ledger.outcome import Outcome
from campaign_app.delivery.reporting import worker_reports
from campaign_app.delivery.runtime import job_chain, lease_loss, retry
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import CampaignStatus
from campaign_app.models.delivery import DeliveryStatus, Lease, Reason

FOREIGN_GRACE_S = 60.0
SECOND_LOOK_S = 15.0  # a heartbeat, and the time to reach the database again
STALE_GATE_S = 5.0
_NOTE = "Taken from the worker's journal; the server's words were lost with it."
log = logging.get("delivery")
pause = asyncio.sleep


@dataclass(slots=True)
class SweepResult:
    """What a sweep did."""

    leases: int = 0
    uncertain: int = 0
    ended: int = 0
    chains: int = 0


async def sweep(*, patient: bool = True) -> SweepResult:
    """Run all steps (cron, and once at the start of a worker, then without the second look)."""
    swept = SweepResult()
    await settle_dead_journals(swept)
    await _settle_abandoned(swept, patient=patient)
    await _mend_campaigns(swept)
    if swept.leases or swept.ended:
        log.info("swept", leases=swept.leases, uncertain=swept.uncertain, ended=swept.ended, chains=swept.chains)
    return swept


async def settle_dead_journals(swept: SweepResult) -> None:
    """Settle the leases of workers of this machine that have died."""
    for dead in journal.dead_journals():
        done = False
        try:
            async with db.reading() as session:
                held = await leases.held_by_journal(session, dead.label)
            for lease in held:
                await _settle(lease, dead.record, swept)
            await _revert_uncertain(dead.record, {(int(lease.id or 0), lease.epoch) for lease in held})
            done = True
        finally:
            dead.close(remove=done)
        await _forget(dead.record.worker, {lease.campaign_id for lease in held})


async def _forget(worker: str, campaign_ids: set[int]) -> None:
    """Forget a dead worker: it is not counted and runs no chains."""
    try:
        await worker_reports.gone(worker)
        for campaign_id in campaign_ids:
            await job_chain.free_dead(campaign_id, worker)
    except (RedisError, OSError) as error:
        log.warning("dead worker still counts", worker=worker, error=type(error).__name__)


async def _revert_uncertain(record: Record, settled: set[tuple[int, int]]) -> None:
    """Correct leases that were settled without this journal."""
    for (lease_id, epoch), entries in record.leases.items():
        if (lease_id, epoch) in settled:
            continue
        async with db.transaction() as session:
            lease = await session.get(Lease, lease_id)
            if lease is None:
                continue
            known = [found for entry in entries if (found := _outcome(entry, lease, clock.now()))]
            answered = [outcome for outcome in known if outcome.status in {DeliveryStatus.SENT, DeliveryStatus.FAILED}]
            await moves.settle(session, answered, {lease_id})
        if record.trusted:
            not_sent = [(entry.delivery_id, entry.attempts) for entry in entries if entry.state in journal.NOT_SENT]
            await lease_loss.not_sent(lease.campaign_id, not_sent)


async def _settle_abandoned(swept: SweepResult, *, patient: bool) -> None:
    """Settle expired leases whose journal is elsewhere or deleted, or does not know them."""
    deleted, suspected = await _abandoned()
    for lease in deleted:
        await _settle(lease, None, swept)
    if not suspected or not patient:
        return
    await pause(SECOND_LOOK_S)
    _, still = await _abandoned()
    for key in suspected.keys() & still.keys():
        lease, record = still[key]
        await _settle(lease, record, swept)


async def _abandoned() -> tuple[list[Lease], dict[tuple[int, int], tuple[Lease, Record | None]]]:
    """Expired leases: those whose journal was deleted here, and by (lease, epoch) those to look at twice. These belong
    to other hosts, or to a living worker here that does not know them (the answer to its claim was lost).
    """
    async with db.reading() as session:
        expired = await leases.expired(session, clock.now())
        abandoned = await leases.expired(session, clock.now() - timedelta(seconds=FOREIGN_GRACE_S))
    gone = {lease.id for lease in abandoned}
    deleted: list[Lease] = []
    suspected: dict[tuple[int, int], tuple[Lease, Record | None]] = {}
    for lease in expired:
        key = (int(lease.id or 0), lease.epoch)
        if not journal.is_ours(lease.host, lease.journal):
            if lease.id in gone:
                suspected[key] = lease, None
        elif (record := journal.living(lease.journal)) is None:
            if journal.is_alive(lease.journal) is None:
                deleted.append(lease)
        elif key not in record.leases:
            suspected[key] = lease, Record(record.worker, True, {})
    return deleted, suspected


async def _settle(lease: Lease, record: Record | None, swept: SweepResult) -> None:
    """Settle one lease in one transaction: known rows get their outcome, the rest becomes open again."""
    at = clock.now()
    async with db.transaction() as session:
        campaign = await repository.get_campaign(session, lease.campaign_id, lock=True)
        held = await leases.lock_held(session, int(lease.id or 0), lease.epoch)
        if held is None:
            return
        entries = record.leases.get((int(held.id or 0), held.epoch), ()) if record else ()
        outcomes = [found for entry in entries if (found := _outcome(entry, held, at))]
        if record is None or not record.trusted:
            outcomes = [outcome for outcome in outcomes if outcome.status is not DeliveryStatus.UNCERTAIN]
        await moves.settle(session, outcomes, set())
        uncertain = sum(outcome.status is DeliveryStatus.UNCERTAIN for outcome in outcomes)
        if record is None or not record.trusted:
            uncertain += await moves.move_matching(
                session,
                held.campaign_id,
                DeliveryStatus.PENDING,
                DeliveryStatus.UNCERTAIN,
                at=at,
                reason=Reason.WORKER_DIED,
                condition=leases.may_have_been_sent(held),
                attempts=1,
            )
        is_cancelled = campaign is not None and campaign.status is CampaignStatus.CANCELLED
        await leases.release_lease(session, held, cancelled=is_cancelled)
        if is_cancelled:
            await service.skip_rest(session, held.campaign_id, at)
    log.warning("lease settled", lease=lease.id, worker=lease.owner, journal=record is not None, uncertain=uncertain)
    swept.leases += 1
    swept.uncertain += uncertain


def _outcome(entry: Entry, lease: Lease, at: datetime) -> Outcome | None:
    """The outcome that a journal entry stands for; None: never handed over."""
    if entry.state in {State.NONE, State.WITHDRAWN}:
        return None
    outcome = Outcome(
        delivery_id=entry.delivery_id,
        campaign_id=lease.campaign_id,
        lease_id=int(lease.id or 0),
        status=DeliveryStatus.UNCERTAIN,
        at=at,
        before=entry.attempts,
        attempts=entry.attempts + 1,
        reason=Reason.WORKER_DIED,
    )
    if entry.state is State.HANDED_OVER:
        return outcome
    outcome.response = _NOTE
    if entry.state is State.ACCEPTED:
        outcome.status, outcome.reason = DeliveryStatus.SENT, Reason.NONE
    elif entry.state is State.REFUSED:
        outcome.status, outcome.reason = DeliveryStatus.FAILED, Reason.REFUSED
    else:
        outcome.next_attempt_at = retry.next_attempt(settings().retry_seconds, outcome.attempts, at)
        put_off = outcome.next_attempt_at is not None
        outcome.status = DeliveryStatus.PENDING if put_off else DeliveryStatus.FAILED
        outcome.reason = Reason.TEMPORARY if put_off else Reason.RETRIES_USED_UP
    return outcome


async def _mend_campaigns(swept: SweepResult) -> None:
    """End running campaigns that are done, give the others their jobs, and skip the rest of cancelled ones."""
    async with db.reading() as session:
        running = await repository.campaigns_with_status(session, CampaignStatus.RUNNING)
        unfinished = await repository.cancelled_with_open_leases(session)
        paused = await repository.paused_with_nothing_left(session)
    for campaign_id in unfinished:
        async with db.transaction() as session:
            await repository.get_campaign(session, campaign_id, lock=True)
            await service.skip_rest(session, campaign_id, clock.now())
    for campaign_id in [*running, *paused]:
        if campaign_id in paused or await _nothing_left(campaign_id):
            swept.ended += await completion.look(campaign_id)
    for campaign_id in running:
        await _mend_gate(campaign_id)
        swept.chains += await ensure_chains(campaign_id)


async def _nothing_left(campaign_id: int) -> bool:
    async with db.reading() as session:
        outlook = await leases.outlook(session, campaign_id)
    return outlook is not None and outlook.available_at is None and not outlook.held


async def _mend_gate(campaign_id: int) -> None:
    """Open a gate that was closed by a pause whose transaction failed."""
    key = rate_limit.gate_key(campaign_id)
    closed = await redis.client().get(key)
    if closed is None:
        return
    seconds, _ = await redis.client().time()
    if float(closed) < seconds - STALE_GATE_S:
        await redis.client().delete(key)


async def ensure_chains(campaign_id: int) -> int:
    """Start the jobs that a running campaign misses. Returns how many."""
    async with db.reading() as session:
        campaign = await repository.get_campaign(session, campaign_id)
        if campaign is None or campaign.status is not CampaignStatus.RUNNING or campaign.account_id is None:
            return 0
        account = await session.get(SendingAccount, campaign.account_id)
        outlook = await leases.outlook(session, campaign_id)
        states = await leases.states(session, campaign_id)
    if account is None or outlook is None or outlook.available_at is None:
        return 0
    rate = content.limits_of(campaign, account).per_second
    want = await job_chain.wanted(rate, _unfinished(list(states.items())))
    at = outlook.available_at if outlook.available_at > clock.now() else None
    return await job_chain.ensure(campaign_id, want, at)


def _unfinished(states: Sequence[tuple[object, int]]) -> int:
    return sum(count for state, count in states if state != "done")
