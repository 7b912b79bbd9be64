"""All imports."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.audience.imports_state import ImportLine, Imports
from campaign_app.ui.kit.vars import as_text, is_empty
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Command, Link

_COLUMNS = [
    c.Column("File"),
    c.Column("Status", width="150px"),
    c.Column("Rows", align="right", hide="narrow"),
    c.Column("Added", align="right"),
    c.Column("Left out", align="right"),
    c.Column("Started", align="right", width="140px"),
]


def _row(line: ImportLine) -> rx.Component:
    return c.table_row(
        c.name_cell(line.filename, f"{routes.IMPORTS}/{line.id}", detail=line.size),
        c.cell(c.status_badge(line.status, line.label)),
        c.cell(line.rows, align="right", hide="narrow"),
        c.cell(line.added, align="right"),
        c.cell(line.rejected, align="right"),
        c.cell(line.when, align="right", muted=True, title=line.exact),
        key=as_text(line.id),
    )


def _phone_row(line: ImportLine) -> rx.Component:
    return c.phone_item(
        line.filename,
        f"{routes.IMPORTS}/{line.id}",
        status=c.status_badge(line.status, line.label),
        left=f"{line.added} added",
        right=line.when,
    )


def upload_box() -> rx.Component:
    """Choose or drop a CSV file; the browser sends it as a stream (assets/upload.js), then opens its page."""
    return rx.el.div(
        rx.el.label(
            c.icon("upload", 20),
            rx.el.span("Choose a CSV file or drop it here", class_name="b-strong"),
            rx.el.span("Any encoding and delimiter, up to 512 MB", class_name="b-small b-muted"),
            rx.el.input(type="file", accept=".csv,.tsv,.txt,text/csv", aria_label="CSV file", class_name="b-file"),
            class_name="b-drop",
        ),
        rx.el.progress(max="100", value="0", class_name="b-upload-progress", aria_label="Upload", hidden=True),
        rx.el.p(role="alert", class_name="b-field-error b-upload-error", hidden=True),
        data_upload="/files/imports",
        data_then="/imports/",
        class_name="b-upload",
    )


@page(
    routes.IMPORTS,
    title="Imports",
    on_load=Imports.load,
    may="contacts:import",
    icon="file_spreadsheet",
    links=[Link(Area.SOURCES, 10)],
    command=Command("Import CSV", "upload", "contacts:import"),
)
def imports() -> Any:
    """The box to upload, then what was imported before."""
    table = c.data_table(_COLUMNS, Imports.rows, _row, label="Imports", loading=Imports.loading, phone_row=_phone_row)
    return rx.fragment(
        c.page_header("Imports"),
        c.page_body(
            c.if_allowed("contacts:import", upload_box()),
            rx.cond(
                is_empty(Imports.rows) & ~Imports.loading,
                rx.el.p("No file was imported yet.", class_name="b-muted b-dense"),
                table,
            ),
        ),
    )
