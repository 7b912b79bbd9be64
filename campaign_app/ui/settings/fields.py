"""The custom attributes of contacts: what imports and people added to the standard fields."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.kit.dialogs import ask, form_dialog, open_form, question
from campaign_app.ui.kit.vars import all_of, is_empty, not_
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Link
from campaign_app.ui.settings.fields_state import FieldLine, FieldQuestions, MergeField, RenameField
from campaign_app.ui.settings.fields_state import Fields as S
from campaign_app.ui.settings.tabs import tabs

_COLUMNS = [
    c.Column("Name"),
    c.Column("In messages", width="240px"),
    c.Column("", width="56px", skeleton="none"),
]


def _row(line: FieldLine) -> rx.Component:
    acts = c.menu(
        c.if_allowed("contacts:write", c.menu_item("Rename", open_form(RenameField, line.key), "pencil_line")),
        c.if_allowed("contacts:write", c.menu_item("Merge into another", open_form(MergeField, line.key), "merge")),
        c.if_allowed(
            "contacts:delete",
            c.menu_item(
                "Delete from all contacts", ask(FieldQuestions, "delete", line.key, line.label), "trash_2", danger=True
            ),
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


def _dialogs() -> rx.Component:
    return rx.fragment(
        form_dialog(RenameField, "Rename attribute", act="Save name"),
        form_dialog(
            MergeField,
            f"Merge {MergeField.subject} into another attribute",
            act="Merge attributes",
            text="Contacts that have no value of the other attribute get this one's. Then this attribute is deleted.",
            overrides={"into": {"options": MergeField.others}},
        ),
        question(
            FieldQuestions,
            "delete",
            f"Delete {FieldQuestions.subject} from all contacts?",
            "Its values are lost in every contact. This cannot be undone. Export the contacts first to keep them.",
            act="Delete attribute",
            danger=True,
        ),
    )


@page(
    routes.FIELDS,
    title="Contact fields",
    on_load=S.load,
    may="contacts:read",
    links=[Link(Area.SETTINGS, 40, may="contacts:write")],
)
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
            rx.cond(all_of(is_empty(S.rows), not_(S.loading)), empty, table),
        ),
        _dialogs(),
    )
