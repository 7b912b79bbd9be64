"""One sending account: server, sender, limits; how it does; tests; DKIM."""

from typing import Any

import reflex as rx

from campaign_app.ui import browser, routes
from campaign_app.ui import components as c
from campaign_app.ui.accounts import account_state as choices
from campaign_app.ui.accounts.account_state import AccountPage
from campaign_app.ui.accounts.check_state import AccountCheck
from campaign_app.ui.accounts.checks import check_card, standing_card, test_card
from campaign_app.ui.accounts.dkim_card import dkim_card, dkim_dialogs
from campaign_app.ui.accounts.dkim_state import AccountDkim
from campaign_app.ui.layout import page

FORM = "account-form"
# The same form is saved or tested: a hidden button of each kind would submit it twice, so the act is a field.
_SUBMIT = "const f=document.getElementById('{form}');f.elements['act'].value='{act}';f.requestSubmit()"


def submit(act: str) -> Any:
    """Event: submit the form for an act, "save" or "test"."""
    return browser.on_click_run(_SUBMIT.format(form=FORM, act=act))


def _field(name: str, label: str, *, hint: Any = "", optional: bool = False, **props: Any) -> rx.Component:
    error = AccountPage.errors.get(name, "")
    return c.form_field(
        label,
        c.text_input(name, default_value=AccountPage.values.get(name, ""), error=error, auto_complete="off", **props),
        name=name,
        error=error,
        hint=hint,
        optional=optional,
    )


def _pair(*fields: rx.Component) -> rx.Component:
    return rx.el.div(*fields, class_name="b-form-row")


def _select(name: str, label: str, options: list[tuple[str, str]], value: Any, on_change: Any, hint: str = "") -> Any:
    return c.form_field(label, c.select_input(name, options, value, on_change), name=name, hint=hint)


def _server() -> rx.Component:
    kept = rx.cond(AccountPage.has_password, "Stored encrypted. Leave it empty to keep it", "Stored encrypted")
    password_error = AccountPage.errors.get("password", "")
    password = c.form_field(
        "Password",
        c.text_input("password", type="password", error=password_error, auto_complete="new-password"),
        name="password",
        error=password_error,
        hint=kept,
        optional=True,
    )
    provider = rx.cond(
        AccountPage.is_new,
        c.form_field(
            "Provider",
            c.select_input(
                "preset",
                choices.PRESET_CHOICES,
                AccountPage.preset,
                AccountPage.choose_preset,
            ),
            name="preset",
            hint=rx.cond(AccountPage.preset_hint != "", AccountPage.preset_hint, "Fills the server in for you"),
        ),
        rx.fragment(),
    )
    return c.card(
        c.stack(
            provider,
            _pair(
                _field("host", "Server", placeholder="smtp.example.com"), _field("port", "Port", input_mode="numeric")
            ),
            _pair(
                _select("tls", "Encryption", choices.TLS_CHOICES, AccountPage.tls, AccountPage.choose_tls),
                _select("auth", "Log-in method", choices.AUTH_CHOICES, AccountPage.auth, AccountPage.choose_auth),
            ),
            rx.cond(
                AccountPage.tls == "none",
                c.callout(
                    "User name, password and messages travel readable. Only for a server in your own network.",
                    "warning",
                ),
                rx.fragment(),
            ),
            _pair(_field("username", "User name", optional=True), password),
        ),
        title="Server",
    )


def _sender() -> rx.Component:
    return c.card(
        c.stack(
            _field("name", "Account name", hint="For your team only", max_length=255),
            _pair(
                _field("from_address", "Sender address", placeholder="news@example.com", type="email"),
                _field("from_name", "Sender name", optional=True, hint="A campaign may use another"),
            ),
            _field("reply_to", "Answers go to", optional=True, hint="Empty: to the sender address", type="email"),
            c.switch("Campaigns may use this account", AccountPage.active, AccountPage.set_active),
        ),
        title="Sender",
    )


def _limits() -> rx.Component:
    return c.card(
        c.stack(
            _pair(
                _field(
                    "limit_per_minute",
                    "Messages per minute",
                    optional=True,
                    hint="Empty: no limit",
                    input_mode="numeric",
                ),
                _field(
                    "limit_per_day",
                    "Messages per day",
                    optional=True,
                    hint="Days in UTC. Empty: no limit",
                    input_mode="numeric",
                ),
            ),
            _pair(
                _field("connections", "Connections", hint="At once, at most; fewer when the server pushes back"),
                _select(
                    "pipelining",
                    "Grouped commands",
                    choices.PIPELINING_CHOICES,
                    AccountPage.pipelining,
                    AccountPage.choose_pipelining,
                    hint="Faster to servers far away",
                ),
            ),
        ),
        title="Limits and speed",
    )


def _form() -> rx.Component:
    return rx.form(
        c.stack(_server(), _sender(), _limits()),
        rx.el.input(type="hidden", name="act", default_value="save"),
        id=FORM,
        on_submit=[AccountPage.save, AccountCheck.test_form],
        key=AccountPage.number.to_string(),
        reset_on_submit=False,
        custom_attrs={"noValidate": True},
    )


def _read_only() -> rx.Component:
    row = rx.foreach(
        AccountPage.facts,
        lambda pair: rx.el.div(rx.el.dt(pair[0]), rx.el.dd(pair[1]), class_name="b-fact"),
    )
    return c.card(rx.el.dl(row, class_name="b-facts"), title="Account")


def _actions() -> rx.Component:
    more = c.menu(c.menu_item("Delete account", AccountPage.ask_delete(True), "trash_2", danger=True))
    return c.if_allowed(
        "accounts:write",
        rx.el.div(
            c.primary_button("Save account", on_click=submit("save"), busy=AccountPage.saving),
            rx.cond(AccountPage.is_new, rx.fragment(), more),
            class_name="b-row",
        ),
    )


def _side() -> rx.Component:
    saved = ~AccountPage.is_new
    return c.stack(
        rx.cond(saved, standing_card(), rx.fragment()),
        c.if_allowed("accounts:write", check_card(submit("test"))),
        rx.cond(saved, c.if_allowed("accounts:write", test_card()), rx.fragment()),
        rx.cond(saved, dkim_card(), rx.fragment()),
    )


def _delete_question() -> rx.Component:
    return c.confirm_dialog(
        f"Delete {AccountPage.title}?",
        "Nothing can be sent through it any more; its password and key are erased. Results of finished campaigns stay.",
        act="Delete account",
        on_confirm=AccountPage.delete,
        danger=True,
        open=AccountPage.asking,
        on_open_change=AccountPage.ask_delete,
    )


@page(routes.ACCOUNT, title="Sending account", on_load=[AccountCheck.clear, AccountPage.load, AccountDkim.load])
def account() -> Any:
    """Form at the left, state and tests at the right."""
    left = c.if_allowed("accounts:write", _form(), _read_only())
    loading = c.grid("side", c.stack(c.skeleton_card(6), c.skeleton_card(5)), c.skeleton_card(4))
    return rx.fragment(
        c.page_body(
            c.page_header(AccountPage.title, _actions(), back=("Sending accounts", routes.ACCOUNTS)),
            rx.cond(AccountPage.loading, loading, c.grid("side", left, _side())),
        ),
        _delete_question(),
        dkim_dialogs(),
    )
