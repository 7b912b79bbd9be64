"""The safety brake: the same refusal again and again stops a campaign, over all workers, and a person resumes it."""

import asyncio
from datetime import UTC, datetime

import pytest

from campaign_app.channels.base import Party, Result, Verdict
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM
from campaign_app.delivery import service
from campaign_app.delivery.launch import refusals
from campaign_app.delivery.launch.refusals import FirstMessages, RefusalCount
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import CampaignStatus, Pauser
from campaign_app.models.delivery import Reason
from tests.delivery import factory
from tests.delivery.conftest import Drive, launch
from tests.delivery.runtime.test_push_back import address, campaign_of, deliveries, status_of
from tests.delivery.scripted import Script

UNKNOWN = Result(
    Verdict.PERMANENT,
    Reason.UNKNOWN_ADDRESS,
    "550 5.1.1 <x@y.example>: user unknown",
    party=Party.RECIPIENT,
    rule="unknown-user",
)
SPAM = Result(Verdict.PERMANENT, Reason.POLICY, "554 5.7.1 looks like spam", party=Party.CONTENT, rule="spam")


async def counted(*events: tuple[int, str]) -> RefusalCount:
    return await refusals.count(7, events)


@pytest.mark.usefixtures("redis_url")
async def test_five_in_a_row_of_the_first_ten() -> None:
    assert (await counted(*[(0, "a")] * 4)).rule == ""
    assert await counted((0, "a")) == RefusalCount(5, "a", 5, 5)
    assert await counted((0, "a")) == RefusalCount(6, "a", 5, 5), "whoever asks later hears it too"


@pytest.mark.usefixtures("redis_url")
@pytest.mark.parametrize(
    "events",
    [
        [(0, "a")] * 4 + [(1, "a")] * 4,
        [(0, "a"), (0, "b")] * 5,
        [(6, "a")] + [(0, "a")] * 4,
        [(9, "")] + [(0, "a")] * 20,
    ],
)
async def test_less_than_that_goes_on(events: list[tuple[int, str]]) -> None:
    assert (await counted(*events)).rule == ""


@pytest.mark.usefixtures("redis_url")
async def test_more_than_twenty_of_the_first_hundred_over_all_workers() -> None:
    await asyncio.gather(*(counted(*[(2, "a")] * 5) for _ in range(4)))
    assert (await counted((2, "b"))).rule == ""
    found = await counted((2, "a"))
    assert (found.rule, found.refused, found.of) == ("a", 21, found.total)


@pytest.mark.usefixtures("redis_url")
async def test_what_comes_after_the_first_hundred_does_not_count() -> None:
    assert (await counted((80, ""), *[(0, "a")] * 20)).rule == ""
    assert (await counted(*[(0, "a")] * 50)) == RefusalCount(150)


@pytest.mark.usefixtures("redis_url")
async def test_the_hundredth_counts() -> None:
    assert (await counted((79, ""), *[(0, "a")] * 21)).rule == "a"


@pytest.mark.usefixtures("redis_url")
async def test_who_resumed_has_seen_it_and_anything_else_is_new() -> None:
    await counted(*[(0, "a")] * 5)
    await refusals.release(7)
    assert await counted(*[(0, "a")] * 50) == RefusalCount(50), "it counts anew, and the known one may come more often"
    assert (await counted((0, "a"))).rule == "a"
    await refusals.release(7)
    assert (await counted(*[(0, "b")] * 5)).rule == "b"


def test_a_beginning_reports_refusals_and_the_hundredth_outcome() -> None:
    first_messages = FirstMessages()
    assert not any(first_messages.note_accepted() for _ in range(3))
    assert first_messages.note_refused(UNKNOWN)
    assert first_messages.reporting, "nothing is taken until the others have answered"
    assert not first_messages.note_refused(SPAM), "a report is under way"
    assert first_messages.events == [(3, "unknown-user"), (0, "spam")]
    first_messages.events, first_messages.reporting = [], False
    first_messages.hear(RefusalCount(5))
    assert first_messages.is_open
    assert [n for n in range(95) if first_messages.note_accepted()] == [94]
    assert first_messages.events == [(95, "")]
    first_messages.hear(RefusalCount(100))
    assert (first_messages.is_open, first_messages.tripped) == (False, False)
    first_messages.hear(RefusalCount(30, "a", 21, 30))
    assert (first_messages.is_open, first_messages.tripped) == (False, True)


def test_a_refusal_without_a_rule_goes_by_its_reason() -> None:
    first_messages = FirstMessages()
    first_messages.note_refused(Result(Verdict.PERMANENT, Reason.MESSAGE_TOO_LARGE))
    assert first_messages.events == [(0, "message_too_large")]


