"""Dialogs: questions before actions that cannot be undone, and small forms over the page."""

import reflex as rx

from campaign_app.ui.components.base import Content, Handler, Text, Truth
from campaign_app.ui.components.buttons import danger_button, outline_button, primary_button
from campaign_app.ui.components.page import facts as fact_list


def confirm_dialog(
    title: Text,
    text: Content,
    *,
    act: Text,
    on_confirm: Handler,
    open: Truth,
    on_open_change: Handler,
    cancel: Text = "Keep it",
    danger: bool = False,
    facts: list[tuple[Text, Content]] | None = None,
    instead: Content | None = None,
    busy: Truth = False,
    disabled: Truth = False,
) -> rx.Component:
    """A question with its consequences. The button repeats the verb of the title. Focus starts on the safe button."""
    button = danger_button if danger else primary_button
    foot = rx.el.div(
        rx.el.div(*([instead] if instead is not None else []), class_name="b-grow"),
        rx.alert_dialog.cancel(outline_button(cancel)),
        rx.alert_dialog.action(button(act, on_click=on_confirm, busy=busy, disabled=disabled)),
        class_name="b-dialog-foot",
    )
    return rx.alert_dialog.root(
        rx.alert_dialog.content(
            rx.alert_dialog.title(title, class_name="b-dialog-title"),
            rx.alert_dialog.description(text, class_name="b-dialog-text"),
            *([fact_list(facts)] if facts else []),
            foot,
            class_name="b-dialog",
            max_width="460px",
        ),
        open=open,
        on_open_change=on_open_change,
    )


def dialog(
    title: Text,
    *children: Content,
    open: Truth,
    on_open_change: Handler,
    foot: list[Content] | None = None,
    text: Text = "",
    width: str = "460px",
) -> rx.Component:
    """A small form over the page; `foot` are its buttons on the right."""
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(title, class_name="b-dialog-title"),
            rx.dialog.description(text, class_name="b-dialog-text"),
            *children,
            *([rx.el.div(rx.el.div(class_name="b-grow"), *foot, class_name="b-dialog-foot")] if foot else []),
            class_name="b-dialog",
            max_width=width,
        ),
        open=open,
        on_open_change=on_open_change,
    )
