"""The recipients tab."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui.campaign_detail.recipients_state import STATUSES, RecipientLine, Recipients
from campaign_app.ui.campaign_detail.why import why_dialog
from campaign_app.ui.campaign_detail.why_state import WhyDialog
from campaign_app.ui.kit.vars import as_text, is_empty
from campaign_app.ui.theme import STATUS

_COLUMNS = [
    c.Column("Recipient", width="44%"),
    c.Column("Status", width="120px"),
    c.Column("Reason", width="40%"),
    c.Column("Time", align="right", width="120px"),
]


def _row(line: RecipientLine) -> rx.Component:
    return c.table_row(
        rx.el.td(
            rx.el.div(
                rx.el.button(line.name, type="button", on_click=WhyDialog.show(line.id), class_name="b-row-link b-ell"),
                rx.el.span(line.address, class_name="b-muted b-ell"),
                class_name="b-row",
            ),
            class_name="b-squeeze",
        ),
        c.cell(c.status_badge(line.status)),
        c.cell(rx.el.span(line.reason, title=line.reason, class_name="b-ell"), muted=True, class_name="b-squeeze"),
        c.cell(line.time, align="right", muted=True, title=line.exact),
        key=as_text(line.id),
    )


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
    return c.filter_bar(
        c.choice_chip("Status", Recipients.status, [(s, STATUS[s].label) for s in STATUSES], Recipients.filter_status),
        rx.el.span(_reason_chip(), class_name="b-only-wide"),
        search=c.search_field(Recipients.search, Recipients.find.debounce(250), "Search recipients"),
        actions=live,
    )


def _reason_chip() -> rx.Component:
    from campaign_app.models.delivery import Reason

    options = [(r.value, r.label) for r in Reason if r is not Reason.NONE]
    return c.choice_chip("Reason", Recipients.reason, options, Recipients.filter_reason)


def recipients_tab() -> rx.Component:
    """Filters, the table, its pager."""
    filtered: Any = (Recipients.search != "") | (Recipients.status != "") | (Recipients.reason != "")
    table = rx.el.div(
        c.data_table(
            _COLUMNS,
            Recipients.rows,
            _row,
            label="Recipients",
            loading=Recipients.loading,
            bleed=False,
            two_lines=False,
            phone_row=_phone_row,
        ),
        on_mouse_enter=Recipients.freeze,
        on_mouse_leave=Recipients.thaw,
    )
    nobody = rx.cond(
        filtered,
        c.no_match("No recipients match", Recipients.clear),
        rx.el.p("The recipients are found at launch.", class_name="b-muted b-dense"),
    )
    return rx.el.div(
        _filters(),
        rx.cond(is_empty(Recipients.rows) & ~Recipients.loading, nobody, c.card(table, pad=False)),
        c.pager(
            Recipients.range_text,
            has_previous=Recipients.has_previous,
            has_next=Recipients.has_next,
            on_previous=Recipients.back,
            on_next=Recipients.forward,
        ),
        why_dialog(),
        class_name="b-col b-gap-12",
    )
