"""The suppression list."""

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.audience.suppression_forms import suppression_dialogs
from campaign_app.ui.audience.suppression_forms_state import SuppressionForm, SuppressionQuestions
from campaign_app.ui.audience.suppressions_state import SuppressionLine, Suppressions
from campaign_app.ui.kit.dialogs import ask, open_form
from campaign_app.ui.kit.lists import Table, list_page
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Link


def _remove(line: SuppressionLine) -> rx.Component:
    button = c.small_button("Remove", on_click=ask(SuppressionQuestions, "remove", line.address))
    return c.if_allowed("suppressions:write", button)


_TABLE = Table(
    "Suppressed addresses",
    [
        c.Column("Address", cell=lambda line: c.name_cell(line.address)),
        c.Column("Reason", width="180px", cell=lambda line: line.reason),
        c.Column("Note", hide="narrow", muted=True, cell=lambda line: line.note),
        c.Column(
            "Since",
            align="right",
            width="140px",
            muted=True,
            cell=lambda line: line.when,
            title=lambda line: line.exact,
        ),
        c.Column("", align="right", width="110px", skeleton="none", cell=_remove),
    ],
    two_lines=False,
    search="Search addresses",
    foot=Suppressions.total_text,
)


@page(
    routes.SUPPRESSIONS,
    title="Suppressions",
    on_load=Suppressions.load,
    may="suppressions:read",
    icon="shield_ban",
    links=[Link(Area.SOURCES, 30)],
)
def suppressions() -> rx.Component:
    """Search, filter, table."""
    button = c.primary_button("Add addresses", "plus", on_click=open_form(SuppressionForm))
    add = c.if_allowed("suppressions:write", button)
    empty = c.empty_state(
        "shield_ban",
        "Nobody is suppressed",
        "Addresses that unsubscribe, bounce or complain come here by themselves and stay out of every campaign.",
        action=add,
    )
    meta = "No campaign reaches these addresses"
    return rx.fragment(list_page(Suppressions, _TABLE, actions=[add], empty=empty, meta=meta), suppression_dialogs())
