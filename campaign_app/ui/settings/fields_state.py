"""The custom attributes of contacts."""

from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import attributes
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Invalid, NotFound
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.kit.dialogs_state import Question, Questions
from campaign_app.ui.kit.forms_state import Field, Form, FormDialog

_CHOOSE = "Choose the attribute that takes the values over."


@dataclass
class FieldLine:
    """One attribute as the page shows it. `note`: a running change; usually empty."""

    key: str
    label: str
    code: str
    note: str


class Fields(AppState):
    rows: list[FieldLine] = []
    loading: bool = True

    @rx.event
    async def load(self) -> None:
        await self.require("contacts:read")
        async with self.busy():
            await self._read()

    async def _read(self) -> None:
        actor = await self.require("contacts:read")
        async with db.reading() as session:
            found = await attributes.list_all(session, actor)
        labels = {row.key: row.label for row in found}
        self.rows = [
            FieldLine(row.key, row.label, "{{ " + row.key + " }}", _note(row.moving_to, labels)) for row in found
        ]

    def _row(self, key: str) -> FieldLine:
        for row in self.rows:
            if row.key == key:
                return row
        raise NotFound("This attribute does not exist any more.", title="No such attribute")


class RenameField(FormDialog, AppState):
    """Renames an attribute; its variable stays."""

    form: ClassVar[Form] = Form(
        "field",
        "contacts:write",
        (Field("label", "Name", hint="Messages go on using the same variable", more={"max_length": 255}),),
    )

    async def _start(self, actor: Actor, key: str) -> dict[str, str]:  # noqa: ARG002
        return {"label": (await self.get_state(Fields))._row(key).label}

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> str:
        await attributes.rename(session, actor, self.key, given["label"])
        return str(given["label"])

    async def _saved(self, actor: Actor, saved: str) -> Any:  # noqa: ARG002
        await (await self.get_state(Fields))._read()
        return notify_success(f"Renamed to {saved}")


class MergeField(FormDialog, AppState):
    """Moves one attribute's values to another one."""

    form: ClassVar[Form] = Form("field", "contacts:write", (Field("into", "Into", "select"),))
    others: list[tuple[str, str]] = []

    async def _start(self, actor: Actor, key: str) -> dict[str, str]:  # noqa: ARG002
        page = await self.get_state(Fields)
        self.subject = page._row(key).label
        self.others = [(row.key, row.label) for row in page.rows if row.key != key and not row.note]
        return {}

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> None:
        if not given["into"]:
            raise Invalid(_CHOOSE, {"into": _CHOOSE})
        await attributes.merge(session, actor, self.key, given["into"])

    async def _saved(self, actor: Actor, saved: None) -> Any:  # noqa: ARG002
        await (await self.get_state(Fields))._read()
        return notify_success(f"{self.subject} is being merged", "It disappears here when every contact is changed.")


class FieldQuestions(Questions, AppState):
    """Deletes an attribute from all contacts."""

    async def _delete(self, actor: Actor) -> Any:
        async with db.transaction() as session:
            await attributes.delete(session, actor, self.key)
        await (await self.get_state(Fields))._read()
        return notify_success(f"{self.subject} is being deleted", "It disappears here when every contact is changed.")

    questions: ClassVar = {"delete": Question("contacts:delete", _delete)}


def _note(moving_to: str | None, labels: dict[str, str]) -> str:
    if moving_to is None:
        return ""
    return f"Being merged into {labels.get(moving_to, moving_to)}" if moving_to else "Being deleted"
