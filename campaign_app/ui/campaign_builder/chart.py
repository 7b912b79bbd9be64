"""The finishing time as bars by hour. A separate module because it loads Plotly."""

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui.campaign_builder.review_state import BuilderReview as State
from campaign_app.ui.components.charts import chart
from campaign_app.ui.kit.vars import has_items


def finish_card() -> rx.Component:
    """When the last message is sent, and how many per hour."""
    return c.card(
        rx.el.p(State.finish_text, class_name="b-dense b-muted"),
        rx.cond(
            has_items(State.fig),
            chart(State.fig, label=f"{State.finish_title}. {State.finish_text}", height=148),
            rx.fragment(),
        ),
        rx.el.p(State.hours_note, class_name="b-small b-muted"),
        title=State.finish_title,
    )
