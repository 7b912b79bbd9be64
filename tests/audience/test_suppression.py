"""Suppression, audiences and a contact's timeline."""

from datetime import datetime, timedelta

import pytest

from campaign_app.audience import audiences, exports, repository, segment_service, service, suppression
from campaign_app.audience.errors import SegmentNotFound, SuppressionNotFound
from campaign_app.audience.schemas import ContactInput, ContactQuery, SegmentInput
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM, Actor
from campaign_app.core.clock import now
from campaign_app.core.errors import Invalid
from campaign_app.models.campaign import Campaign, CampaignLink
from campaign_app.models.delivery import Delivery, DeliveryEvent, DeliveryStatus, EventKind, Reason
from campaign_app.models.suppression import SuppressionReason
from campaign_app.models.user import Role
from tests.audience.people import add, add_many
from tests.conftest import MakeActor, count_rows

pytestmark = pytest.mark.usefixtures("redis_url")
R = SuppressionReason


@pytest.fixture
async def actor(database: str, make_actor: MakeActor) -> Actor:
    return await make_actor(Role.MARKETER)


@pytest.mark.parametrize("first", list(R))
@pytest.mark.parametrize("second", list(R))
async def test_the_strongest_reason_stays(sqlite_database: str, first: R, second: R) -> None:
    await _strongest(first, second)


async def test_the_strongest_reason_stays_on_postgresql(postgres_database: str) -> None:
    for first in R:
        for second in R:
            await _strongest(first, second, f"{first}-{second}@example.com")


async def _strongest(first: R, second: R, address: str = "a@example.com") -> None:
    strength = suppression.STRENGTH
    async with db.transaction() as session:
        assert await suppression.add(session, SYSTEM, address.upper(), first, "one")
        changed = await suppression.add(session, SYSTEM, address, second, "two")
        found = await repository.reasons_for(session, [address])
    assert changed == (strength[second] > strength[first])
    assert found == {address: max(first, second, key=strength.__getitem__)}


async def test_added_by_hand_and_pasted(actor: Actor) -> None:
    async with db.transaction() as session:
        with pytest.raises(Invalid) as raised:
            await suppression.add(session, actor, "two@@example.com", R.MANUAL)
        assert "address" in raised.value.fields
        pasted = await suppression.add_text(
            session,
            actor,
            "E-Mail;Name\nA@Example.com; Anna\n<b@example.com>, c@bücher.example.com\nbad@@x\n+49 151 20004895\n",
        )
        assert (pasted.added, pasted.already, pasted.invalid) == (4, 0, ["bad@@x"])
        again = await suppression.add_text(session, actor, "a@example.com\r\nd@example.com\r\n")
        assert (again.added, again.already) == (1, 1)
    assert await count_rows("suppression") == 5
    assert await count_rows("audit_entry") == 2


async def test_search_pages_and_removing(actor: Actor) -> None:
    async with db.transaction() as session:
        for n in range(7):
            await suppression.add(session, actor, f"p{n}@example.com", R.MANUAL if n % 2 else R.BOUNCED)
    async with db.transaction() as session:
        page = await suppression.search(session, actor, limit=3)
        assert (len(page.rows), page.total, page.previous_cursor) == (3, 7, None)
        second = await suppression.search(session, actor, limit=3, cursor=page.next_cursor or "")
        back = await suppression.search(session, actor, limit=3, cursor=second.previous_cursor or "")
        assert [row.id for row in back.rows] == [row.id for row in page.rows]
        assert (await suppression.search(session, actor, text="P3@", reason=R.MANUAL)).total == 1
        assert await suppression.counts(session, actor) == {R.MANUAL: 3, R.BOUNCED: 4}
        await suppression.remove(session, actor, "P3@example.com")
        with pytest.raises(SuppressionNotFound):
            await suppression.remove(session, actor, "p3@example.com")
        text = b"".join([piece async for piece in exports.suppressions(session, actor)]).decode("utf-8-sig")
    assert text.count("\r\n") == 7


