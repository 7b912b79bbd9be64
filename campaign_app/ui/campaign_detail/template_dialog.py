"""The dialog that saves a campaign's message as a template."""

import reflex as rx

from campaign_app.ui.campaign_detail.template_state import SaveAsTemplate
from campaign_app.ui.kit.dialogs import form_dialog


def template_dialog() -> rx.Component:
    """Name and category of the new template."""
    return form_dialog(
        SaveAsTemplate,
        "Save as template",
        act="Save template",
        text="Subject, preview text and message go into the library. The campaign stays as it is.",
    )
