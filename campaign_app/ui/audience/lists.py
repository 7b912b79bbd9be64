"""All lists."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.audience.lists_state import ListLine, Lists
from campaign_app.ui.layout import page

_COLUMNS = [
    c.Column("List"),
    c.Column("Contacts", align="right", width="140px"),
    c.Column("Added", align="right", width="140px", hide="narrow"),
    c.Column("", width="56px", skeleton="none"),
]


def _row(line: ListLine) -> rx.Component:
    acts = c.menu(
        c.if_allowed("contacts:write", c.menu_item("Rename", Lists.open_form(line.id), "pencil_line")),
        c.if_allowed(
            "contacts:delete", c.menu_item("Delete list", Lists.ask_delete(line.id, line.name), "trash_2", danger=True)
        ),
        label=f"More for {line.name}",
    )
    return c.table_row(
        c.name_cell(line.name, f"{routes.CONTACTS}?list={line.id}", detail=line.description),
        c.cell(line.members, align="right"),
        c.cell(line.added, align="right", muted=True, hide="narrow"),
        c.cell(acts, align="right", class_name="b-above"),
        key=line.id.to_string(),
    )


def _phone_row(line: ListLine) -> rx.Component:
    return c.phone_item(line.name, f"{routes.CONTACTS}?list={line.id}", left=line.description, right=line.members)


def _dialogs() -> rx.Component:
    fields = rx.el.div(
        c.form_field(
            "Name",
            c.text_input("list-name", value=Lists.name, on_change=Lists.change_name, error=Lists.error),
            name="list-name",
            error=Lists.error,
        ),
        c.form_field(
            "Description",
            c.text_input("list-description", value=Lists.description, on_change=Lists.change_description),
            name="list-description",
            optional=True,
        ),
        class_name="b-col b-gap-12",
    )
    return rx.fragment(
        c.dialog(
            rx.cond(Lists.number == 0, "New list", "Rename list"),
            fields,
            open=Lists.form_open,
            on_open_change=Lists.set_form_open,
            foot=[
                c.outline_button("Cancel", on_click=Lists.set_form_open(False)),
                c.primary_button("Save list", on_click=Lists.save, busy=Lists.saving),
            ],
        ),
        c.confirm_dialog(
            f"Delete the list {Lists.deleting_name}?",
            Lists.deleting_words,
            act="Delete list",
            on_confirm=Lists.delete,
            danger=True,
            open=Lists.deleting > 0,
            on_open_change=Lists.close_question,
        ),
    )


@page(routes.LISTS, title="Lists", on_load=Lists.load)
def lists() -> Any:
    """The table of lists."""
    new = c.primary_button("New list", "plus", on_click=Lists.open_form(0))
    empty = c.empty_state(
        "list",
        "Group contacts in lists",
        "A list holds the contacts that you or an import put in it. Segments find people by rules instead.",
        action=c.if_allowed("contacts:write", new),
        links=[c.if_allowed("contacts:import", c.text_link("Import a CSV into a list", href=routes.IMPORTS))],
    )
    table = c.data_table(_COLUMNS, Lists.rows, _row, label="Lists", loading=Lists.loading, phone_row=_phone_row)
    nothing = (Lists.rows.length() == 0) & ~Lists.loading
    return rx.fragment(
        c.page_header("Lists", c.if_allowed("contacts:write", rx.cond(nothing, rx.fragment(), new))),
        c.page_body(rx.cond(nothing, empty, table)),
        _dialogs(),
    )
