"""Public address, company, postal address, time zone, country."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.layout import page
from campaign_app.ui.settings.tabs import tabs
from campaign_app.ui.settings.workspace_state import WorkspaceSettings as S
from campaign_app.ui.setup import fields
from campaign_app.workspace.service import countries


def _error(field: str) -> Any:
    return S.errors.get(field, "")


def _form() -> rx.Component:
    pairs = rx.Var.create([(code, name) for code, name in countries().items()])
    return rx.form(
        fields.public_url(S.public_url, _error("public_url"), S.address_note, S.address_fixed),
        rx.cond(S.address_problem != "", c.callout(S.address_problem, "warning"), rx.fragment()),
        fields.company(S.company, _error("company")),
        fields.postal_address(S.postal_address, _error("postal_address")),
        c.switch(
            "Campaigns need a postal address",
            S.needs_postal_address,
            S.set_needs_postal_address,
            hint="Off: they go out without one. Only if no law asks you for it, or every message carries its own. "
            "The audit log says who switched it.",
        ),
        rx.el.div(
            fields.time_zone(S.time_zone, _error("time_zone")),
            c.form_field(
                "Country",
                c.select_input("country", pairs, S.country, S.choose_country, error=_error("default_country")),
                name="country",
                error=_error("default_country"),
                hint="Phone numbers without a country code are read as from here",
            ),
            class_name="b-form-row",
        ),
        c.switch(
            "Suppress addresses that do not exist",
            S.suppress_refused,
            S.set_suppress_refused,
            hint="A server that says so while a campaign is sent counts like a returned message. Not from a campaign "
            "whose first messages are all refused: that is stopped instead.",
        ),
        c.switch(
            "Owners and admins need a second factor",
            S.require_factor,
            S.set_require_factor,
            hint=f"Whoever has none is led to set one up before anything else opens. {S.factor_note}",
        ),
        rx.cond(_error("require_factor") != "", c.callout(_error("require_factor"), "error"), rx.fragment()),
        rx.el.div(
            c.if_allowed("workspace:write", c.primary_button("Save workspace", type="submit", busy=S.saving)),
        ),
        on_submit=S.save,
        reset_on_submit=False,
        class_name="b-form",
        key=S.revision,
    )


@page(routes.SETTINGS, title="Settings", on_load=S.load)
def settings() -> Any:
    """One form."""
    return rx.fragment(
        c.page_body(
            c.page_header("Settings"),
            tabs(routes.SETTINGS),
            c.card(rx.cond(S.loading, c.skeleton_lines(6), _form()), title="Workspace"),
        ),
    )
