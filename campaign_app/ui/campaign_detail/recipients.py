"""The recipients tab."""

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui.campaign_detail.recipients_state import RecipientLine, Recipients
from campaign_app.ui.campaign_detail.why import why_dialog
from campaign_app.ui.campaign_detail.why_state import WhyDialog
from campaign_app.ui.kit.lists import Table, chip, has_no_rows, pager_of, problem, table_of, toolbar
from campaign_app.ui.kit.vars import as_text


def _name(line: RecipientLine) -> rx.Component:
    name = rx.el.button(line.name, type="button", on_click=WhyDialog.show(line.id), class_name="b-row-link b-ell")
    return rx.el.td(
        rx.el.div(name, rx.el.span(line.address, class_name="b-muted b-ell"), class_name="b-row"),
        class_name="b-squeeze",
    )


def _reason(line: RecipientLine) -> rx.Component:
    return rx.el.span(line.reason, title=line.reason, class_name="b-ell")


def _phone_row(line: RecipientLine) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            rx.el.div(
                rx.el.span(line.name, class_name="b-strong b-ell"), c.status_badge(line.status), class_name="b-between"
            ),
            rx.el.div(
                rx.el.span(line.reason, class_name="b-ell"), rx.el.span(line.time), class_name="b-between b-muted b-num"
            ),
            type="button",
            on_click=WhyDialog.show(line.id),
            class_name="b-phone-link",
        ),
        class_name="b-phone-item",
        key=as_text(line.id),
    )


def _filters() -> rx.Component:
    live = rx.cond(
        Recipients.stale,
        c.small_button("Show news", "refresh_cw", on_click=Recipients.thaw),
        rx.cond(
            Recipients.latest,
            rx.el.span(
                c.text_link("Show everyone", on_click=Recipients.show_all), c.live_dot(), class_name="b-row b-gap-12"
            ),
            rx.fragment(),
        ),
    )
    reason = next(one for one in Recipients.spec.filters if one.name == "reason")
    more = [rx.el.span(chip(Recipients, reason), class_name="b-only-wide")]
    return toolbar(Recipients, search="Search recipients", more=more, actions=live, counts=False)


_TABLE = Table(
    "Recipients",
    [
        c.Column("Recipient", width="44%", cell=_name),
        c.Column("Status", width="120px", cell=lambda line: c.status_badge(line.status)),
        c.Column("Reason", width="40%", muted=True, class_name="b-squeeze", cell=_reason),
        c.Column(
            "Time",
            align="right",
            width="120px",
            muted=True,
            cell=lambda line: line.time,
            title=lambda line: line.exact,
        ),
    ],
    phone_row=_phone_row,
    two_lines=False,
    bleed=False,
)


def recipients_tab() -> rx.Component:
    table = rx.el.div(table_of(Recipients, _TABLE), on_mouse_enter=Recipients.freeze, on_mouse_leave=Recipients.thaw)
    nobody = rx.cond(
        Recipients.narrowed,
        c.no_match("No recipients match", Recipients.clear),
        rx.el.p("The recipients are found at launch.", class_name="b-muted b-dense"),
    )
    return rx.el.div(
        _filters(),
        problem(Recipients),
        rx.cond(has_no_rows(Recipients), nobody, c.card(table, pad=False)),
        pager_of(Recipients),
        why_dialog(),
        class_name="b-col b-gap-12",
    )
