"""The dialog for one contact."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui.audience.contact_form_state import ContactForm

_LABELS = {
    "email": "E-mail",
    "phone": "Phone",
    "first_name": "First name",
    "last_name": "Last name",
    "company": "Company",
    "time_zone": "Time zone",
    "language": "Language",
    "tags": "Tags",
}
_HINTS = {"phone": "With country code, +49 …", "time_zone": "Such as Europe/Berlin", "tags": "Separated by commas"}


def _field(name: str) -> rx.Component:
    identifier = f"contact-{name.replace('_', '-')}"
    control = c.text_input(
        identifier,
        value=ContactForm.values[name],
        on_change=lambda value: ContactForm.change(name, value),
        error=ContactForm.errors[name],
        auto_complete="off",
    )
    return c.form_field(
        _LABELS[name], control, name=identifier, error=ContactForm.errors[name], hint=_HINTS.get(name, "")
    )


def _attribute(pair: Any, index: Any) -> rx.Component:
    def box(part: int, label: str) -> rx.Component:
        return rx.text_field(
            value=pair[part],
            on_change=lambda value: ContactForm.change_attribute(index, part, value),
            aria_label=label,
            placeholder=label,
            width="100%",
        )

    return rx.el.div(box(0, "Attribute"), box(1, "Value"), class_name="b-row")


def contact_dialog() -> rx.Component:
    """Every field, custom attributes below."""
    pairs = [("first_name", "last_name"), ("email", "phone"), ("company", "language"), ("time_zone", "tags")]
    rows = [rx.el.div(_field(left), _field(right), class_name="b-form-pair") for left, right in pairs]
    return c.dialog(
        rx.cond(ContactForm.contact_number == 0, "Add contact", "Edit contact"),
        rx.el.div(
            *rows,
            rx.foreach(ContactForm.attributes, _attribute),
            rx.el.div(c.text_link("Add attribute", on_click=ContactForm.add_attribute)),
            class_name="b-col b-gap-12",
        ),
        open=ContactForm.opened,
        on_open_change=ContactForm.set_open,
        text="An e-mail address or a phone number is needed.",
        foot=[
            c.outline_button("Cancel", on_click=ContactForm.set_open(False)),
            c.primary_button("Save contact", on_click=ContactForm.save, busy=ContactForm.saving),
        ],
        width="560px",
    )
