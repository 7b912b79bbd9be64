"""The stat strip whose cells choose the chart below."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui.analytics.metrics import METRICS
from campaign_app.ui.kit.vars import is_empty


def metric_strip(cells: Any, chosen: Any, on_choose: Any, loading: Any) -> rx.Component:
    """`cells` is a Var of list[Cell], in the order of METRICS."""
    return c.stat_strip(
        *(
            c.stat(
                label,
                cells[index].value,
                delta=cells[index].delta,
                trend=cells[index].trend,
                rising=cells[index].rising,
                chosen=chosen == key,
                on_click=on_choose(key),
                loading=loading | is_empty(cells),
            )
            for index, (key, (label, _, _)) in enumerate(METRICS.items())
        )
    )
