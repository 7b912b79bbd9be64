"""Launch, pause, resume, cancel, schedule, decide: what people and the clock do, on both databases."""

import asyncio
import itertools
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from campaign_app.campaigns.errors import CampaignNotFound
from campaign_app.core import clock, db, queue, rate_limit, redis
from campaign_app.core.actor import SYSTEM, Actor
from campaign_app.core.errors import Conflict, Forbidden
from campaign_app.delivery import service
from campaign_app.delivery.errors import (
    AccountNotConnected,
    AlreadyRunning,
    CannotStart,
    EmptyAudience,
    NothingToSend,
)
from campaign_app.delivery.reporting import recipient_queries
from campaign_app.kit.transitions import NotAllowed
from campaign_app.models.audit import AuditEntry
from campaign_app.models.campaign import Campaign, CampaignActivity, CampaignLink, CampaignStatus, LatePolicy, Pauser
from campaign_app.models.contact import Contact
from campaign_app.models.delivery import Delivery, DeliveryStatus, Lease, LeaseState, Reason
from campaign_app.models.suppression import SuppressionReason
from campaign_app.rendering.errors import TemplateInvalid
from tests.channels.accounts import smtp_row
from tests.conftest import count_rows
from tests.delivery import factory
from tests.delivery.conftest import launch
from tests.settled import settle

pytestmark = pytest.mark.usefixtures("redis_url", "database")


async def _ready(count: int = 7, **values: Any) -> int:
    return await factory.campaign(await factory.account(), [await factory.audience(count)], **values)


async def _get(campaign_id: int) -> Campaign:
    async with db.reading() as session:
        found = await session.get(Campaign, campaign_id)
        assert found is not None
        return found


async def test_a_launch_freezes_everything() -> None:
    campaign_id = await _ready(1_205)
    for n, reason in enumerate(SuppressionReason):
        await factory.suppress(f"person{n}@d{n % 3}.example", reason)
    async with db.transaction() as session:
        await session.execute(sa.text("UPDATE contact SET email = '', domain = '' WHERE identity LIKE 'person10@%'"))
        await session.execute(sa.text("UPDATE contact SET email = 'broken' WHERE identity LIKE 'person11@%'"))
        plan = await service.launch(session, SYSTEM, campaign_id)
    assert (plan.total, plan.pending, plan.skipped) == (1_205, 1_199, 6)
    assert await factory.counters_of(campaign_id) == {"pending": 1_199, "skipped": 6, "total": 1_205}
    await factory.assert_sound(campaign_id)
    async with db.reading() as session:
        skipped = (await session.execute(sa.select(Delivery.reason).where(Delivery.status == "skipped"))).scalars()
        assert sorted(skipped) == sorted(
            [
                Reason.UNSUBSCRIBED,
                Reason.SUPPRESSED_BOUNCED,
                Reason.COMPLAINED,
                Reason.SUPPRESSED_MANUAL,
                Reason.NO_ADDRESS,
                Reason.ADDRESS_INVALID,
            ]
        )
        leases = list((await session.execute(sa.select(Lease).order_by(Lease.first_id))).scalars())
        urls = list((await session.execute(sa.select(CampaignLink.url))).scalars())
        sizes = [await _pending_in(session, lease) for lease in leases]
    assert sizes == [500, 500, 199]
    assert all(before.last_id < after.first_id for before, after in itertools.pairwise(leases))
    assert urls == ["https://shop.example/a"]
    campaign = await _get(campaign_id)
    assert campaign.status is CampaignStatus.RUNNING
    assert campaign.launched_at is not None
    assert await redis.client().zcard(queue.SEND) == 1


async def _pending_in(session: Any, lease: Lease) -> int:
    statement = sa.select(sa.func.count()).where(
        Delivery.id.between(lease.first_id, lease.last_id),  # type: ignore[union-attr]
        Delivery.status == DeliveryStatus.PENDING,
    )
    return int((await session.execute(statement)).scalar_one())


