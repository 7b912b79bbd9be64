"""The contacts that are chosen in the list, and what is done with all of them at once."""

from typing import Any

import reflex as rx

from campaign_app.audience import service as people
from campaign_app.core import db
from campaign_app.kit import ids, text
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.audience.contacts_state import Contacts


class ContactBulk(AppState):
    """A choice is a set of ids, or everything that the filters leave (`everything`)."""

    chosen: list[int] = []
    everything: bool = False
    question: str = ""
    value: str = ""
    working: bool = False

    def _forget(self) -> None:
        self.chosen, self.everything, self.question, self.value = [], False, "", ""

    @rx.event
    async def toggle(self, contact_id: int, checked: bool) -> None:
        """Choose or drop one row."""
        await self.require("contacts:read")
        rest = [one for one in self.chosen if one != contact_id]
        self.chosen = [*rest, contact_id] if checked else rest
        self.everything = False

    @rx.event
    async def toggle_page(self, checked: bool) -> None:
        """Choose or drop every row of this page."""
        await self.require("contacts:read")
        rows = (await self.get_state(Contacts)).rows
        self.chosen = [row.id for row in rows] if checked else []
        self.everything = False

    @rx.event
    async def choose_everything(self) -> None:
        """Choose all contacts that the filters leave, on every page."""
        await self.require("contacts:read")
        self.everything = True

    @rx.event
    async def clear(self) -> None:
        """Choose nothing."""
        await self.require("contacts:read")
        self._forget()

    @rx.event
    async def ask(self, question: str) -> None:
        """Open the dialog of an act: tag, untag, list, unlist, delete."""
        await self.require("contacts:write")
        self.question, self.value = question, ""

    @rx.event
    async def close(self, opened: bool) -> None:
        """The dialog was closed."""
        await self.require("contacts:read")
        if not opened:
            self.question = ""

    @rx.event
    async def set_value(self, value: str) -> None:
        """The tag or list of the dialog."""
        await self.require("contacts:write")
        self.value = value

    async def _target(self) -> Any:
        if self.everything:
            return (await self.get_state(Contacts))._query()
        return list(self.chosen)

    @rx.event
    async def carry_out(self) -> Any:
        """Do what the dialog says, in one transaction."""
        question, value = self.question, self.value.strip()
        actor = await self.require("contacts:delete" if question == "delete" else "contacts:write")
        target = await self._target()
        self.working = True
        yield
        try:
            async with db.transaction() as session:
                if question in {"tag", "untag"}:
                    count = await people.bulk_tag(session, actor, target, value, add=question == "tag")
                elif question in {"list", "unlist"}:
                    list_id = ids.number(value) or 0
                    count = await people.bulk_list(session, actor, target, list_id, add=question == "list")
                elif question == "delete":
                    count = await people.delete_contacts(session, actor, target)
                else:
                    return
            done = {"tag": f"tagged {value}", "untag": f"lost the tag {value}", "delete": "deleted"}
            words = done.get(question, "added to the list" if question == "list" else "taken off the list")
            yield notify_success(f"{text.plural(count, 'contact')} {words}")
            self._forget()
            contacts = await self.get_state(Contacts)
            await contacts._read_choices()
            await contacts._go("", 1)
        finally:
            self.working = False
