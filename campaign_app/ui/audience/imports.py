"""All imports."""

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.audience.imports_state import ImportLine, Imports
from campaign_app.ui.kit.lists import Table, list_page
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Command, Link


def _name(line: ImportLine) -> rx.Component:
    return c.name_cell(line.filename, routes.contact_import(line.id), detail=line.size)


def _status(line: ImportLine) -> rx.Component:
    return c.status_badge(line.status, line.label)


def _phone_row(line: ImportLine) -> rx.Component:
    return c.phone_item(
        line.filename,
        routes.contact_import(line.id),
        status=_status(line),
        left=f"{line.added} added",
        right=line.when,
    )


_TABLE = Table(
    "Imports",
    [
        c.Column("File", cell=_name),
        c.Column("Status", width="150px", cell=_status),
        c.Column("Rows", align="right", hide="narrow", cell=lambda line: line.rows),
        c.Column("Added", align="right", cell=lambda line: line.added),
        c.Column("Left out", align="right", cell=lambda line: line.rejected),
        c.Column(
            "Started",
            align="right",
            width="140px",
            muted=True,
            cell=lambda line: line.when,
            title=lambda line: line.exact,
        ),
    ],
    phone_row=_phone_row,
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
def imports() -> rx.Component:
    """The upload box, then earlier imports."""
    box = c.upload_box(
        "Choose a CSV file or drop it here",
        "Any encoding and delimiter, up to 512 MB",
        label="CSV file",
        to="/files/imports",
        accept=".csv,.tsv,.txt,text/csv",
        then="/imports/",
    )
    upload = c.if_allowed("contacts:import", box)
    none = rx.el.p("No file was imported yet.", class_name="b-muted b-dense")
    return list_page(Imports, _TABLE, above=[upload], empty=none)
