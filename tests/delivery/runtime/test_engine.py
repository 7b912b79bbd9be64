"""The engine on both databases: each recipient once, in one final state, whatever the server says."""

import asyncio
from datetime import UTC, datetime
from time import monotonic

import pytest
import sqlalchemy as sa

from campaign_app.channels.base import Outgoing, Result, Verdict
from campaign_app.core import clock, db
from campaign_app.core.actor import SYSTEM
from campaign_app.delivery import service
from campaign_app.delivery.runtime import circuit
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.delivery.runtime.lease_keeper import REGIONS
from campaign_app.models.campaign import Campaign, CampaignDomain, CampaignMinute, CampaignStatus
from campaign_app.models.delivery import Delivery, Lease, LeaseState, Reason
from campaign_app.models.suppression import SuppressionReason
from tests.delivery import factory
from tests.delivery.conftest import Drive, launch
from tests.delivery.scripted import Script

PAST = datetime(2026, 1, 1, tzinfo=UTC)


async def _campaign(scripts: dict[int, Script], count: int, script: Script | None = None, **values: object) -> int:
    account_id = await factory.account()
    scripts[account_id] = script or Script()
    return await factory.campaign(account_id, [await factory.audience(count)], **values)


async def _status(campaign_id: int) -> Campaign:
    async with db.reading() as session:
        found = await session.get(Campaign, campaign_id)
        assert found is not None
        return found


async def _deliveries(campaign_id: int) -> dict[str, Delivery]:
    async with db.reading() as session:
        rows = await session.execute(sa.select(Delivery).where(Delivery.campaign_id == campaign_id))
        return {row.address: row for row in rows.scalars()}


async def test_everybody_once(engine: Engine, drive: Drive, scripts: dict[int, Script]) -> None:
    script = Script()
    campaign_id = await _campaign(scripts, 1_203, script)
    await factory.suppress("person5@d2.example", SuppressionReason.COMPLAINED)
    await launch(campaign_id)
    await drive(campaign_id, campaign_id)
    assert await factory.counters_of(campaign_id) == {"sent": 1_202, "skipped": 1, "total": 1_203}
    await factory.assert_sound(campaign_id)
    assert set(script.accepted.values()) == {1}
    assert len(script.accepted) == 1_202
    campaign = await _status(campaign_id)
    assert campaign.status is CampaignStatus.COMPLETED
    rows = await _deliveries(campaign_id)
    assert rows["person5@d2.example"].reason is Reason.COMPLAINED
    sent = rows["person7@d1.example"]
    assert (sent.response, sent.attempts, sent.reason) == ("250 2.0.0 queued", 1, Reason.NONE)
    assert sent.sent_at is not None
    body = script.bodies["person7@d1.example"].decode()
    assert "Hello First7" in body
    assert "List-Unsubscribe: <http" in body
    async with db.reading() as session:
        minutes = (await session.execute(sa.select(sa.func.sum(CampaignMinute.sent)))).scalar_one()
        domains = (await session.execute(sa.select(sa.func.sum(CampaignDomain.sent)))).scalar_one()
        open_leases = await session.execute(sa.select(Lease).where(Lease.state != LeaseState.DONE))
    assert (minutes, domains) == (1_202, 1_202)
    assert open_leases.first() is None
    assert engine.leases.journal.free == REGIONS


