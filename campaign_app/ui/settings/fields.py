"""The custom attributes of contacts: what imports and people have added beyond the fields that every contact has."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.layout import page
from campaign_app.ui.settings.fields_state import FieldLine
from campaign_app.ui.settings.fields_state import Fields as S
from campaign_app.ui.settings.tabs import tabs

_COLUMNS = [
    c.Column("Name"),
    c.Column("In messages", width="240px"),
    c.Column("", width="56px", skeleton="none"),
]


def _row(line: FieldLine) -> rx.Component:
    acts = c.menu(
        c.if_allowed("contacts:write", c.menu_item("Rename", S.open_dialog("rename", line.key), "pencil_line")),
        c.if_allowed("contacts:write", c.menu_item("Merge into another", S.open_dialog("merge", line.key), "merge")),
        c.if_allowed(
            "contacts:delete",
            c.menu_item("Delete from all contacts", S.open_dialog("delete", line.key), "trash_2", danger=True),
        ),
        label=f"More for {line.label}",
    )
    return c.table_row(
        c.cell(rx.el.span(line.label, class_name="b-strong"), rx.el.span(line.note, class_name="b-muted b-small")),
        c.cell(rx.el.code(line.code, class_name="b-small")),
        c.cell(rx.cond(line.note == "", acts, rx.fragment()), align="right", class_name="b-above"),
        key=line.key,
    )


def _phone_row(line: FieldLine) -> rx.Component:
    return c.phone_item(line.label, left=line.code, right=line.note)


def _rename() -> rx.Component:
    return c.dialog(
        "Rename attribute",
        c.form_field(
            "Name",
            c.text_input("field-label", value=S.label, on_change=S.change_label, error=S.error, max_length=255),
            name="field-label",
            error=S.error,
            hint="Messages go on using the same variable",
        ),
        open=S.dialog == "rename",
        on_open_change=S.close_dialog,
        foot=[
            c.outline_button("Cancel", on_click=S.close_dialog(False)),
            c.primary_button("Save name", on_click=S.rename, busy=S.saving),
        ],
    )


def _merge() -> rx.Component:
    return c.dialog(
        f"Merge {S.label} into another attribute",
        c.form_field(
            "Into",
            c.select_input("field-into", S.others, S.into, S.choose_into, error=S.error),
            name="field-into",
            error=S.error,
        ),
        text="Contacts that have no value of the other attribute get this one's. Then this attribute is deleted.",
        open=S.dialog == "merge",
        on_open_change=S.close_dialog,
        foot=[
            c.outline_button("Cancel", on_click=S.close_dialog(False)),
            c.primary_button("Merge attributes", on_click=S.merge, busy=S.saving),
        ],
    )


def _delete() -> rx.Component:
    return c.confirm_dialog(
        f"Delete {S.label} from all contacts?",
        "Its values are lost in every contact. This cannot be undone. Export the contacts first to keep them.",
        act="Delete attribute",
        on_confirm=S.delete,
        danger=True,
        open=S.dialog == "delete",
        on_open_change=S.close_dialog,
    )


@page(routes.FIELDS, title="Contact fields", on_load=S.load)
def fields() -> Any:
    """The table of custom attributes."""
    empty = c.empty_state(
        "list_plus",
        "Keep more about contacts",
        "Columns of an import that are no field of a contact become attributes. They are listed here.",
        action=c.if_allowed("contacts:import", c.outline_button("Import CSV", "upload", href=routes.IMPORTS)),
    )
    table = c.data_table(_COLUMNS, S.rows, _row, label="Attributes", loading=S.loading, phone_row=_phone_row)
    return rx.fragment(
        c.page_body(
            c.page_header("Settings"),
            tabs(routes.FIELDS),
            rx.cond((S.rows.length() == 0) & ~S.loading, empty, table),
        ),
        _rename(),
        _merge(),
        _delete(),
    )
