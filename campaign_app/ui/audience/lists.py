"""All lists."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.audience.list_forms import list_dialogs
from campaign_app.ui.audience.list_forms_state import ListForm, ListQuestions
from campaign_app.ui.audience.lists_state import ListLine, Lists
from campaign_app.ui.kit.dialogs import ask, open_form
from campaign_app.ui.kit.vars import as_text, is_empty
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Link

_COLUMNS = [
    c.Column("List"),
    c.Column("Contacts", align="right", width="140px"),
    c.Column("Added", align="right", width="140px", hide="narrow"),
    c.Column("", width="56px", skeleton="none"),
]


def _row(line: ListLine) -> rx.Component:
    acts = c.menu(
        c.if_allowed("contacts:write", c.menu_item("Rename", open_form(ListForm, line.id), "pencil_line")),
        c.if_allowed(
            "contacts:delete",
            c.menu_item("Delete list", ask(ListQuestions, "delete", line.id, line.name), "trash_2", danger=True),
        ),
        label=f"More for {line.name}",
    )
    return c.table_row(
        c.name_cell(line.name, f"{routes.CONTACTS}?list={line.id}", detail=line.description),
        c.cell(line.members, align="right"),
        c.cell(line.added, align="right", muted=True, hide="narrow"),
        c.cell(acts, align="right", class_name="b-above"),
        key=as_text(line.id),
    )


def _phone_row(line: ListLine) -> rx.Component:
    return c.phone_item(line.name, f"{routes.CONTACTS}?list={line.id}", left=line.description, right=line.members)


@page(
    routes.LISTS,
    title="Lists",
    on_load=Lists.load,
    may="contacts:read",
    icon="list",
    links=[Link(Area.SOURCES, 20)],
)
def lists() -> Any:
    """The table of lists."""
    new = c.primary_button("New list", "plus", on_click=open_form(ListForm))
    empty = c.empty_state(
        "list",
        "Group contacts in lists",
        "A list holds the contacts that you or an import put in it. Segments find people by rules instead.",
        action=c.if_allowed("contacts:write", new),
        links=[c.if_allowed("contacts:import", c.text_link("Import a CSV into a list", href=routes.IMPORTS))],
    )
    table = c.data_table(_COLUMNS, Lists.rows, _row, label="Lists", loading=Lists.loading, phone_row=_phone_row)
    nothing = is_empty(Lists.rows) & ~Lists.loading
    return rx.fragment(
        c.page_header("Lists", c.if_allowed("contacts:write", rx.cond(nothing, rx.fragment(), new))),
        c.page_body(rx.cond(nothing, empty, table)),
        list_dialogs(),
    )
