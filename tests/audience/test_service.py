"""Use cases of contacts, lists and tags, on both databases."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from campaign_app.audience import repository, service, suppression
from campaign_app.audience.errors import ContactChanged, ContactExists, InUse
from campaign_app.audience.schemas import ContactInput, ContactQuery, ContactSort, ContactStatus
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM, Actor
from campaign_app.core.errors import Forbidden, Invalid
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.models.contact import ContactList
from campaign_app.models.delivery import Delivery, DeliveryStatus
from campaign_app.models.segment import Segment
from campaign_app.models.suppression import SuppressionReason
from campaign_app.models.user import Role
from tests.audience.people import add, add_many, names, number_of
from tests.conftest import MakeActor, count_rows

pytestmark = pytest.mark.usefixtures("redis_url")


@pytest.fixture
async def actor(database: str, make_actor: MakeActor) -> Actor:
    return await make_actor(Role.MARKETER)


async def test_a_contact_is_cleaned_stored_and_read_back(actor: Actor) -> None:
    made = await add(
        actor,
        email=" Zoë.Müller@".replace("ë", "e").replace("ü", "u") + "Bücher.Example.com",
        phone="0151 20004895",
        first_name=" Zoë ",
        last_name="Müller",
        time_zone="europe/berlin",
        language="pt-br",
        attributes={"LTV €": "12.50", "Empty": " "},
        tags=["vip", "VIP", "beta"],
    )
    assert made.email == "zoe.muller@xn--bcher-kva.example.com"
    assert (made.phone, made.time_zone, made.language) == ("+4915120004895", "Europe/Berlin", "pt-BR")
    assert made.attributes == {"ltv": "12.50"}
    assert sorted(tag.lower() for tag in made.tags) == ["beta", "vip"]
    async with db.reading() as session:
        assert [a.label for a in await service.attributes(session, actor)] == ["LTV €"]
        assert {t.name.lower(): t.members for t in await service.tags(session, actor)} == {"vip": 1, "beta": 1}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "email"),
        ({"email": "two@@example.com"}, "email"),
        ({"email": "a@example.com", "phone": "12"}, "phone"),
        ({"email": "a@example.com", "time_zone": "Mars/Olympus"}, "time_zone"),
        ({"email": "a@example.com", "language": "1"}, "language"),
    ],
)
async def test_what_is_wrong_is_said_by_field(actor: Actor, given: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as raised:
        await add(actor, **given)
    assert field in raised.value.fields
    assert await count_rows("contact") == 0


async def test_one_contact_per_address(actor: Actor) -> None:
    await add(actor, email="a@example.com", first_name="Anna")
    with pytest.raises(ContactExists, match="Anna"):
        await add(actor, email="A@EXAMPLE.com")


async def test_the_second_of_two_editors_is_told(actor: Actor, make_actor: MakeActor) -> None:
    made = await add(actor, email="a@example.com")
    other = await make_actor(Role.MARKETER, "Tom Beck")
    async with db.transaction() as session:
        seen = made.updated_at
        data = ContactInput(email="a@example.com", first_name="First", expected_updated_at=seen)
        await service.update_contact(session, other, made.id, data)
    with pytest.raises(ContactChanged, match="Tom Beck"):
        async with db.transaction() as session:
            data = ContactInput(email="a@example.com", first_name="Second", expected_updated_at=seen)
            await service.update_contact(session, actor, made.id, data)
    async with db.reading() as session:
        assert (await service.get_contact(session, actor, made.id)).first_name == "First"


async def test_lists_and_tags_count_their_members(actor: Actor) -> None:
    ids = await add_many(actor, 5)
    async with db.transaction() as session:
        made = await service.create_list(session, actor, "Newsletter")
        assert await service.bulk_list(session, actor, ids[:4], made.id) == 4
        assert await service.bulk_list(session, actor, ids, made.id) == 1
        assert await service.bulk_list(session, actor, ids[:2], made.id, add=False) == 2
        assert await service.bulk_tag(session, actor, ContactQuery(list_id=made.id), "vip") == 3
        assert await service.bulk_tag(session, actor, [*ids, 999], "VIP") == 2
        assert await service.delete_contacts(session, actor, ids[4:]) == 1
    async with db.reading() as session:
        assert [row.members for row in await service.lists(session, actor)] == [2]
        assert [(row.name, row.members) for row in await service.tags(session, actor)] == [("vip", 4)]
    assert await number_of("list_member") == 2
    assert await number_of("contact_tag") == 4


async def test_deleting_keeps_suppression_and_ledger(actor: Actor) -> None:
    made = await add(actor, email="a@example.com")
    async with db.transaction() as session:
        campaign = Campaign(name="C")
        session.add(campaign)
        await session.flush()
        session.add(
            Delivery(
                campaign_id=campaign.id or 0,
                contact_id=made.id,
                status=DeliveryStatus.SENT,
                address="a@example.com",
                updated_at=made.updated_at,
            )
        )
        await suppression.add(session, SYSTEM, "a@example.com", SuppressionReason.BOUNCED)
        await service.delete_contacts(session, actor, ContactQuery())
    assert await count_rows("contact") == 0
    assert await count_rows("delivery") == 1
    async with db.reading() as session:
        found = await repository.reasons_for(session, ["a@example.com", "b@example.com"])
    assert found == {"a@example.com": SuppressionReason.BOUNCED}
    again = await add(actor, email="a@example.com")
    assert again.id != made.id
    assert again.suppressed == SuppressionReason.BOUNCED
    assert again.messages == 0


async def test_a_list_in_use_is_kept(actor: Actor) -> None:
    async with db.transaction() as session:
        made = await service.create_list(session, actor, "Newsletter")
        session.add(Campaign(name="Autumn", audience={"lists": [made.id]}))
    with pytest.raises(InUse, match="Autumn"):
        async with db.transaction() as session:
            await service.delete_list(session, actor, made.id)


async def test_what_deleting_a_list_does_is_said_before(actor: Actor) -> None:
    async with db.transaction() as session:
        made = await service.create_list(session, actor, "Newsletter")
        paused = await service.create_list(session, actor, "Held back")
        asked = await service.create_list(session, actor, "Asked for")
        session.add(Campaign(name="Winter", audience={"lists": [paused.id]}, status=CampaignStatus.PAUSED))
        rules = {"op": "not", "rules": [{"field": "list", "op": "in", "value": [asked.id]}]}
        session.add(Segment(name="Others", rules=rules))
    for name in ("a", "b"):
        await add(actor, email=f"{name}@example.com", list_ids=[made.id])
    async with db.transaction() as session:
        await session.execute(sa.update(ContactList).values(members=99))  # not used: members are counted
        assert await service.list_fate(session, actor, made.id) == (2, "")
        assert "campaign “Winter”" in (await service.list_fate(session, actor, paused.id))[1]
        assert "segment “Others”" in (await service.list_fate(session, actor, asked.id))[1]
        await service.delete_list(session, actor, made.id)
    assert await count_rows("contact") == 2
    assert await count_rows("list_member") == 0
    for used in (paused, asked):
        with pytest.raises(InUse):
            async with db.transaction() as session:
                await service.delete_list(session, actor, used.id)


async def test_viewers_read_only(database: str, make_actor: MakeActor) -> None:
    viewer = await make_actor(Role.VIEWER)
    async with db.transaction() as session:
        assert (await service.list_contacts(session, viewer, ContactQuery())).rows == []
        for act in (
            service.create_contact(session, viewer, ContactInput(email="a@example.com")),
            service.delete_contacts(session, viewer, [1]),
            service.bulk_tag(session, viewer, [1], "vip"),
            service.create_list(session, viewer, "L"),
            suppression.add(session, viewer, "a@example.com", SuppressionReason.MANUAL),
        ):
            with pytest.raises(Forbidden):
                await act


@pytest.mark.parametrize("sort", list(ContactSort))
@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("narrow", [False, True])
async def test_pages_go_forth_and_back(actor: Actor, sort: ContactSort, descending: bool, narrow: bool) -> None:
    await add_many(actor, 23)
    query = ContactQuery(sort=sort, descending=descending, limit=5, search="person" if narrow else "")
    forth: list[list[int]] = []
    back: list[list[int]] = []
    async with db.reading() as session:
        page = await service.list_contacts(session, actor, query)
        assert page.total == 23
        assert page.previous_cursor is None
        while True:
            forth.append([row.id for row in page.rows])
            if page.next_cursor is None:
                break
            page = await service.list_contacts(session, actor, query.model_copy(update={"cursor": page.next_cursor}))
        while True:
            back.append([row.id for row in page.rows])
            if page.previous_cursor is None:
                break
            page = await service.list_contacts(
                session, actor, query.model_copy(update={"cursor": page.previous_cursor})
            )
    assert sorted(one for rows in forth for one in rows) == sorted({one for rows in forth for one in rows})
    assert sum(map(len, forth)) == 23
    assert back == forth[::-1]


async def test_sorted_as_people_expect(actor: Actor) -> None:
    for last in ("Zander", "Öztürk", "van Dyk", "Abel", "Łukasz", "O'Brien"):
        await add(actor, email=f"x{len(last)}{ord(last[0])}@example.com", last_name=last)
    found = await names(actor, ContactQuery(sort=ContactSort.NAME, descending=False))
    assert found == ["Abel", "Łukasz", "O'Brien", "Öztürk", "van Dyk", "Zander"]


@pytest.mark.parametrize(
    ("search", "hit"),
    [
        ("mul", True),
        ("MÜLLER zo", True),
        ("muller@buch", False),
        ("zoe@xn--bch", True),
        ("acme", True),
        ("gmbh ac", True),
        ("+49 151 2000", True),
        ("0049 151 20004895", True),
        ("uller", False),
        ("zoe nobody", False),
        ("!!!", False),
        ("o'n", False),
        ('"; DROP', False),
    ],
)
async def test_search_by_beginnings_of_words(actor: Actor, search: str, hit: bool) -> None:
    await add(
        actor,
        email="zoe@bücher.example.com",
        phone="+4915120004895",
        first_name="Zoë",
        last_name="Müller",
        company="Acme GmbH & Co.",
    )
    await add(actor, email="other@example.org", first_name="Ben")
    assert await names(actor, ContactQuery(search=search)) == (["Zoë Müller"] if hit else [])


async def test_search_follows_changes(actor: Actor) -> None:
    made = await add(actor, email="a@example.com", first_name="Before")
    async with db.transaction() as session:
        await service.update_contact(session, actor, made.id, ContactInput(email="a@example.com", first_name="After"))
    assert await names(actor, ContactQuery(search="before")) == []
    assert await names(actor, ContactQuery(search="after")) == ["After"]
    async with db.transaction() as session:
        await service.delete_contacts(session, actor, [made.id])
    assert await names(actor, ContactQuery(search="after")) == []


async def test_filters_combine(actor: Actor) -> None:
    ids = await add_many(actor, 6)
    async with db.transaction() as session:
        made = await service.create_list(session, actor, "L")
        await service.bulk_list(session, actor, ids[:4], made.id)
        await service.bulk_tag(session, actor, ids[2:], "vip")
        await suppression.add(session, actor, "person3@example.com", SuppressionReason.MANUAL)
    query = ContactQuery(list_id=made.id, tag="vip", sort=ContactSort.ADDED, descending=False)
    assert await names(actor, query) == ["Person 2", "Person 3"]
    stopped = query.model_copy(update={"status": ContactStatus.SUPPRESSED})
    assert await names(actor, stopped) == ["Person 3"]
    active = query.model_copy(update={"status": ContactStatus.ACTIVE, "search": "person"})
    assert await names(actor, active) == ["Person 2"]
    async with db.reading() as session:
        page = await service.list_contacts(session, actor, ContactQuery(status=ContactStatus.SUPPRESSED))
    assert [row.suppressed for row in page.rows] == [SuppressionReason.MANUAL]


async def test_an_unknown_cursor_starts_at_the_beginning(actor: Actor) -> None:
    await add_many(actor, 2)
    assert len(await names(actor, ContactQuery(cursor="nonsense"))) == 2


async def test_updates_move_the_version_forward(actor: Actor) -> None:
    made = await add(actor, email="a@example.com")
    async with db.transaction() as session:
        after = await service.update_contact(session, actor, made.id, ContactInput(email="a@example.com"))
    assert after.updated_at - made.updated_at >= timedelta(microseconds=1)
