"""The page of custom attributes."""

import pytest

from campaign_app.audience import jobs, service
from campaign_app.audience.schemas import ContactInput
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM
from campaign_app.core.errors import Forbidden
from campaign_app.models.user import Role
from campaign_app.ui.settings.fields_state import Fields
from tests.conftest import MakeActor
from tests.ui.tabs import Tab

pytestmark = pytest.mark.usefixtures("sqlite_database", "redis_url")


async def _fields(tab: Tab) -> dict[str, tuple[str, str]]:
    await tab.go("/settings/fields").do(Fields.load)
    return {row.key: (row.label, row.note) for row in tab.state(Fields).rows}


async def test_rename_merge_delete(make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch) -> None:
    async with db.transaction() as session:
        person = ContactInput(email="ann@example.com", attributes={"City": "Graz", "Town": "Linz", "Plan": "gold"})
        await service.create_contact(session, SYSTEM, person)
    tab = Tab(await make_actor(Role.MARKETER), monkeypatch)
    assert await _fields(tab) == {"city": ("City", ""), "plan": ("Plan", ""), "town": ("Town", "")}
    await tab.do(Fields.open_dialog, "rename", "city")
    await tab.do(Fields.change_label, "Plan")
    await tab.do(Fields.rename)
    assert "Merge the two" in tab.state(Fields).error
    await tab.do(Fields.change_label, "Home")
    await tab.do(Fields.rename)
    assert tab.state(Fields).dialog == ""
    await tab.do(Fields.open_dialog, "merge", "town")
    await tab.do(Fields.merge)
    assert tab.state(Fields).error.startswith("Choose the attribute")
    await tab.do(Fields.choose_into, "city")
    await tab.do(Fields.merge)
    await tab.do(Fields.open_dialog, "delete", "plan")
    await tab.do(Fields.delete)
    assert await _fields(tab) == {
        "city": ("Home", ""),
        "plan": ("Plan", "Being deleted"),
        "town": ("Town", "Being merged into Home"),
    }
    await jobs.move_attributes({})
    assert await _fields(tab) == {"city": ("Home", "")}


async def test_a_viewer_reads_only(make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = Tab(await make_actor(Role.VIEWER), monkeypatch)
    assert await _fields(tab) == {}
    for event in (Fields.rename, Fields.merge, Fields.delete):
        with pytest.raises(Forbidden):
            await tab.do(event)