async def test_audiences_count_and_find_their_people(actor: Actor) -> None:
    ids = await add_many(actor, 8)
    phone = await add(actor, phone="+4915120004895", first_name="Phone")
    async with db.transaction() as session:
        everyone = await service.create_list(session, actor, "Everyone")
        out = await service.create_list(session, actor, "Out")
        await service.bulk_list(session, actor, [*ids, phone.id], everyone.id)
        await service.bulk_list(session, actor, ids[:2], out.id)
        rules = {"field": "last_name", "op": "in", "value": ["7", "6"]}
        segment = await segment_service.create(session, actor, SegmentInput(name="S", rules=rules))
        await suppression.add(session, SYSTEM, "person5@example.com", R.UNSUBSCRIBED)
        await suppression.add(session, SYSTEM, "person0@example.com", R.BOUNCED)
    audience = {"lists": [everyone.id], "exclude_lists": [out.id], "exclude_segments": [segment.id]}
    async with db.reading() as session:
        counted = await audiences.count(session, audience)
        assert (counted.total, counted.reachable, counted.no_address) == (5, 3, 1)
        assert counted.suppressed == {R.UNSUBSCRIBED: 1}
        rows = (await session.execute(await audiences.recipients_query(session, audience))).all()
        assert sorted(row.id for row in rows) == sorted([*ids[2:6], phone.id])
        assert (await audiences.count(session, {"everyone": True})).total == 9
        assert (await audiences.count(session, {"segments": [segment.id]})).reachable == 2
        assert (await audiences.count(session, {})).total == 0
        sample = await service.sample_contacts(session, audience, "pers 4")
        assert [one.name for one in sample] == ["Person 4"]
        assert len(await service.sample_contacts(session, {}, limit=3)) == 3
        with pytest.raises(SegmentNotFound):
            await audiences.count(session, {"segments": [999]})
        filtered = await service.list_contacts(session, actor, ContactQuery(segment_id=segment.id))
        assert filtered.total == 2


async def _one_sent_one_skipped(contact_id: int, at: datetime) -> None:
    """One campaign opened by a scanner and clicked by a person, and one that skipped the contact."""
    async with db.transaction() as session:
        campaign = Campaign(name="Restock", subject="Hello")
        session.add(campaign)
        await session.flush()
        assert campaign.id
        session.add(CampaignLink(campaign_id=campaign.id, position=0, url="https://example.com/x"))
        sent = Delivery(
            campaign_id=campaign.id,
            contact_id=contact_id,
            status=DeliveryStatus.SENT,
            updated_at=at,
            sent_at=at + timedelta(seconds=1),
            opened_at=at + timedelta(seconds=2),
        )
        session.add(sent)
        await session.flush()
        for seconds, kind, machine in ((2, EventKind.OPEN, "Mail scanner"), (3, EventKind.CLICK, "")):
            session.add(
                DeliveryEvent(
                    delivery_id=sent.id or 0,
                    campaign_id=campaign.id,
                    contact_id=contact_id,
                    kind=kind,
                    at=at + timedelta(seconds=seconds),
                    link=0 if kind == EventKind.CLICK else None,
                    machine=machine,
                )
            )
        skipped = Campaign(name="Later")
        session.add(skipped)
        await session.flush()
        session.add(
            Delivery(
                campaign_id=skipped.id or 0,
                contact_id=contact_id,
                status=DeliveryStatus.SKIPPED,
                reason=Reason.UNSUBSCRIBED,
                updated_at=at + timedelta(seconds=9),
            )
        )


async def test_the_timeline_tells_messages_events_changes_and_suppression(actor: Actor) -> None:
    made = await add(actor, email="a@example.com")
    await _one_sent_one_skipped(made.id, now())
    async with db.transaction() as session:
        await service.update_contact(session, actor, made.id, ContactInput(email="a@example.com", first_name="Anna"))
        await service.bulk_tag(session, actor, [made.id], "vip")
        await suppression.add(session, SYSTEM, "a@example.com", R.UNSUBSCRIBED)
    async with db.reading() as session:
        everything = await service.timeline(session, actor, made.id)
        emails = await service.timeline(session, actor, made.id, "email")
        changes = await service.timeline(session, actor, made.id, "changes")
        short = await service.timeline(session, actor, made.id, limit=2)
        detail = await service.get_contact(session, actor, made.id)
        row = (await service.list_contacts(session, actor, ContactQuery())).rows[0]
    assert [item.what for item in emails] == ["skipped", "click", "open", "sent"]
    assert emails[1].detail == "https://example.com/x · Restock"
    assert emails[2].machine == "Mail scanner"
    assert {item.title for item in changes} == {
        "Added", "Changed first name", "Tag “vip” added", "a@example.com no longer receives messages",
    }  # fmt: skip
    assert [item.at for item in everything] == sorted((item.at for item in everything), reverse=True)
    assert len(everything) == len(emails) + len(changes)
    assert len(short) == 2
    assert (detail.messages, detail.opened, detail.clicked) == (1, 1, 0)
    assert (row.messages, row.last_activity) == (1, "Opened an e-mail")
