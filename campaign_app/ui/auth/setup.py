"""The first start: whoever opens a new installation becomes its owner."""

import reflex as rx

from campaign_app.auth.passwords import MIN_LENGTH
from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.auth.auth_state import AuthState
from campaign_app.ui.auth.login import auth_card, auth_error, password_field
from campaign_app.ui.layout import page
from campaign_app.ui.native_form import native_form


@page(routes.SETUP, title="First start", on_load=AuthState.open_setup, variant="blank")
def setup() -> rx.Component:
    """Name, e-mail and password of the owner."""

    def line(name: str, label: str, kind: str, autocomplete: str) -> rx.Component:
        field = c.text_input(name, size="3", type=kind, required=True, auto_complete=autocomplete)
        return c.form_field(label, field, name=name)

    form = native_form(
        auth_error(),
        line("name", "Your name", "text", "name"),
        line("email", "E-mail", "email", "username"),
        password_field("password", "Password", "new-password", f"At least {MIN_LENGTH} characters."),
        c.primary_button("Create the owner", type="submit", size="3", width="100%"),
        action=routes.POST_SETUP,
        method="post",
        class_name="b-auth-form",
    )
    return rx.cond(
        AuthState.has_link,
        auth_card(
            "Set up Beacon",
            "This installation is new. You become its owner and can add your team afterwards.",
            form,
            "Nobody else can do this once the owner exists.",
        ),
        auth_card(
            "Set up Beacon",
            "This installation is new. Whoever runs the server becomes its owner, with a link that the server prints.",
            rx.el.div(auth_error(), _where_the_link_is(), class_name="b-auth-form"),
            "The link works once and for a day. A restart prints it again.",
        ),
    )


def _where_the_link_is() -> rx.Component:
    def place(start: str, command: str) -> rx.Component:
        return rx.el.div(
            rx.el.div(start, class_name="b-dense b-strong"),
            rx.el.code(command, class_name="b-small", style={"overflow_wrap": "anywhere"}),
        )

    return rx.fragment(
        place("Started in a terminal: it stands there", "./campaign up"),
        place("Started with containers", "docker compose logs web"),
        place("Started as a service: look into its journal or log", "journalctl -u SERVICE"),
        place("To print it again, on the server", "./campaign user setup-link"),
    )
