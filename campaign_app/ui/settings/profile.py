"""The person's own page."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.kit.dialogs import ask, question
from campaign_app.ui.kit.forms import form_body
from campaign_app.ui.kit.vars import length, more_than
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Link
from campaign_app.ui.settings.factor import factor_card, factor_needed
from campaign_app.ui.settings.factor_state import Factor
from campaign_app.ui.settings.profile_state import (
    ZONES,
    PasswordForm,
    PersonForm,
    Profile,
    SessionLine,
    SessionQuestions,
)
from campaign_app.ui.settings.tabs import tabs, zone_choices


def _person() -> rx.Component:
    hint = f"Times and days are shown to you in it. Empty: the workspace's, {Profile.workspace_zone}"
    return form_body(
        PersonForm,
        after=zone_choices(ZONES),
        foot=rx.el.div(c.primary_button("Save profile", type="submit", busy=PersonForm.saving)),
        overrides={"time_zone": {"hint": hint}},
    )


def _password() -> rx.Component:
    return form_body(
        PasswordForm,
        foot=rx.el.div(c.outline_button("Change password", type="submit", busy=PasswordForm.saving)),
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


@page(
    routes.PROFILE,
    title="Your profile",
    on_load=[Profile.load, Factor.load],
    icon="user",
    links=[Link(Area.SETTINGS, 20)],
)
def profile() -> Any:
    """Name and time zone, password, sessions."""
    others = c.small_button("End all others", on_click=ask(SessionQuestions, "end"))
    sure = question(
        SessionQuestions,
        "end",
        "End all other sessions?",
        "Every other browser that is signed in as you has to sign in again.",
        act="End other sessions",
        cancel="Keep them",
        danger=True,
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
                    aside=rx.cond(more_than(length(Profile.sessions), 1), others, rx.fragment()),
                )
            ),
        ),
        sure,
    )
