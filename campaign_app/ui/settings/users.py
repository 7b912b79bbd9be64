"""Users of the workspace."""

from typing import Any

import reflex as rx

from campaign_app.ui import browser, routes
from campaign_app.ui import components as c
from campaign_app.ui.kit.dialogs import ask, form_dialog, open_form, plain_dialog, question
from campaign_app.ui.kit.lists import Table, list_view
from campaign_app.ui.kit.vars import same
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Link
from campaign_app.ui.settings.tabs import tabs
from campaign_app.ui.settings.user_forms_state import (
    FIELD_ID,
    EditPerson,
    MadeUpPassword,
    NewPerson,
    PersonQuestions,
)
from campaign_app.ui.settings.users_state import People, PersonLine


def _menu(line: PersonLine) -> rx.Component:
    switch = rx.cond(
        same(line.status, "active"),
        c.menu_item("Switch off", ask(PersonQuestions, "off", line.id), "ban", danger=True),
        c.menu_item("Let sign in again", People.let_in(line.id), "circle_check"),
    )
    acts = c.menu(
        c.menu_item("Edit person", open_form(EditPerson, line.id), "pencil_line"),
        c.menu_item("New password", ask(PersonQuestions, "reset", line.id), "key_round"),
        c.menu_item("Remove second factor", ask(PersonQuestions, "factor", line.id), "smartphone"),
        switch,
        label=f"Actions for {line.name}",
    )
    return rx.fragment(rx.cond(line.reachable, acts, rx.fragment()))


def _name(line: PersonLine) -> rx.Component:
    you = rx.cond(line.is_you, c.tag("You"), rx.fragment())
    return c.name_cell(rx.fragment(line.name, " ", you), detail=line.email, before=c.avatar(line.initials))


_TABLE = Table(
    "People of the workspace",
    [
        c.Column("Name", skeleton="lines", cell=_name),
        c.Column("Role", width="140px", cell=lambda line: line.role_label),
        c.Column("Sign-in", width="150px", hide="narrow", cell=lambda line: c.status_badge(line.status)),
        c.Column(
            "Last seen",
            align="right",
            width="140px",
            hide="narrow",
            muted=True,
            cell=lambda line: line.last_seen,
            title=lambda line: line.exact,
        ),
        c.Column("Actions", align="right", width="72px", skeleton="none", cell=_menu),
    ],
)


def _password_dialog() -> rx.Component:
    copy = f"navigator.clipboard.writeText(document.getElementById('{FIELD_ID}').value)"
    return plain_dialog(
        MadeUpPassword,
        f"Password for {MadeUpPassword.subject}",
        rx.el.div(
            c.form_field(
                "Password",
                c.text_input(FIELD_ID, read_only=True, auto_complete="off"),
                name=FIELD_ID,
                hint="It can be changed on the page Your profile",
            ),
            on_mount=MadeUpPassword.reveal,
        ),
        text="It is shown only now. Hand it over in a safe way.",
        foot=[
            c.outline_button("Copy password", "copy", on_click=browser.on_click_run(copy)),
            c.primary_button("Close", on_click=MadeUpPassword.close(False)),
        ],
    )


def _dialogs() -> rx.Component:
    roles = {"role": {"options": People.roles}}
    name = PersonQuestions.subject
    return rx.fragment(
        form_dialog(
            NewPerson,
            "Add a person",
            act="Add person",
            text="A password is made up for them and shown to you once.",
            overrides=roles,
        ),
        form_dialog(
            EditPerson,
            f"Edit {EditPerson.subject}",
            act="Save person",
            text="A new role counts at once.",
            overrides=roles,
        ),
        question(
            PersonQuestions,
            "off",
            f"Switch {name} off?",
            "They are signed out everywhere at once and cannot sign in. What they made stays.",
            act="Switch off",
            danger=True,
        ),
        question(
            PersonQuestions,
            "reset",
            f"Make a new password for {name}?",
            "The present one stops working and they are signed out everywhere. The new one is shown to you once.",
            act="Make password",
            cancel="Keep the present one",
        ),
        question(
            PersonQuestions,
            "factor",
            f"Remove the second factor of {name}?",
            "They sign in with the password alone and are signed out everywhere. Make sure that it is they who ask.",
            act="Remove second factor",
            danger=True,
        ),
        _password_dialog(),
    )


@page(routes.USERS, title="People", on_load=People.load, may="users:read", links=[Link(Area.SETTINGS, 30)])
def users() -> Any:
    add = c.primary_button("Add person", "plus", on_click=open_form(NewPerson))
    return rx.fragment(
        c.page_body(
            c.page_header("People", c.if_allowed("users:write", add), meta=People.summary),
            tabs(routes.USERS),
            list_view(People, _TABLE),
        ),
        _dialogs(),
    )
