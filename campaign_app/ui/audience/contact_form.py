"""The dialog of one contact."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui.audience.contact_form_state import ContactForm, attribute_id
from campaign_app.ui.kit.dialogs import form_dialog
from campaign_app.ui.kit.vars import choose


def _attribute(pair: Any, index: Any) -> rx.Component:
    def box(part: int, label: str) -> rx.Component:
        return rx.text_field(
            name=attribute_id(index, part),
            default_value=pair[part],
            aria_label=label,
            placeholder=label,
            width="100%",
        )

    return rx.el.div(box(0, "Attribute"), box(1, "Value"), class_name="b-row")


def contact_dialog() -> rx.Component:
    """All fields, then custom attributes."""
    attributes = rx.fragment(
        rx.foreach(ContactForm.attributes, _attribute),
        rx.el.div(c.text_link("Add attribute", on_click=ContactForm.add_attribute)),
    )
    return form_dialog(
        ContactForm,
        choose(ContactForm.key == "", "Add contact", "Edit contact"),
        act="Save contact",
        text="An e-mail address or a phone number is needed.",
        after=attributes,
        width="560px",
    )