async def test_what_servers_say(engine: Engine, drive: Drive, scripts: dict[int, Script]) -> None:
    script = Script()
    temporary = Result(Verdict.TEMPORARY, Reason.MAILBOX_FULL, "452 4.2.2 full")
    script.answer("person0@d0.example", temporary)
    script.answer("person1@d1.example", *[temporary] * 9)
    script.answer("person2@d2.example", Result(Verdict.PERMANENT, Reason.UNKNOWN_ADDRESS, "550 5.1.1 no such user"))
    script.answer("person3@d0.example", Result(Verdict.UNCERTAIN, Reason.CONNECTION_LOST))
    script.answer("person4@d1.example", Result(Verdict.NOT_TRIED), Result(Verdict.NOT_TRIED))
    campaign_id = await _campaign(scripts, 10, script)
    await launch(campaign_id)
    await drive(campaign_id)
    assert await factory.counters_of(campaign_id) == {"sent": 7, "failed": 2, "uncertain": 1, "total": 10}
    await factory.assert_sound(campaign_id)
    rows = await _deliveries(campaign_id)
    assert (rows["person0@d0.example"].attempts, rows["person0@d0.example"].status) == (2, "sent")
    used_up = rows["person1@d1.example"]
    assert (used_up.attempts, used_up.reason) == (3, Reason.RETRIES_USED_UP)
    assert used_up.response == "452 4.2.2 full"
    assert rows["person2@d2.example"].reason is Reason.UNKNOWN_ADDRESS
    assert rows["person3@d0.example"].reason is Reason.CONNECTION_LOST
    assert rows["person4@d1.example"].attempts == 1
    assert (await _status(campaign_id)).status is CampaignStatus.COMPLETED


