"""The dialog that keeps a campaign's message as a template."""

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui.campaign_detail.template_state import SaveAsTemplate as S

FORM = "save-as-template"


def template_dialog() -> rx.Component:
    """Name and category of the new template."""
    fields = rx.form(
        c.form_field(
            "Name",
            c.text_input("template-name", default_value=S.name, error=S.error, max_length=255, auto_complete="off"),
            name="template-name",
            error=S.error,
        ),
        c.form_field(
            "Category",
            c.text_input("template-category", default_value=S.category, max_length=64, auto_complete="off"),
            name="template-category",
            optional=True,
        ),
        id=FORM,
        on_submit=S.save,
        reset_on_submit=False,
        class_name="b-col b-gap-12",
    )
    return c.dialog(
        "Save as template",
        fields,
        open=S.opened,
        on_open_change=S.change,
        text="Subject, preview text and message go into the library. The campaign stays as it is.",
        foot=[
            c.outline_button("Cancel", on_click=S.change(False)),
            c.primary_button("Save template", type="submit", form=FORM, busy=S.saving),
        ],
    )
