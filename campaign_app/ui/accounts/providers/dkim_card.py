"""DKIM on the account page: the key, the record to publish, the look into DNS."""

from typing import Any

import reflex as rx

from campaign_app.ui import browser
from campaign_app.ui import components as c
from campaign_app.ui.accounts.checks import machine_text
from campaign_app.ui.accounts.providers.dkim_state import KINDS, AccountDkim


def _record(label: str, value: Any, act: str) -> rx.Component:
    copy = c.icon_button("copy", act, on_click=browser.on_click_copy(value), variant="ghost", small=True)
    return rx.el.div(
        rx.el.div(rx.el.span(label, class_name="b-label"), copy, class_name="b-between"),
        machine_text(value, label),
        class_name="b-col",
    )


def _signed() -> rx.Component:
    found = rx.cond(
        AccountDkim.found_right,
        c.callout(AccountDkim.finding, "success"),
        c.callout(AccountDkim.finding, "warning"),
    )
    return c.stack(
        rx.el.p("Publish this TXT record in the DNS of your domain:", class_name="b-dense b-muted"),
        _record("Name", AccountDkim.record_name, "Copy the record's name"),
        _record("Text", AccountDkim.record_text, "Copy the record's text"),
        c.row(
            c.outline_button("Check DNS", "globe", on_click=AccountDkim.check_dns, busy=AccountDkim.checking),
            c.if_allowed(
                "accounts:write",
                c.menu(
                    c.menu_item("Replace key", AccountDkim.show_form(True), "refresh_cw"),
                    c.menu_item("Stop signing", AccountDkim.ask_remove(True), "trash_2", danger=True),
                    label="More for DKIM",
                ),
            ),
        ),
        rx.cond(AccountDkim.finding != "", found, rx.fragment()),
    )


def _unsigned() -> rx.Component:
    return c.stack(
        rx.el.p(
            "Messages are not signed by Beacon. Gmail and Yahoo want a signature on bulk mail; many providers sign "
            "for you. For a server of your own, generate a key.",
            class_name="b-dense b-muted",
        ),
        c.if_allowed(
            "accounts:write",
            rx.el.div(c.outline_button("Generate key", "key_round", on_click=AccountDkim.show_form(True))),
        ),
    )


def dkim_card() -> rx.Component:
    """Signed or not, and what to do."""
    return c.card(rx.cond(AccountDkim.signs, _signed(), _unsigned()), title="Signature (DKIM)")


def _key_form() -> rx.Component:
    def field(name: str, label: str, value: Any, hint: str) -> rx.Component:
        error = AccountDkim.errors.get(name, "")
        return c.form_field(
            label, c.text_input(name, default_value=value, error=error), name=name, error=error, hint=hint
        )

    pasted = c.form_field(
        "Private key",
        c.text_area(
            "dkim_key",
            error=AccountDkim.errors.get("dkim_key", ""),
            rows="6",
            placeholder="-----BEGIN PRIVATE KEY-----",
        ),
        name="dkim_key",
        error=AccountDkim.errors.get("dkim_key", ""),
        hint="PEM, RSA or Ed25519. Stored encrypted and never shown again.",
    )
    made = c.form_field(
        "Kind", c.select_input("dkim_kind", KINDS, AccountDkim.kind, AccountDkim.choose_kind), name="dkim_kind"
    )
    return rx.form(
        field("dkim_domain", "Domain", AccountDkim.domain, "The domain of the sender address, or one above it"),
        field("dkim_selector", "Selector", AccountDkim.selector, "Any short name; one for each key"),
        rx.cond(AccountDkim.own, pasted, made),
        c.switch("I have a private key already", AccountDkim.own, AccountDkim.bring_own),
        rx.el.div(
            rx.el.div(class_name="b-grow"),
            c.outline_button("Cancel", on_click=AccountDkim.show_form(False)),
            c.primary_button(
                rx.cond(AccountDkim.own, "Save key", "Generate key"), type="submit", busy=AccountDkim.saving
            ),
            class_name="b-dialog-foot",
        ),
        on_submit=AccountDkim.save,
        reset_on_submit=False,
        class_name="b-form",
    )


def dkim_dialogs() -> rx.Component:
    """The form for a key, and the question before it goes."""
    return rx.fragment(
        c.dialog(
            rx.cond(AccountDkim.signs, "Replace the DKIM key", "Sign with DKIM"),
            _key_form(),
            text="Receivers check the signature against a record in your DNS.",
            open=AccountDkim.open,
            on_open_change=AccountDkim.show_form,
        ),
        c.confirm_dialog(
            "Stop signing messages of this account?",
            "The private key is erased. Receivers may take unsigned messages for spam.",
            act="Stop signing",
            on_confirm=AccountDkim.remove,
            danger=True,
            open=AccountDkim.asking,
            on_open_change=AccountDkim.ask_remove,
        ),
    )
