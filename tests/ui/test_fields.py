"""The page of custom attributes."""

import pytest

from campaign_app.audience import jobs, service
from campaign_app.audience.schemas import ContactInput
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM
from campaign_app.core.errors import Forbidden
from campaign_app.models.user import Role
from campaign_app.ui.settings.fields_state import FieldQuestions, Fields, MergeField, RenameField
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
    await tab.do(RenameField.open, "city")
    await tab.do(RenameField.submit, {"field-label": "Plan"})
    assert "Merge the two" in tab.state(RenameField).errors["label"]
    await tab.do(RenameField.submit, {"field-label": "Home"})
    assert not tab.shows(RenameField)
    await tab.do(MergeField.open, "town")
    await tab.do(MergeField.submit, {})
    assert tab.state(MergeField).errors["into"].startswith("Choose the attribute")
    await tab.do(MergeField.submit, {"field-into": "city"})
    await tab.do(FieldQuestions.ask, "delete", "plan", "Plan")
    await tab.do(FieldQuestions.answer, "delete")
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
    with pytest.raises(Forbidden):
        await tab.do(FieldQuestions.answer, "delete")
    for form in (RenameField, MergeField):
        with pytest.raises(Forbidden):
            await tab.do(form.submit, {"field-label": "Mine", "field-into": "city"})
