"""Adding and editing one contact."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import service as people
from campaign_app.audience.schemas import ContactDetail, ContactInput
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.ids import to_id
from campaign_app.ui.kit.forms_state import Field, Form, FormDialog, validated

_ROWS: Final = (
    (Field("first_name", "First name"), Field("last_name", "Last name")),
    (Field("email", "E-mail"), Field("phone", "Phone", hint="With country code, +49 …")),
    (Field("company", "Company"), Field("language", "Language")),
    (
        Field("time_zone", "Time zone", hint="Such as Europe/Berlin"),
        Field("tags", "Tags", hint="Separated by commas"),
    ),
)


class ContactForm(FormDialog, AppState):
    """The fields of a contact, then custom attributes as pairs of name and value."""

    form: ClassVar[Form] = Form("contact", "contacts:write", _ROWS)
    attributes: list[tuple[str, str]] = []
    _seen: datetime | None = None

    async def _start(self, actor: Actor, key: str) -> dict[str, str]:
        self.attributes, self._seen = [], None
        if not key:
            return {}
        async with db.reading() as session:
            contact = await people.get_contact(session, actor, to_id(key, "contact"))
        self.attributes, self._seen = list(contact.attributes.items()), contact.updated_at
        texts = {field.name: getattr(contact, field.name) for field in self.form.fields() if field.name != "tags"}
        return {**texts, "tags": ", ".join(contact.tags)}

    @rx.event
    async def add_attribute(self) -> None:
        """A new line for a custom attribute."""
        await self.require("contacts:write")
        self.attributes = [*self.attributes, ("", "")]

    def _given(self, form: Mapping[str, Any]) -> dict[str, Any]:
        pairs = [(_part(form, index, 0), _part(form, index, 1)) for index in range(len(self.attributes))]
        self.attributes = pairs
        return {**super()._given(form), "attributes": {key.strip(): value for key, value in pairs if key.strip()}}

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> ContactDetail:
        tags = [part.strip() for part in given.pop("tags").replace(";", ",").split(",") if part.strip()]
        data = validated(ContactInput, **given, tags=tags, expected_updated_at=self._seen)
        if self.key:
            return await people.update_contact(session, actor, to_id(self.key, "contact"), data)
        return await people.create_contact(session, actor, data)

    async def _saved(self, actor: Actor, saved: ContactDetail) -> Any:  # noqa: ARG002
        from campaign_app.ui.audience.contact_state import ContactPage

        told = notify_success("Contact saved")
        return [told, ContactPage.load if self.key else browser.redirect(routes.contact(saved.id))]


def attribute_id(index: Any, part: int) -> Any:
    """The form name of a custom attribute's name (part 0) or value (part 1)."""
    return f"attribute-{index}-{part}"


def _part(form: Mapping[str, Any], index: int, part: int) -> str:
    return str(form.get(attribute_id(index, part), ""))
