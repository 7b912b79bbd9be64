"""The dialogs of the page of lists."""

import reflex as rx

from campaign_app.ui.audience.list_forms_state import ListForm, ListQuestions
from campaign_app.ui.kit.dialogs import form_dialog, question
from campaign_app.ui.kit.vars import choose


def list_dialogs() -> rx.Component:
    """Name and description; the question before deleting."""
    title = choose(ListForm.key == "", "New list", "Rename list")
    return rx.fragment(
        form_dialog(ListForm, title, act="Save list"),
        question(
            ListQuestions,
            "delete",
            f"Delete the list {ListQuestions.subject}?",
            ListQuestions.words,
            act="Delete list",
            danger=True,
        ),
    )
