"""The custom attributes of contacts."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from campaign_app.audience import attributes
from campaign_app.core import db
from campaign_app.core.errors import Invalid
from campaign_app.ui.app_state import AppState, notify_success


@dataclass
class FieldLine:
    """One attribute as the page shows it. `note`: what is happening to it; empty most of the time."""

    key: str
    label: str
    code: str
    note: str


class Fields(AppState):
    """The page of custom attributes and its dialogs: rename, merge, delete."""

    rows: list[FieldLine] = []
    loading: bool = True
    saving: bool = False
    dialog: str = ""
    key: str = ""
    label: str = ""
    into: str = ""
    error: str = ""

    @rx.var
    def others(self) -> list[tuple[str, str]]:
        """Attributes to merge the chosen one into."""
        return [(row.key, row.label) for row in self.rows if row.key != self.key and not row.note]

    @rx.event
    async def load(self) -> None:
        """Open the page."""
        await self.require("contacts:read")
        self.dialog = ""
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

    @rx.event
    async def open_dialog(self, dialog: str, key: str) -> None:
        """Ask before renaming, merging or deleting; "" closes."""
        await self.require("contacts:delete" if dialog == "delete" else "contacts:write")
        found = next((row for row in self.rows if row.key == key), None)
        self.dialog, self.error, self.into = (dialog if found else ""), "", ""
        self.key, self.label = (found.key, found.label) if found else ("", "")

    @rx.event
    async def close_dialog(self, opened: bool) -> None:
        """Closed by Esc or beside it."""
        await self.require("contacts:read")
        if not opened:
            self.dialog = ""

    @rx.event
    async def change_label(self, value: str) -> None:
        """Typed in the name."""
        await self.require("contacts:write")
        self.label = value

    @rx.event
    async def choose_into(self, value: str) -> None:
        """The attribute that takes the values over."""
        await self.require("contacts:write")
        self.into = value

    @rx.event
    async def rename(self) -> Any:
        """Store the name."""
        actor = await self.require("contacts:write")
        self.error = ""
        async with self.busy("saving"):
            try:
                async with db.transaction() as session:
                    await attributes.rename(session, actor, self.key, self.label)
            except Invalid as error:
                self.error = next(iter(error.fields.values()), error.message)
                return
        await self._done()
        yield notify_success(f"Renamed to {self.label}")

    @rx.event
    async def merge(self) -> Any:
        """Give the values to another attribute."""
        actor = await self.require("contacts:write")
        if not self.into:
            self.error = "Choose the attribute that takes the values over."
            return
        async with self.busy("saving"), db.transaction() as session:
            await attributes.merge(session, actor, self.key, self.into)
        await self._done()
        yield notify_success(f"{self.label} is being merged", "It disappears here when every contact is changed.")

    @rx.event
    async def delete(self) -> Any:
        """Take it from all contacts."""
        actor = await self.require("contacts:delete")
        async with self.busy("saving"), db.transaction() as session:
            await attributes.delete(session, actor, self.key)
        await self._done()
        yield notify_success(f"{self.label} is being deleted", "It disappears here when every contact is changed.")

    async def _done(self) -> None:
        self.dialog = ""
        await self._read()


def _note(moving_to: str | None, labels: dict[str, str]) -> str:
    if moving_to is None:
        return ""
    return f"Being merged into {labels.get(moving_to, moving_to)}" if moving_to else "Being deleted"
