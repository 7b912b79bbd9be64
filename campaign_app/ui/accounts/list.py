"""Sending accounts: health, what they sent today, their limits."""

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.accounts.list_state import AccountLine, AccountList, find
from campaign_app.ui.kit.vars import as_text, choose, is_empty
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Link

_COLUMNS = [
    c.Column("Account", skeleton="lines"),
    c.Column("Health", width="190px"),
    c.Column("Sent today", width="220px"),
    c.Column("Per minute", align="right", width="120px", hide="narrow"),
    c.Column("Server", width="220px", hide="narrow"),
]


def _color(line: AccountLine) -> rx.Var[str]:
    return choose((line.health == "bouncing") | (line.health == "refused"), "var(--amber-9)", "var(--green-9)")


def _used(line: AccountLine) -> rx.Component:
    bar = rx.cond(line.has_limit, c.share_bar(line.share, _color(line)), rx.fragment())
    return rx.el.div(bar, rx.el.span(line.used, class_name="b-num"), class_name="b-row")


def _row(line: AccountLine) -> rx.Component:
    return c.table_row(
        c.name_cell(line.name, line.href, detail=line.address),
        c.cell(c.health_dot(line.health, line.words)),
        c.cell(_used(line)),
        c.cell(line.per_minute, align="right", hide="narrow"),
        c.cell(line.server, muted=True, hide="narrow"),
        key=as_text(line.id),
    )


def _phone_row(line: AccountLine) -> rx.Component:
    return c.phone_item(
        line.name,
        line.href,
        left=c.health_dot(line.health, line.words),
        right=rx.el.span("Today ", line.used, class_name="b-num"),
    )


def _empty() -> rx.Component:
    return c.empty_state(
        "plug",
        "No sending account yet",
        "A sending account is what campaigns go out through, such as your own mail server or a provider's SMTP access.",
        action=c.if_allowed(
            "accounts:write",
            c.primary_button("New account", "plus", href=routes.account("new")),
            rx.el.p("An admin of this workspace connects one.", class_name="b-muted"),
        ),
    )


@page(
    routes.ACCOUNTS,
    title="Sending accounts",
    on_load=AccountList.load,
    may="accounts:read",
    icon="plug",
    links=[Link(Area.WORKSPACE, 10, badge=c.accounts_health)],
    find=find,
)
def accounts() -> rx.Component:
    """The list, or how to begin."""
    new = c.if_allowed("accounts:write", c.primary_button("New account", "plus", href=routes.account("new")))
    nothing = is_empty(AccountList.rows) & ~AccountList.loading
    table = c.data_table(
        _COLUMNS, AccountList.rows, _row, label="Sending accounts", loading=AccountList.loading, phone_row=_phone_row
    )
    return c.page_body(
        c.page_header("Sending accounts", rx.cond(nothing, rx.fragment(), new), meta=AccountList.summary),
        rx.cond(nothing, _empty(), table),
    )
