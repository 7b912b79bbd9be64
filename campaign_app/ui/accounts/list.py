"""Sending accounts: health, messages sent today, limits."""

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.accounts.list_state import AccountLine, AccountList, find
from campaign_app.ui.kit.lists import Table, list_page
from campaign_app.ui.kit.vars import any_of, choose, same
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Link


def _color(line: AccountLine) -> rx.Var[str]:
    worn = any_of(same(line.health, "bouncing"), same(line.health, "refused"))
    return choose(worn, "var(--amber-9)", "var(--green-9)")


def _used(line: AccountLine) -> rx.Component:
    bar = rx.cond(line.has_limit, c.share_bar(line.share, _color(line)), rx.fragment())
    return rx.el.div(bar, rx.el.span(line.used, class_name="b-num"), class_name="b-row")


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


_TABLE = Table(
    "Sending accounts",
    [
        c.Column("Account", skeleton="lines", cell=lambda line: c.name_cell(line.name, line.href, line.address)),
        c.Column("Health", width="190px", cell=lambda line: c.health_dot(line.health, line.words)),
        c.Column("Sent today", width="220px", cell=_used),
        c.Column("Per minute", align="right", width="120px", hide="narrow", cell=lambda line: line.per_minute),
        c.Column("Server", width="220px", hide="narrow", muted=True, cell=lambda line: line.server),
    ],
    phone_row=_phone_row,
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
    """The list, or the first steps when it is empty."""
    new = c.if_allowed("accounts:write", c.primary_button("New account", "plus", href=routes.account("new")))
    return list_page(AccountList, _TABLE, actions=[new], empty=_empty(), meta=AccountList.summary)
