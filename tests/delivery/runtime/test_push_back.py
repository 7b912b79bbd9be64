"""Push-back through the engine: nobody pays for it, one step per burst, and what never ends is told to a person."""

import asyncio
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from campaign_app.channels.base import Result, Verdict
from campaign_app.core import clock, db, learnt_rate, push_back, redis
from campaign_app.core.rate_limit import learnt_key
from campaign_app.delivery.ledger import journal
from campaign_app.delivery.ledger.journal import State
from campaign_app.delivery.runtime import circuit, safety_brake
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.delivery.runtime.push_back import ABOUT_ONE, PushBack
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignStatus, Pauser
from campaign_app.models.delivery import Delivery, Reason
from tests.delivery import factory
from tests.delivery.conftest import Drive, launch
from tests.delivery.scripted import Script

PAST = datetime(2026, 1, 1, tzinfo=UTC)

SLOW = Result(Verdict.TEMPORARY, Reason.TEMPORARY, "451 4.7.1 slow down", throttled=True)
QUOTA = Result(Verdict.NOT_TRIED, Reason.ACCOUNT, "454 4.7.0 quota", account_trouble=True, throttled=True)


async def campaign_of(scripts: dict[int, Script], count: int, script: Script, **values: object) -> int:
    account_id = await factory.account(**values)
    scripts[account_id] = script
    return await factory.campaign(account_id, [await factory.audience(count)])


def address(number: int) -> str:
    return f"person{number}@d{number % 3}.example"


async def deliveries(campaign_id: int) -> dict[str, Delivery]:
    async with db.reading() as session:
        found = await session.execute(sa.select(Delivery).where(Delivery.campaign_id == campaign_id))
        return {row.address: row for row in found.scalars()}


async def status_of(campaign_id: int) -> Campaign:
    async with db.reading() as session:
        found = await session.get(Campaign, campaign_id)
        assert found is not None
        return found


async def learnt(account_id: int) -> learnt_rate.LearntRate | None:
    _, found = await push_back.known([account_id])
    return found.get(account_id)


@pytest.mark.parametrize(("result", "at_the_dot"), [(SLOW, False), (SLOW, True), (QUOTA, False), (QUOTA, True)])
async def test_a_burst_is_one_step_and_costs_nobody_an_attempt(
    engine: Engine, drive: Drive, scripts: dict[int, Script], result: Result, at_the_dot: bool
) -> None:
    script = Script(connections=10, at_the_dot=at_the_dot)
    for n in range(40, 50):
        script.answer(address(n), result)
    campaign_id = await campaign_of(scripts, 80, script)
    await launch(campaign_id)
    await drive(campaign_id)
    assert await factory.counters_of(campaign_id) == {"sent": 80, "total": 80}
    assert {row.attempts for row in (await deliveries(campaign_id)).values()} == {1}
    await factory.assert_sound(campaign_id)
    found = await learnt(1)
    assert found is not None
    assert found.searching, "a second step would have ended the search"
    assert found.words == result.response
    assert (await status_of(campaign_id)).status is CampaignStatus.COMPLETED


async def test_who_was_put_off_is_pending_in_the_journal_as_if_never_tried(
    engine: Engine, scripts: dict[int, Script]
) -> None:
    script = Script(connections=3)
    for n in range(20):
        script.answer(address(n), *[SLOW] * 50)
    campaign_id = await campaign_of(scripts, 20, script)
    await launch(campaign_id)
    work = asyncio.create_task(engine.run_batch(campaign_id))
    for _ in range(10_000):
        if await learnt(1) is not None:
            break
    record = journal.living(engine.leases.journal.label)
    assert record is not None
    (entries,) = record.leases.values()
    assert {entry.state for entry in entries} <= {State.NONE, State.HANDED_OVER}
    assert sum(entry.state is State.HANDED_OVER for entry in entries) <= 3
    await engine.drain(2.0)
    await work
    rows = (await deliveries(campaign_id)).values()
    assert {(row.status.value, row.attempts, row.next_attempt_at) for row in rows} == {("pending", 0, None)}


