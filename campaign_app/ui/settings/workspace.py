"""Public address, company, postal address, time zone, country."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.kit.forms import form_body
from campaign_app.ui.kit.vars import is_set
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Link
from campaign_app.ui.settings.tabs import tabs
from campaign_app.ui.settings.workspace_state import WorkspaceSettings as S
from campaign_app.ui.setup import fields


def _form() -> rx.Component:
    problem = rx.cond(is_set(S.address_problem), c.callout(S.address_problem, "warning"), rx.fragment())
    address = fields.address_overrides(S.address_note, S.address_fixed)["public_url"]
    return form_body(
        S,
        after=fields.zones(),
        foot=rx.el.div(
            c.if_allowed("workspace:write", c.primary_button("Save workspace", type="submit", busy=S.saving)),
        ),
        overrides={
            "public_url": {**address, "below": problem},
            "require_factor": {
                "hint": f"Whoever has none is led to set one up before anything else opens. {S.factor_note}"
            },
        },
    )


@page(
    routes.SETTINGS,
    title="Settings",
    on_load=S.load,
    icon="settings",
    links=[Link(Area.WORKSPACE, 30), Link(Area.SETTINGS, 10, label="Workspace", may="workspace:read")],
)
def settings() -> Any:
    return rx.fragment(
        c.page_body(
            c.page_header("Settings"),
            tabs(routes.SETTINGS),
            c.card(rx.cond(S.loading, c.skeleton_lines(6), _form()), title="Workspace"),
        ),
    )
