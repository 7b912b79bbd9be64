"""People of the workspace."""

from typing import Any

import reflex as rx

from campaign_app.ui import browser, routes
from campaign_app.ui import components as c
from campaign_app.ui.layout import page
from campaign_app.ui.settings.new_user_state import FIELD_ID, NewPerson
from campaign_app.ui.settings.tabs import tabs
from campaign_app.ui.settings.users_state import People, PersonLine

_COLUMNS = [
    c.Column("Name", skeleton="lines"),
    c.Column("Role", width="140px"),
    c.Column("Sign-in", width="150px", hide="narrow"),
    c.Column("Last seen", align="right", width="140px", hide="narrow"),
    c.Column("Actions", align="right", width="72px", skeleton="none"),
]


def _row(line: PersonLine) -> rx.Component:
    switch = rx.cond(
        line.status == "active",
        c.menu_item("Switch off", People.ask("off", line.id), "ban", danger=True),
        c.menu_item("Let sign in again", People.set_active(line.id, True), "circle_check"),
    )
    acts = c.menu(
        c.menu_item("Edit person", People.edit(line.id), "pencil_line"),
        c.menu_item("New password", People.ask("reset", line.id), "key_round"),
        c.menu_item("Remove second factor", People.ask("factor", line.id), "smartphone"),
        switch,
        label=f"Actions for {line.name}",
    )
    you = rx.cond(line.is_you, c.tag("You"), rx.fragment())
    return c.table_row(
        c.name_cell(rx.fragment(line.name, " ", you), detail=line.email, before=c.avatar(line.initials)),
        c.cell(line.role_label),
        c.cell(c.status_badge(line.status), hide="narrow"),
        c.cell(line.last_seen, align="right", muted=True, hide="narrow", title=line.exact),
        c.cell(rx.cond(line.reachable, acts, rx.fragment()), align="right"),
        key=line.id.to_string(),
    )


def _fields(
    prefix: str, errors: Any, role: Any, on_role: Any, name: Any = "", email: Any = ""
) -> tuple[rx.Component, ...]:
    return (
        c.form_field(
            "Name",
            c.text_input(f"{prefix}-name", default_value=name, error=errors.get("name", ""), required=True),
            name=f"{prefix}-name",
            error=errors.get("name", ""),
        ),
        c.form_field(
            "E-mail",
            c.text_input(
                f"{prefix}-email", default_value=email, type="email", error=errors.get("email", ""), required=True
            ),
            name=f"{prefix}-email",
            error=errors.get("email", ""),
        ),
        c.form_field("Role", c.select_input(f"{prefix}-role", People.roles, role, on_role), name=f"{prefix}-role"),
    )


def _form_dialog(
    title: Any, text: str, fields: tuple[rx.Component, ...], act: str, busy: Any, save: Any, opened: Any, toggle: Any
) -> rx.Component:
    foot = rx.el.div(
        rx.el.div(class_name="b-grow"),
        c.outline_button("Cancel", on_click=toggle(False)),
        c.primary_button(act, type="submit", busy=busy),
        class_name="b-dialog-foot",
    )
    form = rx.form(*fields, foot, on_submit=save, class_name="b-form")
    return c.dialog(title, form, text=text, open=opened, on_open_change=toggle)


def _password_dialog() -> rx.Component:
    copy = f"navigator.clipboard.writeText(document.getElementById('{FIELD_ID}').value)"
    return c.dialog(
        f"Password for {NewPerson.shown_for}",
        rx.el.div(
            c.form_field(
                "Password",
                c.text_input(FIELD_ID, read_only=True, auto_complete="off"),
                name=FIELD_ID,
                hint="It can be changed on the page Your profile",
            ),
            on_mount=NewPerson.reveal,
        ),
        text="It is shown only now. Hand it over in a safe way.",
        open=NewPerson.shown_for != "",
        on_open_change=NewPerson.close_password,
        foot=[
            c.outline_button("Copy password", "copy", on_click=browser.on_click_run(copy)),
            c.primary_button("Close", on_click=NewPerson.close_password(False)),
        ],
    )


def _dialogs() -> rx.Component:
    return rx.fragment(
        _form_dialog(
            "Add a person",
            "A password is made up for them and shown to you once.",
            _fields("new", NewPerson.errors, NewPerson.role, NewPerson.choose_role),
            "Add person",
            NewPerson.saving,
            NewPerson.add,
            NewPerson.adding,
            NewPerson.open_form,
        ),
        _form_dialog(
            f"Edit {People.edit_name}",
            "A new role counts at once.",
            _fields(
                "edit",
                People.errors,
                People.edit_role,
                People.choose_role,
                name=People.edit_name,
                email=People.edit_email,
            ),
            "Save person",
            People.saving,
            People.save,
            People.editing != 0,
            People.toggle_edit,
        ),
        c.confirm_dialog(
            f"Switch {People.asked_name} off?",
            "They are signed out everywhere at once and cannot sign in. What they made stays.",
            act="Switch off",
            on_confirm=People.set_active(People.asked_id, False),
            danger=True,
            open=People.asked == "off",
            on_open_change=People.toggle_question,
        ),
        c.confirm_dialog(
            f"Make a new password for {People.asked_name}?",
            "The present one stops working and they are signed out everywhere. The new one is shown to you once.",
            act="Make password",
            cancel="Keep the present one",
            on_confirm=NewPerson.reset_password(People.asked_id),
            open=People.asked == "reset",
            on_open_change=People.toggle_question,
        ),
        c.confirm_dialog(
            f"Remove the second factor of {People.asked_name}?",
            "They sign in with the password alone and are signed out everywhere. Make sure that it is they who ask.",
            act="Remove second factor",
            on_confirm=People.reset_factor(People.asked_id),
            danger=True,
            open=People.asked == "factor",
            on_open_change=People.toggle_question,
        ),
        _password_dialog(),
    )


@page(routes.USERS, title="People", on_load=People.load)
def users() -> Any:
    """The table and its dialogs."""
    add = c.primary_button("Add person", "plus", on_click=NewPerson.open_form(True))
    return rx.fragment(
        c.page_body(
            c.page_header("People", c.if_allowed("users:write", add), meta=People.summary),
            tabs(routes.USERS),
            c.data_table(_COLUMNS, People.rows, _row, label="People of the workspace", loading=People.loading),
        ),
        _dialogs(),
    )
