"""The command palette finds what the person may see, and nothing else."""

import pytest

import campaign_app.campaign_app as composition
from campaign_app.audience import service as audience
from campaign_app.audience.schemas import ContactInput
from campaign_app.campaigns import service as campaigns
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.models.user import Role
from campaign_app.ui import routes
from campaign_app.ui.components import palette_state
from campaign_app.ui.components.palette import icons
from tests.conftest import MakeActor


@pytest.fixture
async def actor(database: str, redis_url: str, make_actor: MakeActor) -> Actor:
    assert composition.app
    made = await make_actor()
    async with db.transaction() as session:
        await campaigns.create(session, made, "November restock offer")
        await audience.create_contact(
            session, made, ContactInput(email="marta@kaffebar-nord.se", first_name="Marta", last_name="Lindqvist")
        )
    return made


async def _groups(actor: Actor, text: str) -> dict[str, list[palette_state.Hit]]:
    async with db.reading() as session:
        return {group.title: group.hits for group in await palette_state.find(session, actor, text)}


async def test_a_campaign_is_found_by_name_and_opens_in_the_builder(actor: Actor) -> None:
    (hit,) = (await _groups(actor, "restock"))["Campaigns"]
    assert hit.name == "November restock offer"
    assert hit.status == "draft"
    assert hit.href.startswith("/campaigns/")
    assert hit.href.endswith("/edit")


async def test_a_contact_is_found_by_name(actor: Actor) -> None:
    (hit,) = (await _groups(actor, "marta"))["Contacts"]
    assert hit.name == "Marta Lindqvist"


async def test_actions_and_pages_are_found_by_their_words(actor: Actor) -> None:
    found = await _groups(actor, "new camp")
    assert [hit.href for hit in found["Actions"]] == [routes.CAMPAIGN_NEW]
    assert "Campaigns" not in found


async def test_nothing_is_found_for_nonsense(actor: Actor) -> None:
    assert await _groups(actor, "zzzz qqqq") == {}


async def test_a_viewer_is_offered_no_act(actor: Actor, make_actor: MakeActor) -> None:
    viewer = await make_actor(Role.VIEWER, "Vera")
    assert "Actions" not in await _groups(viewer, "")
    assert "Contacts" in await _groups(viewer, "marta")


async def test_pages_are_offered_to_those_who_may_see_them(actor: Actor, make_actor: MakeActor) -> None:
    for_admins = {routes.IMPORTS, routes.ACCOUNTS, routes.OPERATIONS}
    assert for_admins <= {hit.href for hit in (await _groups(actor, ""))["Pages"]}
    viewer = await make_actor(Role.VIEWER, "Vera")
    assert not for_admins & {hit.href for hit in (await _groups(viewer, ""))["Pages"]}


async def test_a_room_without_permission_is_not_searched(actor: Actor) -> None:
    stranger = Actor(actor.user_id, "x", "", "none", frozenset())
    assert set(await _groups(stranger, "marta")) <= {"Pages"}


async def test_every_icon_is_known(actor: Actor) -> None:
    hits = [
        hit for text in ("", "marta", "restock") for group in (await _groups(actor, text)).values() for hit in group
    ]
    assert {hit.icon for hit in hits} <= set(icons())
