"""DKIM on the account page: the key, the record to publish, the DNS check."""

from typing import Any

import reflex as rx

from campaign_app.ui import browser
from campaign_app.ui import components as c
from campaign_app.ui.accounts.checks import machine_text
from campaign_app.ui.accounts.providers.dkim_state import AccountDkim, DkimForm, DkimQuestions
from campaign_app.ui.kit.dialogs import ask, form_dialog, open_form, question
from campaign_app.ui.kit.forms import field_of
from campaign_app.ui.kit.vars import choose, is_set


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
                    c.menu_item("Replace key", open_form(DkimForm), "refresh_cw"),
                    c.menu_item("Stop signing", ask(DkimQuestions, "remove"), "trash_2", danger=True),
                    label="More for DKIM",
                ),
            ),
        ),
        rx.cond(is_set(AccountDkim.finding), found, rx.fragment()),
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
            rx.el.div(c.outline_button("Generate key", "key_round", on_click=open_form(DkimForm))),
        ),
    )


def dkim_card() -> rx.Component:
    """Whether mail is signed, and what to do."""
    return c.card(rx.cond(AccountDkim.signs, _signed(), _unsigned()), title="Signature (DKIM)")


def _key_form() -> rx.Component:
    def field(name: str) -> rx.Component:
        return field_of(DkimForm, DkimForm.form.field(name))

    return form_dialog(
        DkimForm,
        choose(AccountDkim.signs, "Replace the DKIM key", "Sign with DKIM"),
        act=choose(DkimForm.own, "Save key", "Generate key"),
        text="Receivers check the signature against a record in your DNS.",
        rows=[
            field("dkim_domain"),
            field("dkim_selector"),
            rx.cond(DkimForm.own, field("dkim_key"), field("dkim_kind")),
            c.switch("I have a private key already", DkimForm.own, DkimForm.bring_own),
        ],
    )


def dkim_dialogs() -> rx.Component:
    """The form for a key, and the question before it is removed."""
    return rx.fragment(
        _key_form(),
        question(
            DkimQuestions,
            "remove",
            "Stop signing messages of this account?",
            "The private key is erased. Receivers may take unsigned messages for spam.",
            act="Stop signing",
            danger=True,
        ),
    )
