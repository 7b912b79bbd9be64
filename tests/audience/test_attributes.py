"""Custom attributes: rename, merge, delete, also with many contacts."""

from typing import Any

import pytest
from sqlmodel import select

from campaign_app.audience import attributes, jobs, segment_service, service
from campaign_app.audience.errors import AttributeNotFound, InUse, NameTaken
from campaign_app.audience.schemas import ContactInput, SegmentInput
from campaign_app.core import db, redis
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Forbidden, Invalid
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.models.contact import Contact
from campaign_app.models.template import Template
from campaign_app.models.user import Role
from tests.conftest import MakeActor, count_rows

pytestmark = pytest.mark.usefixtures("redis_url")


@pytest.fixture
async def actor(database: str, make_actor: MakeActor) -> Actor:
    actor = await make_actor(Role.MARKETER)
    people: dict[str, dict[str, str]] = {
        "ann": {"City": "Graz", "Town": "Linz", "Plan": "gold"},
        "bob": {"Town": "Wien"},
        "cid": {"City": "Bonn"},
        "dan": {},
    }
    async with db.transaction() as session:
        for name, values in people.items():
            await service.create_contact(session, actor, ContactInput(email=f"{name}@d1.example", attributes=values))
    return actor


async def values() -> dict[str, dict[str, str]]:
    async with db.reading() as session:
        return {row.email[:3]: row.attributes for row in await session.exec(select(Contact))}


async def act(use_case: Any, actor: Actor, *given: str) -> None:
    async with db.transaction() as session:
        await use_case(session, actor, *given)


async def test_renamed_only_for_people(actor: Actor) -> None:
    await act(attributes.rename, actor, "city", "  Home   city ")
    async with db.reading() as session:
        found = {row.key: row.label for row in await attributes.list_all(session, actor)}
    assert found == {"city": "Home city", "town": "Town", "plan": "Plan"}
    with pytest.raises(NameTaken, match="Merge the two"):
        await act(attributes.rename, actor, "town", "home CITY")
    with pytest.raises(Invalid):
        await act(attributes.rename, actor, "town", " \0 ")


async def test_merged_values_fill_gaps_only(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attributes, "CHUNK", 1)
    await act(attributes.merge, actor, "town", "city")
    assert await redis.client().zcard("beacon:work") == 1
    async with db.reading() as session:
        assert {row.key: row.moving_to for row in await attributes.list_all(session, actor)}["town"] == "city"
        assert "town" not in {row.key for row in await service.attributes(session, actor)}
    assert await jobs.move_attribute({}, "town") == 2
    assert await values() == {
        "ann": {"city": "Graz", "plan": "gold"},
        "bob": {"city": "Wien"},
        "cid": {"city": "Bonn"},
        "dan": {},
    }
    assert await count_rows("attribute_definition") == 2
    assert await jobs.move_attribute({}, "town") == 0


async def test_a_lost_job_is_carried_out_by_the_schedule(actor: Actor) -> None:
    await act(attributes.delete, actor, "plan")
    assert await jobs.move_attributes({}) == 1
    assert "plan" not in (await values())["ann"]
    assert await jobs.move_attributes({}) == 0
    with pytest.raises(AttributeNotFound):
        await act(attributes.delete, actor, "plan")


async def test_what_is_in_use_stays(actor: Actor) -> None:
    rules = {"op": "and", "rules": [{"op": "not", "rules": [{"field": "attribute:city", "op": "is", "value": "Graz"}]}]}
    async with db.transaction() as session:
        await segment_service.create(session, actor, SegmentInput(name="Away", rules=rules))
        session.add(Campaign(name="Spring", html="<p>{{ town | upper }}</p>", status=CampaignStatus.PAUSED))
        session.add(Campaign(name="Old", html="<p>{{ plan }}</p>", status=CampaignStatus.COMPLETED))
        session.add(Template(name="Note", html="<p>our plan: {{ first_name }}</p>"))
    with pytest.raises(InUse, match="segment “Away” uses “City”"):
        await act(attributes.delete, actor, "city")
    with pytest.raises(InUse, match="campaign “Spring”"):
        await act(attributes.merge, actor, "town", "city")
    await act(attributes.delete, actor, "plan")  # an ended campaign and the word in plain text do not count as uses


async def test_refused(actor: Actor, make_actor: MakeActor) -> None:
    with pytest.raises(Invalid, match="with itself"):
        await act(attributes.merge, actor, "town", "town")
    with pytest.raises(AttributeNotFound):
        await act(attributes.merge, actor, "town", "x" * 5_000)
    viewer = await make_actor(Role.VIEWER)
    for use_case, given in (("rename", ("x",)), ("merge", ("city",)), ("delete", ())):
        with pytest.raises(Forbidden):
            await act(getattr(attributes, use_case), viewer, "town", *given)
