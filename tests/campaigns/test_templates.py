"""The template library."""

import pytest

from campaign_app.campaigns import templates_service as templates
from campaign_app.campaigns.errors import SavedByAnother
from campaign_app.channels.email.built_in import BUILT_IN
from campaign_app.core import db
from campaign_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from campaign_app.models.user import Role
from tests.campaigns import world
from tests.conftest import MakeActor


async def test_built_in_ones_are_seeded_once_and_stay(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    async with db.transaction() as session:
        assert await templates.ensure_built_in(session) == len(BUILT_IN) == 5
    async with db.transaction() as session:
        assert await templates.ensure_built_in(session) == 0
        found = await templates.list_templates(session, ines)
        assert {template.name for template in found} == {template["name"] for template in BUILT_IN}
        assert all(template.built_in for template in found)
        with pytest.raises(Conflict, match="Duplicate it"):
            await templates.delete(session, ines, found[0].id)
        with pytest.raises(Conflict):
            await templates.update(session, ines, found[0].id, 1, {"name": "x"})
        copy = await templates.duplicate(session, ines, found[0].id)
        assert (copy.built_in, copy.html, copy.name) == (False, found[0].html, f"{found[0].name} (copy)")


async def test_create_change_delete(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    async with db.transaction() as session:
        made = await templates.create(session, ines, {"name": "Mine", "category": "Offers", "subject": "S"})
        with pytest.raises(Invalid, match="already"):
            await templates.create(session, ines, {"name": "mine"})
        with pytest.raises(Invalid):
            await templates.create(session, ines, {"name": " "})
        changed = await templates.update(session, ines, made.id, 1, {"name": "Mine", "subject": "T"})
        assert (changed.subject, changed.version) == ("T", 2)
        with pytest.raises(SavedByAnother):
            await templates.update(session, ines, made.id, 1, {"name": "Mine", "subject": "lost?"})
        assert await templates.categories(session, ines) == [("", 1)]
        await templates.delete(session, ines, made.id)
        with pytest.raises(NotFound):
            await templates.get(session, ines, made.id)
        await templates.create(session, ines, {"name": "Mine"})  # the name is free again


async def test_from_a_campaign_and_found_again(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    made = await world.draft(ines, await world.built(ines))
    async with db.transaction() as session:
        kept = await templates.create_from_campaign(session, ines, made.id, "November", "Offers")
        assert (kept.html, kept.subject) == (made.html, made.subject)
        assert [t.name for t in await templates.list_templates(session, ines, search="novem")] == ["November"]
        assert await templates.list_templates(session, ines, category="Events") == []


async def test_a_viewer_changes_nothing(database: str, make_actor: MakeActor) -> None:
    vera = await make_actor(Role.VIEWER, "Vera")
    async with db.transaction() as session:
        for attempt in (
            templates.create(session, vera, {"name": "x"}),
            templates.update(session, vera, 1, 1, {"name": "x"}),
            templates.delete(session, vera, 1),
            templates.duplicate(session, vera, 1),
        ):
            with pytest.raises(Forbidden):
                await attempt
