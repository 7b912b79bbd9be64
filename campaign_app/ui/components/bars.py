"""Bars in plain HTML: funnels and shares, always with the number beside the bar."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from campaign_app.ui.components.base import Number, Text


@dataclass
class Bar:
    """One bar. `share` (0 to 100) is its length; `value` and `rate` are shown beside it."""

    label: str
    share: float
    value: str
    rate: str = ""


def bar_list(rows: Any, color: str = "var(--b-chart)") -> rx.Component:
    """`rows` is a list[Bar] or a Var of one."""

    def row(item: Any) -> rx.Component:
        return rx.el.li(
            rx.el.span(item.label, class_name="b-strong b-ell"),
            rx.el.span(
                rx.el.span(class_name="b-bar-fill", style={"width": f"{item.share}%", "background": color}),
                class_name="b-bar-track",
                aria_hidden="true",
            ),
            rx.el.span(item.value, class_name="b-bar-value"),
            rx.el.span(item.rate, class_name="b-bar-rate"),
            class_name="b-bar",
        )

    return rx.el.ul(rx.foreach(rx.Var.create(rows), row), class_name="b-bars")


def share_bar(share: Number, color: Text = "var(--green-9)") -> rx.Component:
    """A thin bar for a limit or a share of 0 to 100. The text is beside it."""
    return rx.el.span(
        rx.el.span(class_name="b-bar-fill", style={"width": f"{share}%", "background": color}),
        class_name="b-share",
        aria_hidden="true",
    )