@pytest.mark.parametrize("party", list(Party))
def test_the_sentence_fits_its_column_and_says_what_to_do(party: Party) -> None:
    words = "550 " + "x" * 496
    said = refusals.sentence(RefusalCount(100, "a", 100, 100), Result(Verdict.PERMANENT, response=words, party=party))
    assert len(said) <= 500
    assert said.startswith("100 of the first 100 messages were refused with the same answer: “550 xxx")
    assert "resume" in said


async def test_a_campaign_whose_first_messages_are_all_refused_stops_at_once(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    script = Script(connections=2)
    for n in range(200):
        script.answer(address(n), UNKNOWN)
    campaign_id = await campaign_of(scripts, 200, script)
    await launch(campaign_id)
    await drive(campaign_id)
    await asyncio.gather(*engine.tasks.running)
    found = await status_of(campaign_id)
    assert (found.status, found.pauser) == (CampaignStatus.PAUSED, Pauser.BRAKE)
    assert "5 of the first 5 messages were refused with the same answer" in found.status_reason
    assert UNKNOWN.response in found.status_reason
    counters = await factory.counters_of(campaign_id)
    assert 5 <= counters["failed"] <= 5 + script.connections
    await factory.assert_sound(campaign_id)


async def test_content_that_a_fifth_refuses_stops_too_and_nobody_beyond_is_asked(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    script = Script(connections=1)
    for n in range(0, 300, 4):
        script.answer(address(n), SPAM)
    campaign_id = await campaign_of(scripts, 300, script)
    await launch(campaign_id)
    await drive(campaign_id)
    await asyncio.gather(*engine.tasks.running)
    found = await status_of(campaign_id)
    assert found.status is CampaignStatus.PAUSED
    assert "21 of the first 81 messages" in found.status_reason
    assert (await factory.counters_of(campaign_id))["failed"] == 21


async def test_it_goes_on_when_a_person_says_so(engine: Engine, drive: Drive, scripts: dict[int, Script]) -> None:
    script = Script(connections=1)
    for n in range(20):
        script.answer(address(n), SPAM)
    campaign_id = await campaign_of(scripts, 60, script)
    await launch(campaign_id)
    await drive(campaign_id)
    await asyncio.gather(*engine.tasks.running)
    async with db.transaction() as session:
        await service.resume(session, SYSTEM, campaign_id)
    await drive(campaign_id)
    assert (await status_of(campaign_id)).status is CampaignStatus.COMPLETED
    assert await factory.counters_of(campaign_id) == {"failed": 20, "sent": 40, "total": 60}


async def test_greylisting_is_no_reason_to_stop(engine: Engine, drive: Drive, scripts: dict[int, Script]) -> None:
    script = Script()
    for n in range(50):
        script.answer(address(n), Result(Verdict.TEMPORARY, Reason.TEMPORARY, "451 4.7.1 greylisted", rule="greylist"))
    campaign_id = await campaign_of(scripts, 50, script)
    await launch(campaign_id)
    await drive(campaign_id)
    assert await factory.counters_of(campaign_id) == {"sent": 50, "total": 50}


async def test_a_stop_that_a_dead_worker_did_not_write_is_written_by_the_next(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    script = Script(connections=1)
    script.answer(address(0), UNKNOWN)
    campaign_id = await campaign_of(scripts, 30, script)
    await refusals.count(campaign_id, [(0, "unknown-user")] * 5)
    await launch(campaign_id)
    await drive(campaign_id)
    await asyncio.gather(*engine.tasks.running)
    assert (await status_of(campaign_id)).pauser is Pauser.BRAKE


async def test_an_account_that_works_again_resumes_nothing_of_this(scripts: dict[int, Script], engine: Engine) -> None:
    from campaign_app.core import clock
    from campaign_app.delivery.runtime import circuit

    campaign_id = await campaign_of(scripts, 5, Script())
    await launch(campaign_id)
    async with db.transaction() as session:
        await service.brake(session, campaign_id, "5 of the first 5")
        account = await session.get(SendingAccount, 1)
        assert account is not None
        account.circuit_failures, account.circuit_open_until = 1, datetime(2026, 1, 1, tzinfo=UTC)
        session.add(account)
    assert await circuit.try_again(clock.now()) == 1
    assert (await status_of(campaign_id)).status is CampaignStatus.PAUSED


async def test_sent_after_the_brake_are_in_one_state(engine: Engine, drive: Drive, scripts: dict[int, Script]) -> None:
    script = Script(connections=10)
    for n in range(40):
        script.answer(address(n), UNKNOWN)
    campaign_id = await campaign_of(scripts, 40, script)
    await launch(campaign_id)
    await drive(campaign_id)
    await asyncio.gather(*engine.tasks.running)
    rows = (await deliveries(campaign_id)).values()
    assert {row.status.value for row in rows} == {"failed", "pending"}
    assert all(row.attempts == (row.status.value == "failed") for row in rows)
    assert all((row.failed_at is not None) == (row.status.value == "failed") for row in rows)
