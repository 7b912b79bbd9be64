"""The person's own page."""

from typing import Any

import reflex as rx

from campaign_app.auth.passwords import MIN_LENGTH
from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.app_state import AppState
from campaign_app.ui.layout import page
from campaign_app.ui.settings.factor import factor_card, factor_needed
from campaign_app.ui.settings.factor_state import Factor
from campaign_app.ui.settings.profile_state import Profile, SessionLine
from campaign_app.ui.settings.tabs import tabs, zone_choices


def _error(field: str) -> Any:
    return Profile.errors.get(field, "")


def _person() -> rx.Component:
    return rx.form(
        c.form_field(
            "Name",
            c.text_input(
                "name", default_value=Profile.name, error=_error("name"), max_length=255, auto_complete="name"
            ),
            name="name",
            error=_error("name"),
        ),
        c.form_field(
            "E-mail",
            c.text_input("email", value=AppState.person_email, read_only=True),
            name="email",
            hint="You sign in with it. An admin can change it.",
        ),
        c.form_field(
            "Time zone",
            c.text_input(
                "time_zone",
                default_value=Profile.time_zone,
                error=_error("time_zone"),
                list="own-zones",
                auto_complete="off",
            ),
            name="time_zone",
            error=_error("time_zone"),
            hint=f"Times and days are shown to you in it. Empty: the workspace's, {Profile.workspace_zone}",
            optional=True,
        ),
        zone_choices("own-zones"),
        rx.el.div(c.primary_button("Save profile", type="submit", busy=Profile.saving)),
        on_submit=Profile.save,
        class_name="b-form",
        key=Profile.revision,
    )


def _password() -> rx.Component:
    def field(label: str, name: str, autocomplete: str, hint: str = "") -> rx.Component:
        control = c.text_input(name, type="password", error=_error(name), required=True, auto_complete=autocomplete)
        return c.form_field(label, control, name=name, error=_error(name), hint=hint)

    return rx.form(
        field("Present password", "old", "current-password"),
        field("New password", "new", "new-password", f"At least {MIN_LENGTH} characters"),
        rx.el.div(c.outline_button("Change password", type="submit", busy=Profile.changing)),
        on_submit=Profile.change_password,
        class_name="b-form",
    )


def _session(line: SessionLine) -> rx.Component:
    act = rx.cond(
        line.current,
        c.tag("This browser"),
        c.small_button("End session", on_click=Profile.end_session(line.id), aria_label=f"End session: {line.device}"),
    )
    return c.list_item(
        c.two_lines(line.device, rx.el.span(line.detail, title=line.exact)),
        mark=c.icon("monitor"),
        action=act,
    )


def _unless_factor_is_missing(content: rx.Component) -> rx.Component:
    return rx.cond(Factor.factor_missing, rx.fragment(), content)


@page(routes.PROFILE, title="Your profile", on_load=[Profile.load, Factor.load])
def profile() -> Any:
    """Who you are, your password, where you are signed in."""
    others = c.confirm_dialog(
        "End all other sessions?",
        "Every other browser that is signed in as you has to sign in again.",
        act="End other sessions",
        cancel="Keep them",
        on_confirm=Profile.end_others,
        danger=True,
        trigger=c.small_button("End all others"),
    )
    return rx.fragment(
        c.page_body(
            c.page_header("Your profile"),
            tabs(routes.PROFILE),
            factor_needed(),
            _unless_factor_is_missing(
                c.grid(
                    "1-1",
                    c.card(rx.cond(Profile.loading, c.skeleton_lines(5), _person()), title="You"),
                    c.card(rx.cond(Profile.loading, c.skeleton_lines(4), _password()), title="Password"),
                )
            ),
            factor_card(),
            _unless_factor_is_missing(
                c.card(
                    rx.cond(Profile.loading, c.skeleton_lines(2), rx.foreach(Profile.sessions, _session)),
                    title="Where you are signed in",
                    aside=rx.cond(Profile.sessions.length() > 1, others, rx.fragment()),
                )
            ),
        ),
    )
