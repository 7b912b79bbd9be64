"""The audit log."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.layout import page
from campaign_app.ui.settings.audit_state import ANCHOR_ADDRESS, AuditLog, EntryLine
from campaign_app.ui.settings.tabs import tabs

_COLUMNS = [
    c.Column("When", width="120px"),
    c.Column("Who", width="180px", skeleton="lines"),
    c.Column("What", width="220px"),
    c.Column("Which", skeleton="lines"),
    c.Column("Details", hide="narrow"),
]


def _row(line: EntryLine) -> rx.Component:
    return c.table_row(
        c.cell(line.when, muted=True, title=line.exact),
        c.name_cell(line.who, detail=line.ip),
        c.cell(line.what),
        c.name_cell(line.name, detail=line.thing),
        c.cell(rx.el.span(line.details, class_name="b-small"), muted=True, hide="narrow", title=line.full),
        key=line.id.to_string(),
    )


def _phone_row(line: EntryLine) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.span(line.what, class_name="b-strong b-ell"),
                rx.el.span(line.when, class_name="b-muted"),
                class_name="b-between",
            ),
            rx.el.div(f"{line.who} · {line.name}", class_name="b-muted b-ell"),
            rx.el.div(line.details, class_name="b-small b-muted b-ell"),
            class_name="b-phone-link",
        ),
        class_name="b-phone-item",
    )


def _chain() -> rx.Component:
    again = c.small_button("Check again", on_click=AuditLog.check, busy=AuditLog.checking)
    return rx.match(
        AuditLog.chain,
        ("fits", c.callout(AuditLog.chain_text, "success", title="The log is whole", action=again)),
        ("broken", c.callout(AuditLog.chain_text, "error", title="The log was changed", action=again)),
        c.callout("Every entry is compared with the seal of the one before.", title="Checking the log"),
    )


@page(routes.AUDIT, title="Audit log", on_load=AuditLog.load)
def audit() -> Any:
    """State of the chain, filters, table."""
    export = rx.button(
        rx.el.a(c.icon("download"), "Export CSV", href=AuditLog.export_address, reload_document=True),
        as_child=True,
        variant="outline",
        color_scheme="gray",
        size="2",
        class_name="b-outline",
    )
    anchor = rx.button(
        rx.el.a(c.icon("anchor"), "Save anchor", href=ANCHOR_ADDRESS, reload_document=True),
        as_child=True,
        variant="outline",
        color_scheme="gray",
        size="2",
        class_name="b-outline",
        title="A signed line that later proves whether entries were cut off or rewritten",
    )
    filters = c.filter_bar(
        c.choice_chip("Action", AuditLog.action, AuditLog.action_options, lambda v: AuditLog.choose("action", v)),
        c.choice_chip("Object", AuditLog.thing, AuditLog.thing_options, lambda v: AuditLog.choose("thing", v)),
        c.choice_chip("Person", AuditLog.person, AuditLog.person_options, lambda v: AuditLog.choose("person", v)),
        search=c.search_field(AuditLog.search, AuditLog.find.debounce(250), "Search the log"),
    )
    table = c.data_table(
        _COLUMNS, AuditLog.rows, _row, label="Audit log", loading=AuditLog.loading, phone_row=_phone_row
    )
    pager = c.pager(
        "Newest first",
        has_previous=AuditLog.has_previous,
        has_next=AuditLog.has_next,
        on_previous=AuditLog.turn(False),
        on_next=AuditLog.turn(True),
    )
    nothing = (AuditLog.rows.length() == 0) & ~AuditLog.loading
    return rx.fragment(
        c.page_body(
            c.page_header("Audit log", anchor, export, meta="Who did what to which object"),
            tabs(routes.AUDIT),
            _chain(),
            filters,
            rx.cond(nothing, c.no_match("No entries match", AuditLog.clear), rx.fragment(table, pager)),
        ),
    )
