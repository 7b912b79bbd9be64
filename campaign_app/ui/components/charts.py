"""Charts. A separate module, because only pages that import it should load Plotly's 450 kB."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import plotly.io
import reflex as rx
from reflex_components_plotly.plotly import PlotlyCartesian

from campaign_app.ui import theme
from campaign_app.ui.components.base import Content, Text, Truth, icon
from campaign_app.ui.components.page import card

plotly.io.templates.default = "none"  # we set the colours


def legend_item(label: Text, color: str) -> rx.Component:
    """A square dot and a word; `color` is a CSS colour, for example var(--iris-9)."""
    return rx.el.span(
        rx.el.span(class_name="b-square", style={"background": color}), label, class_name="b-row b-dense b-muted"
    )


def chart(fig: Any, *, label: Text, height: int = 206, loading: Truth = False) -> rx.Component:
    """A figure kept as a dict Var (`json.loads(figure.to_json())`). `label` tells screen readers its main result."""
    drawn = PlotlyCartesian.create(
        data=fig.to(go.Figure), config=theme.chart_config(), use_resize_handler=True, width="100%", height=f"{height}px"
    )
    waiting = rx.skeleton(width="100%", height=f"{height - 28}px")
    return rx.el.div(
        rx.cond(loading, waiting, drawn),
        role="img",
        aria_label=label,
        class_name="b-chart",
        style={"height": f"{height}px"},
    )


def chart_card(
    title: Text,
    fig: Any,
    *,
    label: Text,
    height: int = 206,
    aside: Content | None = None,
    legend: Sequence[tuple[Text, str]] = (),
    table: Content | None = None,
    meta: Text | None = None,
    loading: Truth = False,
) -> rx.Component:
    """A card with one figure. `table` (rx.el.table or data_table) is shown by "Show as table"."""
    right: list[Content] = [legend_item(*entry) for entry in legend]
    if aside is not None:
        right.append(aside)
    parts = [chart(fig, label=label, height=height, loading=loading)]
    if table is not None:
        words = rx.el.summary(icon("table", 14), "Show as table", class_name="b-chart-summary")
        parts.append(rx.el.details(words, table, class_name="b-chart-table"))
    return card(*parts, title=title, meta=meta, aside=rx.el.div(*right, class_name="b-row b-gap-12") if right else None)
