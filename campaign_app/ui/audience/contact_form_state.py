"""Adding and editing one contact."""

from datetime import datetime
from typing import Any

import reflex as rx

from campaign_app.audience import service as people
from campaign_app.audience.schemas import ContactInput
from campaign_app.core import db
from campaign_app.core.errors import Invalid
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState, notify_success

FIELDS = ("email", "phone", "first_name", "last_name", "company", "time_zone", "language", "tags")


class ContactForm(AppState):
    """The dialog; `contact_number` 0 adds a new contact."""

    opened: bool = False
    contact_number: int = 0
    values: dict[str, str] = dict.fromkeys(FIELDS, "")
    attributes: list[tuple[str, str]] = []
    errors: dict[str, str] = dict.fromkeys(FIELDS, "")
    saving: bool = False
    _seen: datetime | None = None

    @rx.event
    async def open_new(self) -> None:
        """An empty form."""
        await self.require("contacts:write")
        self.contact_number, self._seen = 0, None
        self.values, self.errors = dict.fromkeys(FIELDS, ""), dict.fromkeys(FIELDS, "")
        self.attributes = []
        self.opened = True

    @rx.event
    async def open_for(self, contact_id: int) -> None:
        """The form with a contact's values."""
        actor = await self.require("contacts:write")
        async with db.reading() as session:
            contact = await people.get_contact(session, actor, contact_id)
        self.values = {name: getattr(contact, name) for name in FIELDS if name != "tags"}
        self.values["tags"] = ", ".join(contact.tags)
        self.attributes = list(contact.attributes.items())
        self.errors = dict.fromkeys(FIELDS, "")
        self.contact_number, self._seen = contact_id, contact.updated_at
        self.opened = True

    @rx.event
    async def change(self, name: str, value: str) -> None:
        """One field was typed in."""
        await self.require("contacts:write")
        if name in FIELDS:
            self.values[name] = value

    @rx.event
    async def change_attribute(self, index: int, part: int, value: str) -> None:
        """The name (part 0) or the value (part 1) of a custom attribute."""
        await self.require("contacts:write")
        if 0 <= index < len(self.attributes):
            pair = list(self.attributes[index])
            pair[part % 2] = value
            self.attributes[index] = (pair[0], pair[1])

    @rx.event
    async def add_attribute(self) -> None:
        """A new line for a custom attribute."""
        await self.require("contacts:write")
        self.attributes = [*self.attributes, ("", "")]

    @rx.event
    async def set_open(self, opened: bool) -> None:
        """Closed by Esc or beside it."""
        await self.require("contacts:read")
        self.opened = opened

    @rx.event
    async def save(self) -> Any:
        """Store it; what is wrong is said at its field."""
        actor = await self.require("contacts:write")
        self.errors = dict.fromkeys(FIELDS, "")
        given = {name: self.values.get(name, "") for name in FIELDS if name != "tags"}
        tags = [part.strip() for part in self.values.get("tags", "").replace(";", ",").split(",") if part.strip()]
        attributes = {key.strip(): value for key, value in self.attributes if key.strip()}
        async with self.busy("saving"):
            try:
                data = ContactInput(**given, tags=tags, attributes=attributes, expected_updated_at=self._seen)
                async with db.transaction() as session:
                    if self.contact_number:
                        saved = await people.update_contact(session, actor, self.contact_number, data)
                    else:
                        saved = await people.create_contact(session, actor, data)
            except Invalid as error:
                self.errors = {**self.errors, **error.fields}
                if not set(error.fields) & set(FIELDS):
                    raise
                return
            except ValueError:
                self.errors = {**self.errors, "email": "A field is too long. Shorten it."}
                return
        self.opened = False
        yield notify_success("Contact saved")
        if not self.contact_number:
            yield browser.redirect(routes.contact(saved.id))
            return
        from campaign_app.ui.audience.contact_state import ContactPage

        yield ContactPage.load
