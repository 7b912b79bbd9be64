"""Dialogs as components: a question before an action, and a form over the page."""

from collections.abc import Sequence
from typing import Any, cast

import reflex as rx
from reflex_base.event import EventSpec

from campaign_app.ui.app_state import AppState
from campaign_app.ui.components.base import Content, Text
from campaign_app.ui.components.buttons import outline_button, primary_button
from campaign_app.ui.components.dialogs import confirm_dialog, dialog
from campaign_app.ui.kit.dialogs_state import Dialog, Questions
from campaign_app.ui.kit.forms import Overrides, form_body
from campaign_app.ui.kit.forms_state import FormDialog
from campaign_app.ui.kit.vars import all_of, same


def is_open(state: type[Dialog]) -> rx.Var[bool]:
    """Whether a dialog is open on the current page."""
    return same(state.shown_in, AppState.visit)


def open_form(state: type[FormDialog], key: object = "") -> EventSpec:
    """The event that opens a form for an object, or for a new one."""
    return cast("EventSpec", state.open(key))


def ask(state: type[Questions], what: str, key: object = "", subject: Text = "") -> EventSpec:
    """The event that asks one of the questions about an object."""
    return cast("EventSpec", state.ask(what, key, subject))


def question(
    state: type[Questions],
    what: str,
    title: Text,
    text: Content,
    *,
    act: Text,
    cancel: Text = "Keep it",
    danger: bool = False,
    instead: Content | None = None,
) -> rx.Component:
    """One of the questions of `state`."""
    return confirm_dialog(
        title,
        text,
        act=act,
        on_confirm=state.answer(what),
        cancel=cancel,
        danger=danger,
        open=all_of(is_open(state), same(state.asked, what)),
        on_open_change=state.close,
        instead=instead,
        busy=state.answering,
    )


def form_dialog(
    state: type[FormDialog],
    title: Text,
    *,
    act: Text,
    cancel: Text = "Cancel",
    text: Text = "",
    before: Content | None = None,
    after: Content | None = None,
    rows: Sequence[Content] | None = None,
    width: str = "460px",
    overrides: Overrides | None = None,
) -> rx.Component:
    """The form of `state` over the page."""
    foot = rx.el.div(
        rx.el.div(class_name="b-grow"),
        outline_button(cancel, on_click=state.close(False)),
        primary_button(act, type="submit", busy=state.saving),
        class_name="b-dialog-foot",
    )
    form = form_body(
        state, before=before, after=after, rows=rows, foot=foot, class_name="b-dialog-form", overrides=overrides
    )
    return dialog(title, form, text=text, open=is_open(state), on_open_change=state.close, width=width)


def plain_dialog(state: type[Dialog], title: Text, *children: Content, **more: Any) -> rx.Component:
    """A dialog without a form, such as one that shows something."""
    return dialog(title, *children, open=is_open(state), on_open_change=state.close, **more)