async def test_messages_that_cannot_be_made_are_outcomes(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    campaign_id = await _campaign(scripts, 6, html="<p>{{ first_name }} {{ 10 // (company | length - 7) }}</p>")
    async with db.transaction() as session:
        await session.execute(sa.text("UPDATE contact SET first_name = '' WHERE email = 'person1@d1.example'"))
        await session.execute(sa.text("UPDATE contact SET company = 'Seven!!' WHERE email <> 'person2@d2.example'"))
        await session.execute(sa.text("UPDATE contact SET company = 'Other' WHERE email = 'person3@d0.example'"))
    await launch(campaign_id)
    async with db.transaction() as session:
        await session.execute(sa.text("DELETE FROM contact WHERE email = 'person4@d1.example'"))
    await factory.suppress("person5@d2.example")
    await drive(campaign_id)
    rows = await _deliveries(campaign_id)
    reasons = {address: row.reason for address, row in rows.items()}
    assert reasons["person1@d1.example"] is Reason.MISSING_VARIABLE
    assert rows["person1@d1.example"].response == "first_name"
    assert reasons["person0@d0.example"] is Reason.RENDER_ERROR
    assert rows["person3@d0.example"].status == "sent"
    assert reasons["person4@d1.example"] is Reason.CONTACT_DELETED
    assert reasons["person5@d2.example"] is Reason.UNSUBSCRIBED  # suppressed after the launch
    assert rows["person0@d0.example"].attempts == 0
    await factory.assert_sound(campaign_id)


async def test_pause_acts_within_one_message_and_resume_sends_the_rest(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    taken: list[int] = []

    def count(message: Outgoing) -> None:
        taken.append(message.key)
        if len(taken) == 300:
            engine.close_gate(campaign_id)  # what the control channel brings

    script = Script(connections=4, on_taken=count)
    campaign_id = await _campaign(scripts, 900, script)
    await launch(campaign_id)
    running = asyncio.create_task(engine.run_batch(campaign_id))
    await running
    assert len(taken) == 300
    async with db.transaction() as session:
        await service.pause(session, SYSTEM, campaign_id)
    await drive(campaign_id)
    assert await factory.counters_of(campaign_id) == {"sent": 300, "pending": 600, "total": 900}
    async with db.transaction() as session:
        await service.resume(session, SYSTEM, campaign_id)
    await drive(campaign_id)
    assert await factory.counters_of(campaign_id) == {"sent": 900, "total": 900}
    assert set(script.accepted.values()) == {1}
    await factory.assert_sound(campaign_id)


async def test_cancel_leaves_out_the_rest_and_counts_what_was_under_way(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    script = Script(connections=5, delay_s=0.02)
    campaign_id = await _campaign(scripts, 2_000, script)
    await launch(campaign_id)
    running = asyncio.create_task(engine.run_batch(campaign_id))
    await script.accepts(20)
    async with db.transaction() as session:
        await service.cancel(session, SYSTEM, campaign_id)
    engine.close_gate(campaign_id)
    await running
    async with asyncio.timeout(5):
        while engine.registry.in_flight:  # noqa: ASYNC110  (the last answers are on their way)
            await asyncio.sleep(0.01)
    await drive(campaign_id)
    assert await engine.writer.settle(5.0)
    counters = await factory.counters_of(campaign_id)
    sent = sum(script.accepted.values())
    assert counters == {"sent": sent, "skipped": 2_000 - sent, "total": 2_000}
    await factory.assert_sound(campaign_id)
    assert (await _status(campaign_id)).status is CampaignStatus.CANCELLED


async def test_an_account_that_does_not_work_pauses_its_campaigns_and_spends_no_attempt(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    refused = Result(Verdict.NOT_TRIED, Reason.ACCOUNT, "535 log-in refused", account_trouble=True)
    script = Script(connections=1, works=False)
    for n in range(20):
        script.answer(f"person{n}@d{n % 3}.example", *[refused] * 5)
    campaign_id = await _campaign(scripts, 20, script)
    await launch(campaign_id)
    await drive(campaign_id)
    campaign = await _status(campaign_id)
    assert campaign.status is CampaignStatus.PAUSED
    assert "535 log-in refused" in campaign.status_reason
    assert await factory.counters_of(campaign_id) == {"pending": 20, "total": 20}
    assert await circuit.try_again(clock.now()) == 0  # its time has not come
    await _circuit_due(campaign)
    assert await circuit.try_again(clock.now()) == 0  # tested, still refused: waits longer
    script.works, script.answers = True, {}
    await _circuit_due(campaign)
    assert await circuit.try_again(clock.now()) == 1
    await drive(campaign_id)
    assert await factory.counters_of(campaign_id) == {"sent": 20, "total": 20}
    assert all(row.attempts == 1 for row in (await _deliveries(campaign_id)).values())


async def _circuit_due(campaign: Campaign) -> None:
    async with db.transaction() as session:
        await session.execute(
            sa.text("UPDATE sending_account SET circuit_open_until = :at WHERE id = :id"),
            {"at": PAST if db.is_postgres() else f"{PAST:%Y-%m-%d %H:%M:%S.%f}", "id": campaign.account_id},
        )


async def test_a_worker_that_lost_its_lease_stops_and_changes_nothing(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    script = Script(connections=2)
    script.answer("person0@d0.example", None)
    script.answer("person1@d1.example", None)  # both connections wait
    campaign_id = await _campaign(scripts, 30, script)
    await launch(campaign_id)
    running = asyncio.create_task(engine.run_batch(campaign_id))
    await script.keeps_waiting(2)
    async with db.transaction() as session:
        await session.execute(sa.text("UPDATE lease SET epoch = epoch + 1, state = 'open'"))
        await session.execute(sa.text("UPDATE delivery SET status = 'uncertain' WHERE address = 'person0@d0.example'"))
        await session.execute(sa.text("UPDATE campaign_counter SET uncertain = 1, pending = pending - 1"))
    engine.writer._beat_due = 0.0
    engine.writer._wake.set()
    await running
    queue = next(iter(engine.registry.queues.values()))
    for key in list(queue.sender.open):  # type: ignore[union-attr]
        queue.settled(key, Result(Verdict.ACCEPTED, response="250 late"))
    assert await engine.writer.settle(5.0)
    rows = await _deliveries(campaign_id)
    assert rows["person0@d0.example"].status == "sent"  # what had become uncertain is known after all
    assert rows["person1@d1.example"].status == "pending"  # another worker may have it
    await factory.assert_sound(campaign_id)


async def _both_ready(engine: Engine, *campaigns: int) -> None:
    def ready(campaign_id: int) -> bool:
        runner, now = engine.registry.runners.get(campaign_id), monotonic()
        return runner is not None and runner.wants > 0 and runner.slots.next_at(now) is not None

    async with asyncio.timeout(20):
        while not all(ready(campaign_id) for campaign_id in campaigns):  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # claims run in slices of their own


async def test_priorities_share_and_nobody_starves(engine: Engine, drive: Drive, scripts: dict[int, Script]) -> None:
    account_id = await factory.account()
    script = scripts[account_id] = Script(connections=0)
    first = await factory.campaign(account_id, [await factory.audience(200, "urgent")], priority=3)
    second = await factory.campaign(account_id, [await factory.audience(200, "normal")], priority=5)
    await launch(first)
    await launch(second)
    running = asyncio.create_task(drive(first, second))
    await _both_ready(engine, first, second)
    script.connections = 1
    engine.registry.queues[account_id].wake()
    await running
    urgent = sum(address.startswith("urgent") for address in script.order[:100])
    assert 75 <= urgent <= 85  # four turns to one
    assert set(script.accepted.values()) == {1}


async def test_a_slow_account_does_not_hold_up_a_fast_one(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    slow = await _campaign(scripts, 5, Script(connections=1, delay_s=0.3))
    fast_account = await factory.account()
    scripts[fast_account] = Script(connections=5)
    fast = await factory.campaign(fast_account, [await factory.audience(500, "fast")])
    await launch(slow)
    await launch(fast)
    waiting = asyncio.create_task(drive(slow))
    await drive(fast)
    assert (await factory.counters_of(fast))["sent"] == 500
    assert (await factory.counters_of(slow)).get("sent", 0) < 5
    await waiting


async def test_draining_gives_everything_back(engine: Engine, scripts: dict[int, Script]) -> None:
    script = Script(connections=3, delay_s=0.01)
    script.answer("person0@d0.example", None)
    campaign_id = await _campaign(scripts, 1_000, script)
    await launch(campaign_id)
    running = asyncio.create_task(engine.run_batch(campaign_id))
    await script.accepts(10)
    assert await engine.drain(0.3)
    again = await running
    assert again.at is not None
    counters = await factory.counters_of(campaign_id)
    assert counters["sent"] == sum(script.accepted.values())
    assert counters["uncertain"] == 1
    async with db.reading() as session:
        held = await session.execute(sa.select(Lease).where(Lease.state == LeaseState.HELD))
        assert held.first() is None
    await factory.assert_sound(campaign_id)


@pytest.mark.parametrize("rate", [600])
async def test_a_rate_is_kept(engine: Engine, drive: Drive, scripts: dict[int, Script], rate: int) -> None:
    script = Script()
    campaign_id = await _campaign(scripts, 30, script, rate_per_minute=rate)
    await launch(campaign_id)
    started = asyncio.get_running_loop().time()
    await drive(campaign_id)
    spent = asyncio.get_running_loop().time() - started
    assert spent >= 0.95 * 29 * 60 / rate
    assert sum(script.accepted.values()) == 30


async def test_a_limited_account_is_shared_by_priority(
    engine: Engine, drive: Drive, scripts: dict[int, Script]
) -> None:
    account_id = await factory.account(limit_per_minute=6_000)
    script = scripts[account_id] = Script(connections=0)
    first = await factory.campaign(account_id, [await factory.audience(90, "urgent")], priority=4)
    second = await factory.campaign(account_id, [await factory.audience(90, "normal")], priority=5)
    await launch(first)
    await launch(second)
    running = asyncio.create_task(drive(first, second))
    await _both_ready(engine, first, second)
    script.connections = 10
    engine.registry.queues[account_id].wake()
    await running
    both = script.order[20:125]
    urgent = sum(address.startswith("urgent") for address in both)
    assert 62 <= urgent <= 78  # two to one
    assert set(script.accepted.values()) == {1}
