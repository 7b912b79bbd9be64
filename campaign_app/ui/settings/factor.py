"""The card of the second factor, with its dialogs."""

from typing import Any

import reflex as rx

from campaign_app.ui import browser
from campaign_app.ui import components as c
from campaign_app.ui.settings.factor_state import CODES_ID, KEY_ID, Factor


def factor_card() -> rx.Component:
    """Off: what it is and the way to it. On: what is left and what can be done."""
    off = rx.el.div(
        rx.el.p("Besides your password, signing in asks for a code from an app on your phone.", class_name="b-dense"),
        rx.el.div(c.outline_button("Set up", on_click=Factor.begin)),
        class_name="b-form",
    )
    on = rx.el.div(
        rx.el.p(
            "On. Unused recovery codes: ",
            rx.el.span(Factor.codes_left, class_name="b-num b-strong"),
            class_name="b-dense",
        ),
        rx.el.div(
            c.outline_button("New recovery codes", on_click=Factor.ask("codes")),
            c.outline_button("Switch off", on_click=Factor.ask("disable")),
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
    """Why nothing but this page opens, and the way out; nothing for everybody else."""
    words = c.callout(
        "Owners and admins of this workspace need one. The other pages open as soon as yours is switched on. "
        "You need an authenticator app on your phone.",
        "warning",
        title="Set up your second factor first",
        action=c.primary_button("Set up", on_click=Factor.begin),
    )
    return rx.cond(Factor.factor_missing, words, rx.fragment())


def _code_field(name: str, hint: str = "") -> rx.Component:
    wrong = Factor.errors.get("code", "")
    control = c.text_input(name, error=wrong, required=True, auto_complete="one-time-code", max_length=50)
    return c.form_field("Code", control, name=name, error=wrong, hint=hint)


def _form(act: str, on_submit: Any, *fields: rx.Component) -> rx.Component:
    foot = rx.el.div(
        rx.el.div(class_name="b-grow"),
        c.outline_button("Cancel", on_click=Factor.close(False)),
        c.primary_button(act, type="submit", busy=Factor.working),
        class_name="b-dialog-foot",
    )
    return rx.form(*fields, foot, on_submit=on_submit, class_name="b-form")


def _set_up() -> rx.Component:
    picture = rx.el.img(
        src=Factor.qr,
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
    form = _form(
        "Switch on",
        Factor.confirm,
        picture,
        rx.el.div(secret, on_mount=Factor.reveal_secret),
        _code_field("setup-code"),
    )
    return c.dialog(
        "Set up the second factor",
        form,
        text="Scan the picture with an authenticator app, then enter the code that the app shows.",
        open=Factor.setting_up,
        on_open_change=Factor.close,
    )


def _new_codes() -> rx.Component:
    return c.dialog(
        "Make new recovery codes?",
        _form("Make new codes", Factor.make_codes, _code_field("codes-code", "From your app, or a recovery code")),
        text="The codes that you have now stop working.",
        open=Factor.asked == "codes",
        on_open_change=Factor.close,
    )


def _disable() -> rx.Component:
    wrong = Factor.errors.get("factor-password", "")
    password = c.form_field(
        "Password",
        c.text_input("factor-password", type="password", error=wrong, required=True, auto_complete="current-password"),
        name="factor-password",
        error=wrong,
    )
    code = _code_field("disable-code", "From your app, or a recovery code")
    return c.dialog(
        "Switch off the second factor?",
        _form("Switch off", Factor.disable, password, code),
        text=rx.cond(
            Factor.factor_required,
            "Owners and admins of this workspace need one: no other page opens until you have set up another one.",
            "Signing in asks for the password alone then.",
        ),
        open=Factor.asked == "disable",
        on_open_change=Factor.close,
    )


def _codes() -> rx.Component:
    copy = f"navigator.clipboard.writeText(document.getElementById('{CODES_ID}').value)"
    field = c.form_field("Recovery codes", c.text_area(CODES_ID, rows="10", read_only=True), name=CODES_ID)
    return c.dialog(
        "Keep your recovery codes",
        rx.el.div(field, on_mount=Factor.reveal_codes),
        text="Each signs you in once without the app. They are shown only now: keep them apart from your phone.",
        open=Factor.has_codes,
        on_open_change=Factor.close_codes,
        foot=[
            c.outline_button("Copy", "copy", on_click=browser.on_click_run(copy)),
            c.outline_button("Download", "download", on_click=Factor.save_codes),
            c.primary_button("Close", on_click=Factor.close_codes(False)),
        ],
    )
