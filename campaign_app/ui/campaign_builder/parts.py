"""Small components that the builder's steps share."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui.campaign_builder.state import Builder
from campaign_app.ui.kit.vars import entry


def step_head(title: str, text: str = "") -> rx.Component:
    """Title of a step and one sentence about what to do."""
    return rx.el.div(rx.el.h2(title), *([rx.el.p(text)] if text else []), class_name="bd-head")


def error_of(field: str) -> Any:
    """The error of a field; "" without one."""
    return entry(Builder.errors, field)


def own_input(name: str, value: Any, on_text: Any, **props: Any) -> rx.Component:
    """A one-line input whose text the browser keeps while it is edited, so that a server update removes no letters.

    The server's text is set again when `Builder.revision` increases. Sent 300 ms after the last key and on leaving.
    """
    return c.text_input(
        name,
        default_value=value,
        key=f"{name}-{Builder.revision}",
        on_change=on_text.debounce(300),
        on_blur=on_text,
        error=error_of(name),
        size="3",
        **props,
    )


def option(group: str, label: Any, detail: Any, checked: Any, on_choose: Any, *more: Any) -> rx.Component:
    """A radio button with a sentence below and, when given, its own fields."""
    words = rx.el.span(
        rx.el.span(label, class_name="b-strong"), rx.el.span(detail, class_name="b-dense b-muted"), class_name="b-col"
    )
    radio = rx.el.input(type="radio", name=group, checked=checked, on_change=on_choose)
    return rx.el.label(radio, words, *more, class_name="bd-option")
