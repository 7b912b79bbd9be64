"""The column beside the recipients: two charts and the activity."""

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui.campaign_detail.page_state import CampaignPage
from campaign_app.ui.campaign_detail.side_state import HEIGHT, CampaignSide
from campaign_app.ui.components.charts import chart_card
from campaign_app.ui.kit.vars import has_items


def side_column() -> rx.Component:
    """Opens and clicks, the sending rate, and the activity log."""
    drawn = rx.fragment(
        chart_card(
            "Opened by people",
            CampaignSide.opened_figure,
            label=f"Opened by people over time: {CampaignSide.opened_text}",
            height=HEIGHT,
            aside=rx.el.span(CampaignSide.opened_text, class_name="b-muted b-dense b-num"),
        ),
        chart_card(
            CampaignSide.sent_title,
            CampaignSide.sent_figure,
            label=f"{CampaignSide.sent_title}, as bars over time",
            height=HEIGHT,
        ),
    )
    return rx.el.div(
        rx.cond(CampaignSide.ready, drawn, rx.fragment()),
        c.card(
            rx.cond(
                has_items(CampaignPage.activity),
                c.activity_log(CampaignPage.activity),
                rx.el.p("Nothing has happened yet.", class_name="b-muted b-dense"),
            ),
            title="Activity",
        ),
        class_name="b-col b-gap-16",
    )
