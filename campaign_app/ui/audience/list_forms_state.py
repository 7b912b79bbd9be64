"""Creating, renaming and deleting a list."""

from typing import Any, ClassVar

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import service as people
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.kit import text
from campaign_app.ui.app_state import AppState, notify_error, notify_success
from campaign_app.ui.audience.lists_state import Lists
from campaign_app.ui.ids import to_id
from campaign_app.ui.kit.dialogs_state import Question, Questions
from campaign_app.ui.kit.forms_state import Field, Form, FormDialog


class ListForm(FormDialog, AppState):
    form: ClassVar[Form] = Form(
        "list", "contacts:write", (Field("name", "Name"), Field("description", "Description", optional=True))
    )

    async def _start(self, actor: Actor, key: str) -> dict[str, str]:  # noqa: ARG002
        rows = (await self.get_state(Lists)).rows
        return next(({"name": row.name, "description": row.description} for row in rows if str(row.id) == key), {})

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> str:
        name, description = given["name"], given["description"]
        if self.key:
            await people.rename_list(session, actor, to_id(self.key, "list"), name, description)
        else:
            await people.create_list(session, actor, name, description)
        return str(name)

    async def _saved(self, actor: Actor, saved: str) -> Any:  # noqa: ARG002
        await (await self.get_state(Lists))._read()
        return notify_success(f"List {saved} saved")


class ListQuestions(Questions, AppState):
    """Deletes a list; its contacts stay."""

    words: str = ""

    async def _prepare(self, actor: Actor) -> Any:
        """What deleting would change. A list in use is refused without a question."""
        async with db.reading() as session:
            members, used = await people.list_fate(session, actor, to_id(self.key, "list"))
        self.words = fate_words(members)
        return notify_error(f"The list {self.subject} is in use", used) if used else None

    async def _delete(self, actor: Actor) -> Any:
        async with db.transaction() as session:
            await people.delete_list(session, actor, to_id(self.key, "list"))
        await (await self.get_state(Lists))._read()
        return notify_success(f"List {self.subject} deleted")

    questions: ClassVar = {"delete": Question("contacts:delete", _delete, _prepare)}


def fate_words(members: int) -> str:
    """What deleting a list deletes."""
    if not members:
        return "Nobody is in it. Only the list is deleted."
    if members == 1:
        return "Only the list is deleted. The contact in it stays in Contacts."
    return f"Only the list is deleted. The {text.number(members)} contacts in it stay in Contacts."
