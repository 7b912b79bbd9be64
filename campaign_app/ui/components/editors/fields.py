"""The editors as form fields: label, counter, error."""

from typing import Any

import reflex as rx

from campaign_app.ui.components.base import Handler, Text, Truth
from campaign_app.ui.components.editors.code import CodeEditor
from campaign_app.ui.components.editors.message import LineEditor, MessageEditor
from campaign_app.ui.components.forms import form_field


def line_field(
    name: str,
    label: str,
    value: Text,
    on_change: Handler,
    *,
    revision: Any,
    variables: Any,
    error: Text = "",
    counter: Text = "",
    over: Truth = False,
) -> rx.Component:
    """One line with variable chips."""
    editor = LineEditor.create(
        editor_id=name, value=value, revision=revision, variables=variables, label=label, on_change=on_change
    )
    return form_field(label, editor, name=name, error=error, counter=counter, over=over)


def message_field(
    kind: Any, value: Text, on_change: Handler, *, revision: Any, variables: Any, dark: Truth, error: Text = ""
) -> rx.Component:
    """The message in the editor that `kind` ("text" or "html") names."""
    shared: dict[str, Any] = {
        "value": value,
        "revision": revision,
        "variables": variables,
        "on_change": on_change,
        "editor_id": "message",
    }
    editor = rx.cond(
        kind == "text",
        MessageEditor.create(label="Message", **shared),
        CodeEditor.create(label="Message as HTML", dark=dark, **shared),
    )
    return form_field("Message", editor, name="message", error=error)


def editor_choice(kind: Any, on_change: Handler) -> rx.Component:
    """Simple text or HTML."""
    return rx.segmented_control.root(
        rx.segmented_control.item("Simple text", value="text"),
        rx.segmented_control.item("HTML", value="html"),
        value=kind,
        on_change=on_change,
        aria_label="Editor",
        size="1",
    )
