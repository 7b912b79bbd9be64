"""The page of one sending account: server, sender, limits, health, tests, DKIM."""

from typing import Any

import reflex as rx

from campaign_app.ui import browser, pages, routes
from campaign_app.ui import components as c
from campaign_app.ui.accounts import providers
from campaign_app.ui.accounts.account_state import AccountPage, AccountQuestions
from campaign_app.ui.accounts.check_state import AccountCheck
from campaign_app.ui.accounts.checks import check_card, standing_card, test_card
from campaign_app.ui.accounts.form import FORM, account_form
from campaign_app.ui.kit.dialogs import ask, question
from campaign_app.ui.kit.vars import not_
from campaign_app.ui.layout import page

# The same form is saved or tested. Two hidden buttons would submit it twice, so the action is a field.
_SUBMIT = "const f=document.getElementById('{form}');f.elements['act'].value='{act}';f.requestSubmit()"


def submit(act: str) -> Any:
    """Event: submit the form for an action, "save" or "test"."""
    return browser.on_click_run(_SUBMIT.format(form=FORM, act=act))


def _read_only() -> rx.Component:
    row = rx.foreach(
        AccountPage.facts,
        lambda pair: rx.el.div(rx.el.dt(pair[0]), rx.el.dd(pair[1]), class_name="b-fact"),
    )
    return c.card(rx.el.dl(row, class_name="b-facts"), title="Account")


def _actions() -> rx.Component:
    more = c.menu(c.menu_item("Delete account", ask(AccountQuestions, "delete"), "trash_2", danger=True))
    return c.if_allowed(
        "accounts:write",
        rx.el.div(
            c.primary_button("Save account", on_click=submit("save"), busy=AccountPage.saving),
            rx.cond(AccountPage.is_new, rx.fragment(), more),
            class_name="b-row",
        ),
    )


def _side() -> rx.Component:
    saved = not_(AccountPage.is_new)
    return c.stack(
        rx.cond(saved, standing_card(), rx.fragment()),
        c.if_allowed("accounts:write", check_card(submit("test"))),
        rx.cond(saved, c.if_allowed("accounts:write", test_card()), rx.fragment()),
        rx.cond(saved, providers.cards(), rx.fragment()),
    )


def _delete_question() -> rx.Component:
    return question(
        AccountQuestions,
        "delete",
        f"Delete {AccountPage.title}?",
        "Nothing can be sent through it any more; its password and key are erased. Results of finished campaigns stay.",
        act="Delete account",
        danger=True,
    )


@page(
    routes.ACCOUNT,
    title="Sending account",
    on_load=[AccountCheck.clear, AccountPage.load, *providers.on_load()],
    may="accounts:read",
    parent=routes.ACCOUNTS,
)
def account() -> Any:
    """Form on the left, state and tests on the right."""
    left = c.if_allowed("accounts:write", account_form(), _read_only())
    loading = c.grid("side", c.stack(c.skeleton_card(6), c.skeleton_card(5)), c.skeleton_card(4))
    return rx.fragment(
        c.page_body(
            c.page_header(AccountPage.title, _actions(), back=pages.back(routes.ACCOUNT)),
            rx.cond(AccountPage.loading, loading, c.grid("side", left, _side())),
        ),
        _delete_question(),
        providers.dialogs(),
    )
