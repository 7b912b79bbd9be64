"""Company, postal address, time zone, country."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.layout import page
from campaign_app.ui.settings.tabs import tabs, zone_choices
from campaign_app.ui.settings.workspace_state import WorkspaceSettings as S
from campaign_app.workspace.service import countries


def _error(field: str) -> Any:
    return S.errors.get(field, "")


def _form() -> rx.Component:
    pairs = rx.Var.create([(code, name) for code, name in countries().items()])
    return rx.form(
        c.form_field(
            "Company",
            c.text_input(
                "company",
                default_value=S.company,
                error=_error("company"),
                max_length=255,
                auto_complete="organization",
            ),
            name="company",
            error=_error("company"),
            hint="Stands at the foot of every message and on the unsubscribe page",
        ),
        c.form_field(
            "Postal address",
            c.text_area(
                "postal_address",
                default_value=S.postal_address,
                error=_error("postal_address"),
                rows="3",
                max_length=500,
            ),
            name="postal_address",
            error=_error("postal_address"),
            hint="The law of most countries asks for it in commercial messages",
        ),
        rx.el.div(
            c.form_field(
                "Time zone",
                c.text_input(
                    "time_zone",
                    default_value=S.time_zone,
                    error=_error("time_zone"),
                    list="workspace-zones",
                    auto_complete="off",
                ),
                name="time_zone",
                error=_error("time_zone"),
                hint="For schedules and for people without a zone of their own",
            ),
            c.form_field(
                "Country",
                c.select_input("country", pairs, S.country, S.choose_country, error=_error("default_country")),
                name="country",
                error=_error("default_country"),
                hint="Phone numbers without a country code are read as from here",
            ),
            class_name="b-form-row",
        ),
        zone_choices("workspace-zones"),
        rx.el.div(
            c.if_allowed("workspace:write", c.primary_button("Save workspace", type="submit", busy=S.saving)),
        ),
        on_submit=S.save,
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
