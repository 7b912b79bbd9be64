"""Stops a campaign until a person resumes it, and suppresses addresses that do not exist.

They are suppressed once the first messages have passed.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Protocol

from redis.exceptions import RedisError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import suppression
from campaign_app.campaigns import lifecycle
from campaign_app.channels.base import Result
from campaign_app.core import clock, db, learnt_rate, logging
from campaign_app.delivery import completion, repository, service
from campaign_app.delivery.launch import refusals
from campaign_app.delivery.launch.refusals import RefusalCount
from campaign_app.delivery.ledger.outcome_writer import TROUBLE, OutcomeWriter
from campaign_app.delivery.runtime import push_back
from campaign_app.delivery.runtime.campaign_runner import CampaignRunner
from campaign_app.delivery.runtime.push_back import PushBack
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignStatus

_AGAIN_S = 0.3
_GATHER_S = 2.0
log = logging.get("delivery")


class BrakeServices(Protocol):
    """What is needed of the engine."""

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something beside."""

    def close_gate(self, campaign_id: int) -> None:
        """Stop sending a campaign at once, in this worker."""

    @property
    def writer(self) -> OutcomeWriter:
        """Where outcomes wait to be written."""


async def slow_down(known: PushBack, account_id: int, measured: float, words: str) -> None:
    """Have an account's rate lowered. If nothing was accepted for long in spite of that, stop its campaigns."""
    if await push_back.learn(known, account_id, measured, words):
        await give_up(account_id, words)


async def give_up(account_id: int, words: str) -> None:
    """Stop the campaigns of an account that accepted nothing for long, if the ledger confirms it for all workers."""
    long = timedelta(seconds=learnt_rate.GIVE_UP_S)
    if await completion.sent_since(account_id, clock.now() - long):
        return
    async with db.transaction() as session:
        account = await session.get(SendingAccount, account_id)
        reason = (
            f"“{account.name if account else ''}” has been asked to slow down for {long.total_seconds() / 60:.0f} "
            f"minutes, and not one message was accepted: “{words[:200]}” Ask the provider which limit this is, then "
            "resume."
        )
        statement = select(Campaign.id).where(
            Campaign.account_id == account_id, col(Campaign.status) == CampaignStatus.RUNNING
        )
        for campaign_id in (await session.exec(statement)).all():
            await _stop(session, int(campaign_id or 0), reason)
    log.warning("push-back does not end", account=account_id, words=words[:200])


async def _stop(session: AsyncSession, campaign_id: int, reason: str) -> Campaign | None:
    """The campaign, now paused; None when it does not run (any more)."""
    campaign = await repository.get_campaign(session, campaign_id, lock=True)
    if campaign is None or not lifecycle.can("pause", campaign.status):
        return None
    await service.brake(session, campaign_id, reason)
    return campaign


async def report(engine: BrakeServices, runner: CampaignRunner, wake: Callable[[], None]) -> None:
    """Report what this worker has seen of a campaign's first messages. Until the answer comes no message is taken:
    after the same refusal again and again, the next message would be one too many.
    """
    first_messages = runner.first_messages
    try:
        while events := first_messages.take_events():
            counted = await _count(runner.campaign_id, events)
            first_messages.hear(counted)
            if first_messages.tripped:
                engine.close_gate(runner.campaign_id)
                await _trip(runner, counted, first_messages.refusals.get(counted.rule))
                return
    finally:
        first_messages.end_report()
    wake()
    if first_messages.may_suppress:
        await suppress(engine, runner)


async def _count(campaign_id: int, events: list[refusals.Event]) -> RefusalCount:
    while True:
        try:
            return await refusals.count(campaign_id, events)
        except (RedisError, OSError) as error:  # without the limiter nothing would be sent anyway
            log.warning("refusals not counted", campaign=campaign_id, error=type(error).__name__)
            await asyncio.sleep(_AGAIN_S)


async def _trip(runner: CampaignRunner, counted: RefusalCount, result: Result | None) -> None:
    reason = refusals.sentence(counted, result)
    while True:
        try:
            async with db.transaction() as session:
                campaign = await _stop(session, runner.campaign_id, reason)
                if campaign is not None:
                    campaign.brake_at = clock.now()
                    session.add(campaign)
        except TROUBLE as error:
            log.warning("campaign not paused yet", campaign=runner.campaign_id, error=repr(error)[:200])
            await asyncio.sleep(_AGAIN_S)
        else:
            break
    log.warning("same refusal again and again", campaign=runner.campaign_id, rule=counted.rule, refused=counted.refused)


async def suppress(engine: BrakeServices, runner: CampaignRunner) -> None:
    """Suppress addresses that do not exist, many at a time, once their outcomes are written. What a dead worker had
    not suppressed is found when the campaign ends.
    """
    first_messages = runner.first_messages
    if first_messages.suppressing:
        return
    with first_messages.suppression():
        while first_messages.dead:
            await engine.writer.settle(_GATHER_S)
            dead = first_messages.take_dead()
            async with db.transaction() as session:
                await suppression.add_refused(session, runner.campaign_id, dead)
