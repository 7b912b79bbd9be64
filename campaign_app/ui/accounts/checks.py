"""Cards of the account page: health, connection test with the server's replies, test message."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui.accounts.account_state import AccountPage
from campaign_app.ui.accounts.check_state import AccountCheck
from campaign_app.ui.kit.vars import not_


def machine_text(value: Any, label: str) -> rx.Component:
    """Machine output in a box that can be scrolled by keyboard."""
    return rx.el.pre(
        value,
        aria_label=label,
        role="region",
        tab_index=0,
        class_name="b-small",
        style={
            "background": "var(--gray-a2)",
            "border": "1px solid var(--b-line)",
            "border_radius": "6px",
            "padding": "8px 12px",
            "margin": "0",
            "max_height": "320px",
            "overflow": "auto",
            "white_space": "pre-wrap",
            "overflow_wrap": "anywhere",
            "font_family": "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
        },
    )


def _fact(label: str, value: Any) -> rx.Component:
    return rx.cond(value != "", rx.el.div(rx.el.dt(label), rx.el.dd(value), class_name="b-fact"), rx.fragment())


def standing_card() -> rx.Component:
    """Health, today's use, the server's extensions and weakness."""
    s = AccountPage.standing
    retry = c.if_allowed("accounts:write", rx.el.div(c.small_button("Try again", on_click=AccountPage.forget_weakness)))
    return c.card(
        c.stack(
            rx.el.dl(
                rx.el.div(rx.el.dt("Health"), rx.el.dd(c.health_dot(s.health, s.words)), class_name="b-fact"),
                rx.el.div(
                    rx.el.dt("Sent today"),
                    rx.el.dd(s.used, rx.cond(s.has_limit, c.share_bar(s.share), rx.fragment()), class_name="b-col"),
                    class_name="b-fact",
                ),
                _fact("Last checked", s.checked),
                _fact("Tried again in", s.waiting),
                _fact("The server", s.offers),
                class_name="b-facts",
            ),
            rx.cond(
                s.last_error != "",
                c.callout(s.last_error, "error", title="It did not work the last time"),
                rx.fragment(),
            ),
            rx.cond(
                s.pace != "",
                c.callout(
                    c.stack(rx.el.span(s.pace), rx.el.span("Its answer: ", s.pace_words)),
                    "info",
                    title="The server asks to slow down",
                ),
                rx.fragment(),
            ),
            rx.cond(
                s.reported != "",
                c.callout(
                    c.stack(rx.el.span(s.reported), rx.el.span("The last one's words: ", s.reported_words)),
                    "warning",
                    title="Reports say that servers refuse this sender",
                ),
                rx.fragment(),
            ),
            rx.cond(
                s.broken != "",
                c.callout(
                    c.stack(rx.el.span(s.broken), rx.el.span("Its answer: ", s.broken_words), retry),
                    "warning",
                    title=s.broken_title,
                ),
                rx.fragment(),
            ),
        ),
        title="State",
    )


def check_card(on_test: Any) -> rx.Component:
    """Connect, log in, quit, with the form's present values."""
    verdict = rx.cond(
        AccountCheck.works,
        c.callout(AccountCheck.summary, "success", title="Connected"),
        c.callout(AccountCheck.summary, "error", title="Not connected"),
    )
    return c.card(
        c.stack(
            rx.el.p(
                "Connects and logs in with what the form says now. Nothing is sent.",
                class_name="b-dense b-muted",
            ),
            rx.el.div(c.outline_button("Test connection", "plug_zap", on_click=on_test, busy=AccountCheck.testing)),
            rx.cond(
                AccountCheck.tested,
                c.stack(
                    verdict,
                    rx.el.details(
                        rx.el.summary(
                            "What the server said (", AccountCheck.seconds, ")", class_name="b-dense b-strong"
                        ),
                        machine_text(AccountCheck.transcript, "Dialogue with the server"),
                        open=not_(AccountCheck.works),
                    ),
                ),
                rx.fragment(),
            ),
        ),
        title="Connection",
    )


def test_card() -> rx.Component:
    """Send one message to yourself."""
    outcome = rx.cond(
        AccountCheck.outcome_ok,
        c.callout(AccountCheck.outcome, "success"),
        c.callout(AccountCheck.outcome, "error"),
    )
    form = rx.form(
        c.form_field(
            "Send a test to",
            c.text_input("test-to", default_value=AccountPage.person_email, type="email", required=True),
            name="test-to",
            hint="A short message through the account as it is saved",
        ),
        rx.el.div(c.outline_button("Send test", "send", type="submit", busy=AccountCheck.sending)),
        on_submit=AccountCheck.send_test,
        reset_on_submit=False,
        class_name="b-form",
    )
    words = c.stack(outcome, machine_text(AccountCheck.outcome_detail, "The server's answer"))
    return c.card(c.stack(form, rx.cond(AccountCheck.outcome != "", words, rx.fragment())), title="Test message")
