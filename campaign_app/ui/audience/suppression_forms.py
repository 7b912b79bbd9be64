"""The dialogs of the suppression list."""

import reflex as rx

from campaign_app.ui.audience.suppression_forms_state import SuppressionForm, SuppressionQuestions
from campaign_app.ui.kit.dialogs import form_dialog, question


def suppression_dialogs() -> rx.Component:
    """Addresses to add; the question before one is removed."""
    return rx.fragment(
        form_dialog(
            SuppressionForm,
            "Add to the suppression list",
            act="Add addresses",
            text="No campaign reaches these addresses, running ones included.",
        ),
        question(
            SuppressionQuestions,
            "remove",
            f"Remove {SuppressionQuestions.key}?",
            "Campaigns may reach this address again. Only do this when the person asked for it.",
            act="Remove address",
            danger=True,
        ),
    )
