"""All lists."""

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.audience.list_forms import list_dialogs
from campaign_app.ui.audience.list_forms_state import ListForm, ListQuestions
from campaign_app.ui.audience.lists_state import ListLine, Lists
from campaign_app.ui.kit.dialogs import ask, open_form
from campaign_app.ui.kit.lists import Table, list_page
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Link


def _menu(line: ListLine) -> rx.Component:
    return c.menu(
        c.if_allowed("contacts:write", c.menu_item("Rename", open_form(ListForm, line.id), "pencil_line")),
        c.if_allowed(
            "contacts:delete",
            c.menu_item("Delete list", ask(ListQuestions, "delete", line.id, line.name), "trash_2", danger=True),
        ),
        label=f"More for {line.name}",
    )


def _href(line: ListLine) -> str:
    return f"{routes.CONTACTS}?list={line.id}"


_TABLE = Table(
    "Lists",
    [
        c.Column("List", cell=lambda line: c.name_cell(line.name, _href(line), detail=line.description)),
        c.Column("Contacts", align="right", width="140px", cell=lambda line: line.members),
        c.Column("Added", align="right", width="140px", hide="narrow", muted=True, cell=lambda line: line.added),
        c.Column("", align="right", width="56px", skeleton="none", class_name="b-above", cell=_menu),
    ],
    phone_row=lambda line: c.phone_item(line.name, _href(line), left=line.description, right=line.members),
)


@page(
    routes.LISTS,
    title="Lists",
    on_load=Lists.load,
    may="contacts:read",
    icon="list",
    links=[Link(Area.SOURCES, 20)],
)
def lists() -> rx.Component:
    new = c.if_allowed("contacts:write", c.primary_button("New list", "plus", on_click=open_form(ListForm)))
    empty = c.empty_state(
        "list",
        "Group contacts in lists",
        "A list holds the contacts that you or an import put in it. Segments find people by rules instead.",
        action=new,
        links=[c.if_allowed("contacts:import", c.text_link("Import a CSV into a list", href=routes.IMPORTS))],
    )
    return rx.fragment(list_page(Lists, _TABLE, actions=[new], empty=empty), list_dialogs())
