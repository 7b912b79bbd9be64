"""Lists of contacts."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from campaign_app.audience import service as people
from campaign_app.core import db
from campaign_app.core.clock import now
from campaign_app.core.errors import Invalid
from campaign_app.kit import text
from campaign_app.ui.app_state import AppState, notify_error, notify_success
from campaign_app.workspace import service as workspace


@dataclass
class ListLine:
    """One list as the page shows it."""

    id: int
    name: str
    description: str
    members: str
    added: str


class Lists(AppState):
    """The page of all lists and its dialogs."""

    rows: list[ListLine] = []
    loading: bool = True
    form_open: bool = False
    number: int = 0
    name: str = ""
    description: str = ""
    error: str = ""
    saving: bool = False
    deleting: int = 0
    deleting_name: str = ""
    deleting_words: str = ""

    @rx.event
    async def load(self) -> None:
        """Open the page."""
        await self.require("contacts:read")
        async with self.busy():
            await self._read()

    async def _read(self) -> None:
        actor = await self.require("contacts:read")
        async with db.reading() as session:
            zone = await workspace.zone_of(session, actor)
            found = await people.lists(session, actor)
        self.rows = [
            ListLine(row.id, row.name, row.description, text.number(row.members), text.ago(row.created_at, now(), zone))
            for row in found
        ]

    @rx.event
    async def open_form(self, number: int) -> None:
        """Rename a list, or make a new one (0)."""
        await self.require("contacts:write")
        found = next((row for row in self.rows if row.id == number), None)
        self.number, self.error = number, ""
        self.name, self.description = (found.name, found.description) if found else ("", "")
        self.form_open = True

    @rx.event
    async def set_form_open(self, opened: bool) -> None:
        """Closed by Esc or beside it."""
        await self.require("contacts:read")
        self.form_open = opened

    @rx.event
    async def change_name(self, value: str) -> None:
        """Typed in the name."""
        await self.require("contacts:write")
        self.name = value

    @rx.event
    async def change_description(self, value: str) -> None:
        """Typed in the description."""
        await self.require("contacts:write")
        self.description = value

    @rx.event
    async def save(self) -> Any:
        """Store the list."""
        actor = await self.require("contacts:write")
        self.error = ""
        async with self.busy("saving"):
            try:
                async with db.transaction() as session:
                    if self.number:
                        await people.rename_list(session, actor, self.number, self.name, self.description)
                    else:
                        await people.create_list(session, actor, self.name, self.description)
            except Invalid as error:
                self.error = next(iter(error.fields.values()), error.message)
                return
        self.form_open = False
        await self._read()
        yield notify_success(f"List {self.name} saved")

    @rx.event
    async def ask_delete(self, number: int, name: str) -> Any:
        """Open the question with what would really happen; a list in use is not even asked about."""
        actor = await self.require("contacts:delete")
        async with db.reading() as session:
            members, used = await people.list_fate(session, actor, number)
        if used:
            return notify_error(f"The list {name} is in use", used)
        self.deleting, self.deleting_name, self.deleting_words = number, name, fate_words(members)
        return None

    @rx.event
    async def close_question(self, opened: bool) -> None:
        """Closed by Esc or beside it."""
        await self.require("contacts:read")
        if not opened:
            self.deleting = 0

    @rx.event
    async def delete(self) -> Any:
        """Remove the list; its contacts stay."""
        actor = await self.require("contacts:delete")
        async with db.transaction() as session:
            await people.delete_list(session, actor, self.deleting)
        self.deleting = 0
        await self._read()
        yield notify_success(f"List {self.deleting_name} deleted")


def fate_words(members: int) -> str:
    """What deleting a list deletes."""
    if not members:
        return "Nobody is in it. Only the list is deleted."
    if members == 1:
        return "Only the list is deleted. The contact in it stays in Contacts."
    return f"Only the list is deleted. The {text.number(members)} contacts in it stay in Contacts."
