"""The suppression list."""

from typing import Any

import reflex as rx

from campaign_app.models.suppression import SuppressionReason
from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.audience.suppression_forms import suppression_dialogs
from campaign_app.ui.audience.suppression_forms_state import SuppressionForm, SuppressionQuestions
from campaign_app.ui.audience.suppressions_state import SuppressionLine, Suppressions
from campaign_app.ui.kit.dialogs import ask, open_form
from campaign_app.ui.kit.vars import as_text, is_empty
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Link

_COLUMNS = [
    c.Column("Address"),
    c.Column("Reason", width="180px"),
    c.Column("Note", hide="narrow"),
    c.Column("Since", align="right", width="140px"),
    c.Column("", width="110px", skeleton="none"),
]


def _row(line: SuppressionLine) -> rx.Component:
    remove = c.small_button("Remove", on_click=ask(SuppressionQuestions, "remove", line.address))
    return c.table_row(
        c.name_cell(line.address),
        c.cell(line.reason),
        c.cell(line.note, muted=True, hide="narrow"),
        c.cell(line.when, align="right", muted=True, title=line.exact),
        c.cell(c.if_allowed("suppressions:write", remove), align="right"),
        key=as_text(line.id),
    )


@page(
    routes.SUPPRESSIONS,
    title="Suppressions",
    on_load=Suppressions.load,
    may="suppressions:read",
    icon="shield_ban",
    links=[Link(Area.SOURCES, 30)],
)
def suppressions() -> Any:
    """Search, filter, table."""
    add = c.primary_button("Add addresses", "plus", on_click=open_form(SuppressionForm))
    filters = c.filter_bar(
        c.choice_chip(
            "Reason", Suppressions.reason, [(r.value, r.label) for r in SuppressionReason], Suppressions.choose_reason
        ),
        search=c.search_field(Suppressions.search, Suppressions.find.debounce(250), "Search addresses"),
        result=Suppressions.range_text,
    )
    filtered = (Suppressions.search != "") | (Suppressions.reason != "")
    empty = c.empty_state(
        "shield_ban",
        "Nobody is suppressed",
        "Addresses that unsubscribe, bounce or complain come here by themselves and stay out of every campaign.",
        action=c.if_allowed("suppressions:write", add),
    )
    nothing = is_empty(Suppressions.rows) & ~Suppressions.loading
    table = c.data_table(
        _COLUMNS, Suppressions.rows, _row, label="Suppressed addresses", loading=Suppressions.loading, two_lines=False
    )
    pager = c.pager(
        Suppressions.range_text,
        has_previous=Suppressions.has_previous,
        has_next=Suppressions.has_next,
        on_previous=Suppressions.turn(False),
        on_next=Suppressions.turn(True),
    )
    return rx.fragment(
        c.page_header(
            "Suppressions",
            c.if_allowed("suppressions:write", rx.cond(nothing & ~filtered, rx.fragment(), add)),
            meta="No campaign reaches these addresses",
        ),
        c.page_body(
            rx.cond(
                nothing & ~filtered,
                empty,
                rx.fragment(
                    filters,
                    rx.cond(nothing, c.no_match("No addresses match", Suppressions.clear), rx.fragment(table, pager)),
                ),
            )
        ),
        suppression_dialogs(),
    )
