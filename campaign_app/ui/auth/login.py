"""The sign-in page. The browser posts the form itself, because only an HTTP response can set the HttpOnly cookie."""

import reflex as rx

from campaign_app.ui import browser, routes
from campaign_app.ui import components as c
from campaign_app.ui.auth.auth_state import AuthState
from campaign_app.ui.layout import brand, page
from campaign_app.ui.native_form import native_form

_SHOW_OR_HIDE = (
    "(() => { const f = document.getElementById('NAME'); f.type = f.type === 'password' ? 'text' : 'password' })()"
)


def auth_card(title: str, text: str, form: rx.Component, foot: str) -> rx.Component:
    """A card in the middle of an empty window."""
    return rx.el.div(
        brand(),
        rx.el.div(rx.el.h1(title), rx.el.p(text, class_name="b-dense b-muted"), form, class_name="b-auth-card"),
        rx.el.p(foot, class_name="b-small b-muted"),
        class_name="b-auth",
    )


def auth_error() -> rx.Component:
    """The error of the last attempt."""
    return rx.cond(AuthState.error != "", c.callout(AuthState.error, "error"), rx.fragment())


def password_field(name: str, label: str, autocomplete: str, hint: str = "") -> rx.Component:
    """A password with a button that shows it. The switch stays in the browser."""
    eye = rx.el.button(
        c.icon("eye"),
        type="button",
        class_name="b-eye",
        aria_label="Show or hide the password",
        on_click=browser.on_click_run(_SHOW_OR_HIDE.replace("NAME", name)),
    )
    return c.form_field(
        label,
        c.text_input(name, size="3", type="password", required=True, auto_complete=autocomplete, after=eye),
        name=name,
        hint=hint,
    )


@page(routes.LOGIN, title="Sign in", on_load=AuthState.open_login, variant="blank")
def login() -> rx.Component:
    """E-mail and password; the server does the rest."""
    form = native_form(
        auth_error(),
        rx.el.input(type="hidden", name="next"),
        c.form_field(
            "E-mail",
            c.text_input(
                "email",
                size="3",
                type="email",
                required=True,
                auto_focus=True,
                auto_complete="username",
                default_value=AuthState.email,
            ),
            name="email",
        ),
        password_field("password", "Password", "current-password"),
        c.primary_button("Sign in", type="submit", size="3", width="100%"),
        action=routes.POST_LOGIN,
        method="post",
        class_name="b-auth-form",
    )
    return auth_card("Sign in to Beacon", "With the account of your team.", form, "No account? Ask your administrator.")


@page(routes.LOGIN_CODE, title="Enter your code", on_load=AuthState.open_code, variant="blank")
def code() -> rx.Component:
    """The second step, for users with a second factor."""
    form = native_form(
        auth_error(),
        rx.el.input(type="hidden", name="next"),
        c.form_field(
            "Code",
            c.text_input(
                "code",
                size="3",
                required=True,
                auto_focus=True,
                auto_complete="one-time-code",
                max_length=50,
            ),
            name="code",
            hint="Without your phone: one of your recovery codes.",
        ),
        c.primary_button("Continue", type="submit", size="3", width="100%"),
        action=routes.POST_CODE,
        method="post",
        class_name="b-auth-form",
    )
    text = "Your authenticator app shows a code of six digits for Beacon."
    return auth_card("Enter your code", text, form, "Lost phone and codes? Ask your administrator.")
