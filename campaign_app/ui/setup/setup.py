"""The page of the set-up step."""

from typing import Any, Final

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.kit.forms import form_body
from campaign_app.ui.layout import brand, page
from campaign_app.ui.setup import fields
from campaign_app.ui.setup.setup_state import SetUp as S

# The browser knows its own address, so no proxy header has to be trusted.
_ORIGIN: Final[Any] = rx.Var("window.location.origin", str)
_ZONE: Final[Any] = rx.Var("(Intl.DateTimeFormat().resolvedOptions().timeZone || '')", str)


def _form() -> rx.Component:
    return form_body(
        S,
        after=fields.zones(),
        foot=c.primary_button("Save and go on", type="submit", size="3", width="100%", busy=S.saving),
        class_name="b-auth-form",
        size="3",
        overrides=fields.address_overrides(S.address_note, S.address_fixed),
    )


@page(routes.WORKSPACE_SETUP, title="Set up your workspace", on_load=S.load, variant="blank")
def set_up() -> rx.Component:
    """Shown once, after the owner is created."""
    return rx.el.div(
        brand(),
        rx.el.div(
            rx.el.h1("Set up your workspace"),
            rx.el.p(
                "Every campaign needs this. You can change it later in Settings → Workspace.",
                class_name="b-dense b-muted",
            ),
            rx.cond(S.loading, c.skeleton_lines(6), _form()),
            class_name="b-auth-card",
        ),
        c.text_link("Do this later", on_click=S.skip),
        rx.el.span(on_mount=S.arrive(_ORIGIN, _ZONE), class_name="b-hidden", aria_hidden="true"),
        class_name="b-auth b-auth-wide",
    )
