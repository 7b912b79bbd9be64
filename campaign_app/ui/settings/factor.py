"""The card of the second factor, with its dialogs."""

import reflex as rx

from campaign_app.ui import browser
from campaign_app.ui import components as c
from campaign_app.ui.kit.dialogs import form_dialog, open_form, plain_dialog
from campaign_app.ui.kit.vars import choose
from campaign_app.ui.settings.factor_state import (
    CODES_ID,
    KEY_ID,
    DisableFactor,
    Factor,
    NewCodes,
    RecoveryCodes,
    SetUpFactor,
)


def factor_card() -> rx.Component:
    """Off: an explanation and a button to set it up. On: remaining codes and actions."""
    off = rx.el.div(
        rx.el.p("Besides your password, signing in asks for a code from an app on your phone.", class_name="b-dense"),
        rx.el.div(c.outline_button("Set up", on_click=open_form(SetUpFactor))),
        class_name="b-form",
    )
    on = rx.el.div(
        rx.el.p(
            "On. Unused recovery codes: ",
            rx.el.span(Factor.codes_left, class_name="b-num b-strong"),
            class_name="b-dense",
        ),
        rx.el.div(
            c.outline_button("New recovery codes", on_click=open_form(NewCodes)),
            c.outline_button("Switch off", on_click=open_form(DisableFactor)),
            style={"display": "flex", "gap": "8px", "flex_wrap": "wrap"},
        ),
        class_name="b-form",
    )
    found = rx.cond(Factor.factor_enabled, on, off)
    card = c.card(rx.cond(Factor.loading, c.skeleton_lines(2), found), title="Second factor")
    return rx.fragment(
        rx.cond(Factor.factor_missing, rx.fragment(), card), _set_up(), _new_codes(), _disable(), _codes()
    )


def factor_needed() -> rx.Component:
    """Why no other page opens, and what to do. Nothing for everybody else."""
    words = c.callout(
        "Owners and admins of this workspace need one. The other pages open as soon as yours is switched on. "
        "You need an authenticator app on your phone.",
        "warning",
        title="Set up your second factor first",
        action=c.primary_button("Set up", on_click=open_form(SetUpFactor)),
    )
    return rx.cond(Factor.factor_missing, words, rx.fragment())


def _set_up() -> rx.Component:
    picture = rx.el.img(
        src=SetUpFactor.qr,
        alt="QR code with the secret, which the field below holds as text",
        width="180",
        height="180",
        style={"background": "white", "border_radius": "6px"},
    )
    secret = c.form_field(
        "Secret",
        c.text_area(KEY_ID, rows="2", read_only=True),
        name=KEY_ID,
        hint="For an app that cannot read the picture",
    )
    return form_dialog(
        SetUpFactor,
        "Set up the second factor",
        act="Switch on",
        text="Scan the picture with an authenticator app, then enter the code that the app shows.",
        before=rx.fragment(picture, rx.el.div(secret, on_mount=SetUpFactor.reveal_secret)),
    )


def _new_codes() -> rx.Component:
    return form_dialog(
        NewCodes,
        "Make new recovery codes?",
        act="Make new codes",
        text="The codes that you have now stop working.",
    )


def _disable() -> rx.Component:
    return form_dialog(
        DisableFactor,
        "Switch off the second factor?",
        act="Switch off",
        text=choose(
            Factor.factor_required,
            "Owners and admins of this workspace need one: no other page opens until you have set up another one.",
            "Signing in asks for the password alone then.",
        ),
    )


def _codes() -> rx.Component:
    copy = f"navigator.clipboard.writeText(document.getElementById('{CODES_ID}').value)"
    field = c.form_field("Recovery codes", c.text_area(CODES_ID, rows="10", read_only=True), name=CODES_ID)
    return plain_dialog(
        RecoveryCodes,
        "Keep your recovery codes",
        rx.el.div(field, on_mount=RecoveryCodes.reveal),
        text="Each signs you in once without the app. They are shown only now: keep them apart from your phone.",
        foot=[
            c.outline_button("Copy", "copy", on_click=browser.on_click_run(copy)),
            c.outline_button("Download", "download", on_click=RecoveryCodes.save),
            c.primary_button("Close", on_click=RecoveryCodes.close(False)),
        ],
    )
