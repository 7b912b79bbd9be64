"""The dialog that answers "why (not)?" for one recipient."""

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui.campaign_detail.why_state import RuleLine, WhyDialog
from campaign_app.ui.kit.dialogs import plain_dialog
from campaign_app.ui.kit.vars import is_set


def _rule(rule: RuleLine) -> rx.Component:
    return rx.el.li(
        rx.el.span(c.status_icon(rule.mark, 16), class_name="b-item-mark"),
        rx.el.div(
            rx.el.div(rule.title, class_name="b-strong b-dense"),
            rx.cond(is_set(rule.detail), rx.el.div(rule.detail, class_name="b-dense b-muted"), rx.fragment()),
            rx.cond(is_set(rule.at), rx.el.div(rule.at, class_name="b-small b-muted b-num"), rx.fragment()),
            class_name="b-grow",
        ),
        class_name="b-item",
    )


def why_dialog() -> rx.Component:
    """All rules in order, the server's reply, the link to the contact."""

    def name(label: str, value: str) -> rx.Component:
        shown = rx.el.div(rx.el.dt(label), rx.el.dd(value, class_name="b-num"), class_name="b-fact")
        return rx.cond(is_set(value), shown, rx.fragment())

    names = rx.el.dl(
        name("Server's number", WhyDialog.provider_id), name("Message-ID", WhyDialog.message_id), class_name="b-facts"
    )
    words = rx.cond(
        is_set(WhyDialog.response),
        rx.el.div(
            rx.el.div("The server said", class_name="b-small b-muted"),
            rx.el.code(WhyDialog.response, class_name="b-quote"),
        ),
        rx.fragment(),
    )
    return plain_dialog(
        WhyDialog,
        WhyDialog.name,
        rx.el.div(c.status_badge(WhyDialog.status), class_name="b-row"),
        rx.el.ol(rx.foreach(WhyDialog.rules, _rule), class_name="b-col b-plain-list", aria_label="What happened"),
        words,
        rx.cond(is_set(WhyDialog.message_id), names, rx.fragment()),
        text=WhyDialog.address,
        foot=[
            c.outline_button("Close", on_click=WhyDialog.close(False)),
            c.outline_button("Open contact", "user", href=WhyDialog.contact_href),
        ],
        width="520px",
    )
