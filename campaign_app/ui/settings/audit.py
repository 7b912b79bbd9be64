"""The audit log."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.kit.lists import Table, list_view
from campaign_app.ui.kit.vars import by_case
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Link
from campaign_app.ui.settings.audit_state import ANCHOR_ADDRESS, AuditLog, EntryLine
from campaign_app.ui.settings.tabs import tabs


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
    return by_case(
        AuditLog.chain,
        ("fits", c.callout(AuditLog.chain_text, "success", title="The log is whole", action=again)),
        ("broken", c.callout(AuditLog.chain_text, "error", title="The log was changed", action=again)),
        c.callout("Every entry is compared with the seal of the one before.", title="Checking the log"),
    )


def _file_link(label: str, mark: str, href: Any, **props: Any) -> rx.Component:
    return rx.button(
        rx.el.a(c.icon(mark), label, href=href, reload_document=True),
        as_child=True,
        variant="outline",
        color_scheme="gray",
        size="2",
        class_name="b-outline",
        **props,
    )


_TABLE = Table(
    "Audit log",
    [
        c.Column("When", width="120px", muted=True, cell=lambda line: line.when, title=lambda line: line.exact),
        c.Column("Who", width="180px", skeleton="lines", cell=lambda line: c.name_cell(line.who, detail=line.ip)),
        c.Column("What", width="220px", cell=lambda line: line.what),
        c.Column("Which", skeleton="lines", cell=lambda line: c.name_cell(line.name, detail=line.thing)),
        c.Column(
            "Details",
            hide="narrow",
            muted=True,
            cell=lambda line: rx.el.span(line.details, class_name="b-small"),
            title=lambda line: line.full,
        ),
    ],
    phone_row=_phone_row,
    search="Search the log",
    foot="Newest first",
)


@page(
    routes.AUDIT,
    title="Audit log",
    on_load=[AuditLog.load, AuditLog.check],
    may="audit:read",
    links=[Link(Area.SETTINGS, 50)],
)
def audit() -> rx.Component:
    """State of the chain, filters, table."""
    explained = "A signed line that later proves whether entries were cut off or rewritten"
    anchor = _file_link("Save anchor", "anchor", ANCHOR_ADDRESS, title=explained)
    export = _file_link("Export CSV", "download", AuditLog.export_address)
    return c.page_body(
        c.page_header("Audit log", anchor, export, meta="Who did what to which object"),
        tabs(routes.AUDIT),
        _chain(),
        list_view(AuditLog, _TABLE),
    )
