"""Addresses that servers refuse because they do not exist are suppressed, but not those of a burst that brakes."""

import asyncio

import pytest
import sqlalchemy as sa

from campaign_app.audience import suppression
from campaign_app.channels.base import Party, Result, Verdict
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM
from campaign_app.delivery import service
from campaign_app.delivery.runtime.campaign_runner import CampaignRunner
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.models.campaign import CampaignStatus
from campaign_app.models.delivery import Reason
from campaign_app.models.suppression import Suppression, SuppressionReason
from campaign_app.workspace import service as workspace
from tests.delivery import factory
from tests.delivery.conftest import Drive, launch
from tests.delivery.runtime.test_push_back import address, campaign_of, status_of
from tests.delivery.scripted import Script

UNKNOWN = Result(
    Verdict.PERMANENT, Reason.UNKNOWN_ADDRESS, "550 5.1.1 user unknown", party=Party.RECIPIENT, rule="unknown-user"
)
FULL = Result(Verdict.PERMANENT, Reason.MAILBOX_FULL, "552 5.2.2 full", party=Party.RECIPIENT, rule="mailbox-full")
POLICY = Result(Verdict.PERMANENT, Reason.POLICY, "550 5.7.1 no", party=Party.SERVER, rule="policy")


async def suppressed() -> dict[str, Suppression]:
    async with db.reading() as session:
        return {row.address: row for row in (await session.execute(sa.select(Suppression))).scalars()}


async def run(engine: Engine, drive: Drive, campaign_id: int) -> None:
    await launch(campaign_id)
    await drive(campaign_id)
    await asyncio.gather(*engine.tasks.running)


@pytest.mark.parametrize("count", [40, 400])
async def test_who_does_not_exist_is_suppressed_and_nobody_else(
    engine: Engine, drive: Drive, scripts: dict[int, Script], count: int
) -> None:
    script = Script()
    dead = {address(n) for n in range(7, count, 20)}
    for one in dead:
        script.answer(one, UNKNOWN)
    script.answer(address(8), FULL)
    script.answer(address(9), POLICY)
    campaign_id = await campaign_of(scripts, count, script)
    await run(engine, drive, campaign_id)
    found = await suppressed()
    assert found.keys() == dead
    one = found[address(7)]
    assert (one.reason, one.note, one.campaign_id) == (SuppressionReason.BOUNCED, UNKNOWN.response, campaign_id)


async def test_they_are_suppressed_while_a_long_campaign_still_runs(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    script = Script(connections=1)
    script.answer(address(3), UNKNOWN)
    script.answer(address(150), UNKNOWN)
    script.answer(address(199), None)
    campaign_id = await campaign_of(scripts, 200, script)
    await launch(campaign_id)
    sending = asyncio.create_task(engine.run_batch(campaign_id))
    await script.keeps_waiting(1)
    async with asyncio.timeout(20):
        while len(found := await suppressed()) < 2:
            await asyncio.gather(*engine.tasks.running - {sending}, return_exceptions=True)
    assert found.keys() == {address(3), address(150)}
    assert (await status_of(campaign_id)).status is CampaignStatus.RUNNING
    await engine.drain(0.1)
    await sending


async def test_a_server_that_knows_nobody_suppresses_nobody_even_when_it_is_mended_and_the_campaign_ends(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    script = Script(connections=4)
    for n in range(60):
        script.answer(address(n), UNKNOWN)
    campaign_id = await campaign_of(scripts, 60, script)
    await run(engine, drive, campaign_id)
    assert (await status_of(campaign_id)).status is CampaignStatus.PAUSED
    assert await suppressed() == {}
    script.answers = {address(59): script.answers[address(59)]}
    async with db.transaction() as session:
        await service.resume(session, SYSTEM, campaign_id)
    await drive(campaign_id)
    await asyncio.gather(*engine.tasks.running)
    assert (await status_of(campaign_id)).status is CampaignStatus.COMPLETED
    assert (await suppressed()).keys() == {address(59)}, "only who was refused after the person had looked"


async def test_cancelled_after_the_brake_nobody_is_suppressed(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    script = Script(connections=1)
    for n in range(20):
        script.answer(address(n), UNKNOWN)
    campaign_id = await campaign_of(scripts, 20, script)
    await run(engine, drive, campaign_id)
    async with db.transaction() as session:
        await service.cancel(session, SYSTEM, campaign_id)
    assert await suppressed() == {}


async def test_cancelled_by_a_person_what_is_known_counts(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    script = Script(connections=1)
    script.answer(address(0), UNKNOWN)
    script.answer(address(5), None)
    campaign_id = await campaign_of(scripts, 20, script)
    await launch(campaign_id)
    sending = asyncio.create_task(engine.run_batch(campaign_id))
    await script.keeps_waiting(1)
    await engine.drain(0.1)
    await sending
    async with db.transaction() as session:
        await service.cancel(session, SYSTEM, campaign_id)
    assert (await suppressed()).keys() == {address(0)}


async def test_a_workspace_may_not_want_it(engine: Engine, drive: Drive, scripts: dict[int, Script]) -> None:
    script = Script()
    script.answer(address(3), UNKNOWN)
    campaign_id = await campaign_of(scripts, 30, script)
    await launch(campaign_id)
    async with db.transaction() as session:
        await workspace.update(session, SYSTEM, suppress_refused=False)
    await drive(campaign_id)
    await asyncio.gather(*engine.tasks.running)
    assert await suppressed() == {}


async def test_a_repetition_changes_nothing_and_a_stronger_reason_stays(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    script = Script()
    for n in (3, 4):
        script.answer(address(n), UNKNOWN)
    campaign_id = await campaign_of(scripts, 30, script)
    await run(engine, drive, campaign_id)
    async with db.transaction() as session:
        assert await suppression.add_refused(session, campaign_id) == 0
        await suppression.add(session, SYSTEM, address(3), SuppressionReason.COMPLAINED)
        await suppression.remove(session, SYSTEM, address(4))
        await suppression.add(session, SYSTEM, address(4), SuppressionReason.MANUAL)
        assert await suppression.add_refused(session, campaign_id) == 1
    found = await suppressed()
    assert found[address(3)].reason is SuppressionReason.COMPLAINED
    assert found[address(4)].reason is SuppressionReason.BOUNCED


async def test_what_a_dead_worker_had_not_suppressed_is_found_at_the_end(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    script = Script()
    script.answer(address(3), UNKNOWN)
    campaign_id = await campaign_of(scripts, 30, script)
    await launch(campaign_id)
    lost = await engine.registry.get(campaign_id)
    assert isinstance(lost, CampaignRunner)
    await drive(campaign_id)
    assert lost.first_messages.dead == [3 + 1], "never handed on by this worker: the campaign's end did it"
    assert (await suppressed()).keys() == {address(3)}
    await factory.assert_sound(campaign_id)