async def test_a_double_click_launches_once() -> None:
    campaign_id = await _ready(50)
    results = await asyncio.gather(*(launch(campaign_id) for _ in range(4)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["AlreadyRunning"] * 3 + ["NoneType"]
    assert await count_rows("delivery") == 50
    assert await redis.client().zcard(queue.SEND) == 1


async def test_what_stops_a_launch_is_said_and_leaves_nothing() -> None:
    account_id, people = await factory.account(), [await factory.audience(2)]
    cases = [
        (await factory.campaign(None, people), AccountNotConnected, "not connected"),
        (await factory.campaign(await factory.account(is_active=False), people), AccountNotConnected, "switched off"),
        (await factory.campaign(account_id, []), EmptyAudience, "empty"),
        (await factory.campaign(account_id, people, subject=" "), NothingToSend, "no subject"),
        (await factory.campaign(account_id, people, html=""), NothingToSend, "no message"),
        (
            await factory.campaign(account_id, people, html="{{ broken"),
            TemplateInvalid,
            "template|close|expected|block|end",
        ),
        (
            await factory.campaign(account_id, people, status=CampaignStatus.COMPLETED),
            CannotStart,
            "Cannot start campaign with status completed",
        ),
        (await factory.campaign(account_id, people, status=CampaignStatus.RUNNING), AlreadyRunning, "already running"),
        (999_999, CampaignNotFound, "does not exist"),
    ]
    for campaign_id, error, words in cases:
        with pytest.raises(error, match=words):
            await launch(campaign_id)
    assert await count_rows("delivery") == 0
    assert await count_rows("lease") == 0
    assert (await _get(cases[2][0])).status is CampaignStatus.DRAFT


async def test_permissions() -> None:
    campaign_id = await _ready()
    viewer = Actor(7, "Vera", "v@example.com", "viewer", frozenset({"campaigns:read"}))
    for act in (service.launch, service.pause, service.resume, service.cancel):
        with pytest.raises(Forbidden):
            async with db.transaction() as session:
                await act(session, viewer, campaign_id)  # type: ignore[operator]
    with pytest.raises(Forbidden):
        async with db.transaction() as session:
            await service.resolve_uncertain(session, viewer, campaign_id, "sent")


async def test_pause_closes_the_gate_and_resume_opens_it() -> None:
    campaign_id = await _ready()
    await launch(campaign_id)
    person = Actor(7, "Ines Keller", "i@example.com", "owner", frozenset({"*"}))
    async with db.transaction() as session:
        await service.pause(session, person, campaign_id)
    assert await redis.client().exists(rate_limit.gate_key(campaign_id)) == 1
    paused = await _get(campaign_id)
    assert (paused.status, paused.paused_by, paused.pauser) == (CampaignStatus.PAUSED, "Ines Keller", Pauser.PERSON)
    with pytest.raises(NotAllowed):
        async with db.transaction() as session:
            await service.pause(session, person, campaign_id)
    async with db.transaction() as session:
        await service.launch(session, person, campaign_id)  # start from paused is to resume
    assert await redis.client().exists(rate_limit.gate_key(campaign_id)) == 0
    assert (await _get(campaign_id)).status is CampaignStatus.RUNNING
    assert await count_rows("delivery") == 7
    async with db.reading() as session:
        kinds = (await session.execute(sa.select(CampaignActivity.kind).order_by(CampaignActivity.id))).scalars()
        assert list(kinds) == ["start", "pause", "resume"]
        actions = (await session.execute(sa.select(AuditEntry.action).order_by(AuditEntry.id))).scalars()
        assert list(actions) == ["campaign.start", "campaign.pause", "campaign.resume"]


async def test_cancel_spares_what_a_worker_has_in_hand() -> None:
    campaign_id = await _ready(1_100)
    await launch(campaign_id)
    async with db.transaction() as session:
        first = (await session.execute(sa.select(Lease).order_by(Lease.id).limit(1))).scalar_one()
        first.state, first.epoch = LeaseState.HELD, 1
        session.add(first)
    async with db.transaction() as session:
        assert await service.cancel(session, SYSTEM, campaign_id) == 600
    assert await factory.counters_of(campaign_id) == {"pending": 500, "skipped": 600, "total": 1_100}
    await factory.assert_sound(campaign_id)


async def test_uncertain_recipients_wait_for_a_decision() -> None:
    for decision, status in (("sent", "sent"), ("failed", "failed"), ("requeue", "pending")):
        campaign_id, ids = await factory.ledger_rows([DeliveryStatus.UNCERTAIN] * 3 + [DeliveryStatus.SENT])
        async with db.transaction() as session:
            campaign = await session.get(Campaign, campaign_id)
            assert campaign is not None
            campaign.status, campaign.account_id = CampaignStatus.COMPLETED, await _account_in(session)
            session.add(campaign)
            session.add(
                Lease(
                    campaign_id=campaign_id,
                    first_id=ids[0],
                    last_id=ids[-1],
                    state=LeaseState.DONE,
                    available_at=factory.AT,
                )
            )
        async with db.transaction() as session:
            assert await service.resolve_uncertain(session, SYSTEM, campaign_id, decision) == 3  # type: ignore[arg-type]
        assert (await factory.counters_of(campaign_id))[status] == (4 if decision == "sent" else 3)
        await factory.assert_sound(campaign_id)
        running = (await _get(campaign_id)).status is CampaignStatus.RUNNING
        assert running is (decision == "requeue")


async def _account_in(session: Any) -> int:

    await settle(session)
    row = smtp_row(name="A", host="h", port=25, from_address="a@b.example")
    session.add(row)
    await session.flush()
    return int(row.id or 0)


async def test_nothing_of_a_cancelled_campaign_is_sent_again() -> None:
    campaign_id, _ = await factory.ledger_rows([DeliveryStatus.UNCERTAIN])
    async with db.transaction() as session:
        await session.execute(sa.update(Campaign).values(status=CampaignStatus.CANCELLED))
    with pytest.raises(Conflict, match="cancelled"):
        async with db.transaction() as session:
            await service.resolve_uncertain(session, SYSTEM, campaign_id, "requeue")


async def test_the_schedule_starts_what_is_due_and_asks_about_what_is_late() -> None:
    at = clock.now()
    account_id, people = await factory.account(), [await factory.audience(3)]

    async def scheduled(minutes: float, **values: Any) -> int:
        values = {"account_id": account_id, "lists": people} | values
        send_at = at + timedelta(minutes=minutes)
        lists, account = values.pop("lists"), values.pop("account_id")
        return await factory.campaign(account, lists, status=CampaignStatus.SCHEDULED, send_at=send_at, **values)

    due = await scheduled(-1)
    early = await scheduled(5)
    late = await scheduled(-60)
    held = await scheduled(-60, late_policy=LatePolicy.PAUSE)
    no_account = await scheduled(-1, account_id=None)
    empty = await scheduled(-1, lists=[])
    await service.start_scheduled(at)
    await service.start_scheduled(at)
    statuses = {name: await _get(found) for name, found in {"due": due, "early": early, "late": late}.items()}
    assert [campaign.status for campaign in statuses.values()] == ["running", "scheduled", "running"]
    waiting = await _get(held)
    assert waiting.status is CampaignStatus.PAUSED
    assert "passed 1 h ago" in waiting.status_reason
    assert (await _get(no_account)).status is CampaignStatus.PAUSED
    failed = await _get(empty)
    assert failed.status is CampaignStatus.FAILED
    assert "empty" in failed.status_reason
    async with db.transaction() as session:
        await service.resume(session, SYSTEM, held)
    assert (await factory.counters_of(held))["pending"] == 3


async def test_the_recipients_table() -> None:
    campaign_id = await _ready(230)
    await factory.suppress("person3@d0.example")
    await launch(campaign_id)
    async with db.reading() as session:
        pages, cursor = [], ""
        while True:
            page = await recipient_queries.recipients(session, SYSTEM, campaign_id, cursor=cursor, limit=100)
            pages.append([row.address for row in page.rows])
            if page.next_cursor is None:
                break
            cursor = page.next_cursor
        back = await recipient_queries.recipients(
            session, SYSTEM, campaign_id, cursor=page.previous_cursor or "", limit=100
        )
        assert [len(found) for found in pages] == [100, 100, 30]
        assert [row.address for row in back.rows] == pages[1]
        assert len({address for found in pages for address in found}) == 230
        skipped = await recipient_queries.recipients(session, SYSTEM, campaign_id, status="skipped")
        assert [(row.address, row.reason, row.name) for row in skipped.rows] == [
            ("person3@d0.example", Reason.UNSUBSCRIBED, "First3 Last3")
        ]
        pending = await recipient_queries.recipients(session, SYSTEM, campaign_id, status="pending", limit=100)
        assert len(pending.rows) == 100
        assert pending.next_cursor is not None
        for text in ("person22", "First22", "last22"):
            found = await recipient_queries.recipients(session, SYSTEM, campaign_id, search=text)
            assert {row.address.partition("@")[0] for row in found.rows} == {"person22"} | {
                f"person22{n}" for n in range(10)
            }
        none = await recipient_queries.recipients(session, SYSTEM, campaign_id, search="nobody@d0.example")
        assert none.rows == []
        both = await recipient_queries.recipients(
            session, SYSTEM, campaign_id, search="person3@d0.example", status="sent,skipped"
        )
        assert len(both.rows) == 1


async def test_why_names_the_rule_that_stopped_it() -> None:
    campaign_id = await _ready(3)
    await factory.suppress("person1@d1.example")
    await launch(campaign_id)
    async with db.transaction() as session:
        await session.execute(
            sa.update(Delivery)
            .where(Delivery.address == "person0@d0.example")
            .values(status=DeliveryStatus.SENT, attempts=1)
        )
        await session.execute(sa.delete(Contact).where(Contact.email == "person0@d0.example"))  # type: ignore[arg-type]
    async with db.reading() as session:
        gone = await recipient_queries.recipients(session, SYSTEM, campaign_id, search="person0@d0.example")
        assert [row.status.value for row in gone.rows] == ["sent"]  # the contact was deleted since
        rows = (await recipient_queries.recipients(session, SYSTEM, campaign_id)).rows
        answers = {row.address: await recipient_queries.why(session, SYSTEM, row.id) for row in rows}
    sent, skipped, waiting = (answers[f"person{n}@d{n}.example"] for n in range(3))
    assert sent.rules[-1].title == "The receiving server accepted the message"
    assert sent.message_id.endswith("@shop.example>")
    assert (skipped.rules[-1].verdict, skipped.rules[-1].title) == ("stopped", "Unsubscribed")
    assert skipped.message_id == ""
    assert (waiting.rules[-1].verdict, waiting.rules[-1].title) == ("waiting", "In line to be sent")
