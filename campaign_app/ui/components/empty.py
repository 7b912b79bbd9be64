"""Placeholders for empty and loading content; and callouts."""

from typing import Any, Literal

import reflex as rx

from campaign_app.ui.components.base import Content, Handler, Text, Truth, icon
from campaign_app.ui.components.buttons import outline_button
from campaign_app.ui.components.page import two_lines


def empty_state(
    icon_name: str,
    title: Text,
    text: Text,
    *steps: Content,
    action: Content | None = None,
    links: list[Content] | None = None,
) -> rx.Component:
    """An empty list: what it is for, the steps to fill it, one solid button."""
    below = []
    if steps:
        below.append(rx.el.div(*steps, class_name="b-card"))
    if action is not None:
        below.append(rx.el.div(action))
    if links:
        below.append(rx.el.div(*links, class_name="b-row b-gap-16"))
    return rx.el.div(
        rx.el.div(
            rx.el.span(icon(icon_name, 20), class_name="b-empty-tile"),
            rx.el.h2(title),
            rx.el.p(text, class_name="b-muted"),
            *below,
            class_name="b-empty",
        ),
        class_name="b-empty-box",
    )


def setup_step(title: Text, detail: Text, done: Truth, action: Content | None = None) -> rx.Component:
    """A step in an empty state, with its progress."""
    tick = rx.cond(
        done,
        icon("circle_check", 16, color="var(--green-11)", stroke_width=2),
        icon("circle_dashed", 16, color="var(--gray-11)"),
    )
    return rx.el.div(
        tick,
        rx.el.div(two_lines(title, detail), class_name="b-grow"),
        *([action] if action is not None else []),
        class_name="b-item b-item-centred",
    )


def no_match(title: Text, on_clear: Handler, text: Text = "Change or clear the filters to see more.") -> rx.Component:
    """A list whose filters match nothing."""
    return rx.el.div(
        rx.el.h2(title),
        rx.el.p(text, class_name="b-muted"),
        rx.el.span(outline_button("Clear filters", on_click=on_clear), data_clear_search="true"),
        class_name="b-nothing",
    )


def skeleton_lines(count: int = 3) -> rx.Component:
    """Gray bars in place of loading text."""
    widths = ("92%", "68%", "80%", "56%")
    return rx.el.div(
        *(rx.skeleton(width=widths[i % 4], height="12px") for i in range(count)),
        class_name="b-col b-gap-12",
        aria_hidden="true",
    )


def skeleton_card(lines: int = 4) -> rx.Component:
    """A card that is loading."""
    return rx.el.div(
        rx.skeleton(width="120px", height="14px"), skeleton_lines(lines), class_name="b-card b-card-pad b-col b-gap-16"
    )


_KINDS: dict[str, tuple[str, str]] = {
    "info": ("iris", "info"),
    "success": ("green", "circle_check"),
    "warning": ("amber", "triangle_alert"),
    "error": ("red", "circle_x"),
}


def callout(
    text: Content,
    kind: Literal["info", "success", "warning", "error"] = "info",
    *,
    title: Text = "",
    action: Content | None = None,
    **props: Any,
) -> rx.Component:
    """A tinted box in the page: the cause, and the action on the right."""
    color, mark = _KINDS[kind]
    return rx.el.div(
        icon(mark, 16, color=f"var(--{color}-11)", stroke_width=2, margin_top="2px"),
        rx.el.div(
            rx.cond(rx.Var.create(title) != "", rx.el.div(title, class_name="b-strong"), rx.fragment()),
            rx.el.div(text, class_name="b-dense"),
            class_name="b-grow",
        ),
        *([action] if action is not None else []),
        class_name="b-callout",
        style={"background": f"var(--{color}-a3)"},
        role="alert" if kind == "error" else "status",
        **props,
    )
