"""The content tab: the message as each recipient got it."""

from typing import Literal

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui.campaign_detail.content_state import CampaignContent

_PARTS = [c.View("Desktop", "desktop"), c.View("Phone", "phone"), c.View("Text", "text")]


def content_tab() -> rx.Component:
    picker = rx.el.select(
        rx.foreach(CampaignContent.choices, lambda pair: rx.el.option(pair[1], value=pair[0])),
        value=CampaignContent.chosen,
        on_change=CampaignContent.choose,
        aria_label="Recipient",
        class_name="b-select",
    )
    frame = rx.match(
        CampaignContent.part,
        ("text", rx.el.pre(CampaignContent.text, class_name="b-quote b-pre")),
        ("phone", _frame("phone")),
        _frame("desktop"),
    )
    return rx.el.div(
        rx.el.div(
            picker,
            c.saved_views(_PARTS, CampaignContent.part, CampaignContent.show_part, label="Width of the preview"),
            class_name="b-between b-wrap",
        ),
        rx.cond(
            CampaignContent.problem != "",
            c.callout(CampaignContent.problem, "error", title="The message cannot be made"),
            rx.cond(CampaignContent.loading, c.skeleton_card(6), frame),
        ),
        class_name="b-col b-gap-12",
    )


def _frame(width: Literal["desktop", "phone"]) -> rx.Component:
    return c.preview_frame(
        CampaignContent.html,
        width=width,
        subject=CampaignContent.subject,
        sender=CampaignContent.sender,
        sender_letters=CampaignContent.letters,
        to=CampaignContent.recipient,
    )
