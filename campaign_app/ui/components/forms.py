"""Fields of a form: label, control and error, connected for screen readers."""

from typing import Any

import reflex as rx

from campaign_app.ui.components.base import Box, Content, Handler, Size, Text, Truth, icon
from campaign_app.ui.kit.vars import choose


def form_field(
    label: Text,
    control: rx.Component,
    *,
    name: str,
    error: Text = "",
    hint: Text = "",
    counter: Text = "",
    over: Truth = False,
    optional: bool = False,
) -> rx.Component:
    """Label above, counter beside it, hint or error below. Id of the control: `name`, of its note: `name-note`."""
    head: list[rx.Component] = [rx.el.label(label, html_for=name, class_name="b-label")]
    if optional:
        head.append(rx.el.span("optional", class_name="b-small b-muted"))
    if not isinstance(counter, str) or counter:
        head.append(rx.el.span(counter, class_name="b-counter-right", data_over=choose(over, "true", "false")))
    wrong = rx.el.div(icon("circle_alert", 12), rx.el.span(error), class_name="b-field-error")
    note = rx.cond(rx.Var.create(error) != "", wrong, rx.el.div(hint, class_name="b-field-hint"))
    has_note = not (isinstance(error, str) and not error and isinstance(hint, str) and not hint)
    below = [rx.el.div(note, id=f"{name}-note", aria_live="polite")] if has_note else []
    return rx.el.div(rx.el.div(*head, class_name="b-label-row"), control, *below, class_name="b-field")


def text_input(
    name: str,
    *,
    value: Text | None = None,
    on_change: Handler = None,
    error: Text = "",
    size: str = "2",
    before: Content | None = None,
    after: Content | None = None,
    **props: Any,
) -> rx.Component:
    """One line. Controlled when `value` is given; with `default_value` and `on_blur` the browser keeps the text."""
    if value is not None:
        props["value"] = value
    if on_change is not None:
        props["on_change"] = on_change
    slots = []
    if before is not None:
        slots.append(rx.text_field.slot(before, side="left"))
    if after is not None:
        slots.append(rx.text_field.slot(after, side="right"))
    return rx.text_field(*slots, id=name, name=name, size=size, width="100%", **_wrong(name, error), **props)


def text_area(
    name: str, *, value: Text | None = None, on_change: Handler = None, error: Text = "", rows: str = "4", **props: Any
) -> rx.Component:
    """Several lines."""
    if value is not None:
        props["value"] = value
    if on_change is not None:
        props["on_change"] = on_change
    return rx.text_area(id=name, name=name, rows=rows, width="100%", **_wrong(name, error), **props)


def _wrong(name: str, error: Text) -> dict[str, Any]:
    bad = rx.Var.create(error) != ""
    return {
        "aria_describedby": f"{name}-note",
        "aria_invalid": choose(bad, "true", "false"),
        "data_invalid": choose(bad, "true", "false"),
    }


def select_input(
    name: str,
    options: Any,
    value: Text,
    on_change: Handler,
    *,
    placeholder: str = "Choose",
    label: str = "",
    error: Text = "",
    size: Size = "2",
    width: str = "100%",
    disabled: Truth = False,
) -> rx.Component:
    """A choice from a list. `options` are (value, label) pairs or a Var of them; a value may not be ""."""
    named: dict[str, Any] = {"aria_label": label} if label else {}
    return rx.select.root(
        rx.select.trigger(placeholder=placeholder, id=name, width=width, **_wrong(name, error), **named),
        rx.select.content(*_select_items(options), position="popper", class_name="b-float"),
        value=value,
        on_change=on_change,
        name=name,
        size=size,
        disabled=disabled,
    )


def select_field(
    name: str,
    options: Any,
    default: Text,
    *,
    placeholder: str = "Choose",
    error: Text = "",
    size: Size = "2",
    disabled: Truth = False,
) -> rx.Component:
    """A choice from a list, in a form that is submitted. `options` as in `select_input`."""
    return rx.select.root(
        rx.select.trigger(placeholder=placeholder, id=name, width="100%", **_wrong(name, error)),
        rx.select.content(*_select_items(options), position="popper", class_name="b-float"),
        default_value=default,
        name=name,
        size=size,
        disabled=disabled,
    )


def _select_items(options: Any) -> list[rx.Component]:
    def item(pair: Any) -> rx.Component:
        return rx.select.item(pair[1], value=pair[0])

    return [item(pair) for pair in options] if isinstance(options, list | tuple) else [rx.foreach(options, item)]


def switch_field(name: str, label: Text, default: Truth, *, hint: Text = "", disabled: Truth = False) -> rx.Component:
    """A switch in a form that is submitted."""
    words = rx.el.span(rx.el.span(label), rx.el.span(hint, class_name="b-small b-muted"), class_name="b-col")
    control = rx.switch(id=name, name=name, default_checked=default, disabled=disabled, size="1")
    return rx.el.label(control, words, class_name="b-choice")


def switch(
    label: Text, checked: Truth, on_change: Handler, *, disabled: Truth = False, hint: Text = ""
) -> rx.Component:
    """A switch that takes effect at once."""
    words = rx.el.span(
        rx.el.span(label),
        *([rx.el.span(hint, class_name="b-small b-muted")] if not isinstance(hint, str) or hint else []),
        class_name="b-col",
    )
    return rx.el.label(
        rx.switch(checked=checked, on_change=on_change, disabled=disabled, size="1"), words, class_name="b-choice"
    )


def checkbox(
    label: Text, checked: Truth | None = None, on_change: Handler = None, *, disabled: Truth = False, **props: Any
) -> rx.Component:
    """A checkbox with its label; give `name` and `default_checked` inside a native form."""
    if checked is not None:
        props["checked"] = checked
    if on_change is not None:
        props["on_change"] = on_change
    return rx.el.label(Box.create(disabled=disabled, size="2", **props), rx.el.span(label), class_name="b-choice")