async def test_a_message_that_is_put_off_while_all_others_pass_is_the_reason_itself(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    script = Script(connections=2)
    script.answer(address(30), *[SLOW] * 100)
    campaign_id = await campaign_of(scripts, 60, script)
    await launch(campaign_id)
    await drive(campaign_id, seconds=60)
    rows = await deliveries(campaign_id)
    refused = rows.pop(address(30))
    assert (refused.status.value, refused.reason, refused.attempts) == ("failed", Reason.RETRIES_USED_UP, 3)
    assert {row.status.value for row in rows.values()} == {"sent"}


async def test_a_day_is_not_used_up_by_what_was_put_off(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    script = Script(connections=5)
    for n in range(20, 25):
        script.answer(address(n), SLOW)
    campaign_id = await campaign_of(scripts, 30, script, limit_per_day=30)
    await launch(campaign_id)
    await drive(campaign_id)
    assert await factory.counters_of(campaign_id) == {"sent": 30, "total": 30}


async def test_what_never_ends_is_told_to_a_person_and_no_circuit_resumes_it(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    script = Script(connections=3)
    for n in range(20):
        script.answer(address(n), *[SLOW] * 50)
    campaign_id = await campaign_of(scripts, 20, script)
    now = await redis.now()
    known = {"step": int(now * 1e6), "rate": 50, "rest": 0, "searching": 0, "words": "", "since": now - 90 * 60 - 1}
    await redis.client().hset(learnt_key(1), mapping=known)
    await launch(campaign_id)
    await drive(campaign_id)
    await asyncio.gather(*engine.tasks.running)
    found = await status_of(campaign_id)
    assert found.status is CampaignStatus.PAUSED
    assert found.pauser is Pauser.BRAKE
    assert "slow down for 90 minutes" in found.status_reason
    assert SLOW.response in found.status_reason
    async with db.transaction() as session:
        account = await session.get(SendingAccount, 1)
        assert account is not None
        account.circuit_failures, account.circuit_open_until = 1, PAST
        session.add(account)
    assert await circuit.try_again(clock.now()) == 1
    assert (await status_of(campaign_id)).status is CampaignStatus.PAUSED


async def test_who_gets_through_elsewhere_is_not_given_up(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    campaign_id = await campaign_of(scripts, 5, Script())
    await launch(campaign_id)
    await drive(campaign_id)
    other = await factory.campaign(1, [await factory.audience(5, "other")])
    await launch(other)
    await safety_brake.give_up(1, "451 slow down")
    assert (await status_of(other)).status is CampaignStatus.RUNNING


async def test_trouble_that_the_provider_tells_after_the_body_puts_the_message_back(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    script = Script(connections=1, at_the_dot=True)
    refused = Result(Verdict.NOT_TRIED, Reason.ACCOUNT, "550 sender not allowed", account_trouble=True)
    script.answer(address(0), refused)
    campaign_id = await campaign_of(scripts, 5, script)
    await launch(campaign_id)
    await drive(campaign_id)
    assert await factory.counters_of(campaign_id) == {"sent": 5, "total": 5}
    assert {row.attempts for row in (await deliveries(campaign_id)).values()} == {1}


def test_what_was_taken_before_the_last_step_is_no_signal() -> None:
    steps: list[int] = []
    push_back = PushBack(lambda: steps.append(1))
    assert push_back.is_signal(0)
    assert push_back.waiting
    assert not push_back.is_signal(0), "the same burst, before the answer"
    push_back.success(1)
    assert push_back.has_success
    push_back.go_on(10, 0.5)
    assert (push_back.waiting, push_back.per_minute, push_back.has_success) == (False, 30.0, False)
    assert not push_back.is_signal(9), "the same burst, after it"
    assert push_back.is_signal(10)
    push_back.go_on(10, 0.5)
    assert len(steps) == 2, "whoever waits goes on, also if the step had been heard of before"
    push_back.hear(10, 0.6)
    assert len(steps) == 2
    push_back.hear(0, 0.0)
    assert (len(steps), push_back.step, push_back.per_minute) == (3, 0, 0.0)


def test_only_who_is_put_off_while_others_pass_is_the_reason_itself() -> None:
    push_back = PushBack()
    for _ in range(ABOUT_ONE * 2):
        assert not push_back.is_about(1), "nobody gets through"
    for key in range(2, 2 + ABOUT_ONE - 1):
        push_back.success(key)
    assert not push_back.is_about(1)
    push_back.success(99)
    assert push_back.is_about(1)
    push_back.success(1)
    assert not push_back.is_about(1), "it was accepted: that was another time"
