"""The page of one import."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import pages, routes
from campaign_app.ui.audience.import_state import FIELDS, LEAVE_OUT, CheckLine, ColumnLine, EncodingLine, ImportPage
from campaign_app.ui.kit.vars import as_text, choose, has_items, is_set, not_, same
from campaign_app.ui.layout import page

_TARGETS = [*FIELDS, ("attribute", "Custom attribute"), (LEAVE_OUT, "Do not import")]


def _steps() -> rx.Component:
    matching = ImportPage.step == "match"
    return c.stepper(
        [
            c.Step("Upload", "done"),
            c.Step("Match columns and check", choose(matching, "current", "done")),
            c.Step("Import", choose(matching, "later", "current")),
        ]
    )


def _column(line: ColumnLine) -> rx.Component:
    choice = rx.el.select(
        *(rx.el.option(words, value=key) for key, words in _TARGETS),
        value=line.goes_to,
        on_change=lambda value: ImportPage.send_to(line.index, value),
        aria_label=f"Where {line.heading} goes",
        class_name="b-select",
    )
    mark = rx.cond(
        line.goes_to == LEAVE_OUT,
        rx.fragment(),
        rx.cond(line.bad, c.status_icon("warning"), c.status_icon("fine")),
    )
    return c.table_row(
        c.cell(line.heading, class_name="b-strong"),
        c.cell(rx.el.span(line.sample, class_name="b-ell"), muted=True, class_name="b-wrap-cell", hide="narrow"),
        c.cell(
            choice,
            rx.cond(line.attribute != "", rx.el.span(line.attribute, class_name="b-small b-muted"), rx.fragment()),
        ),
        c.cell(rx.el.span(mark, line.check, class_name="b-row")),
        key=as_text(line.index),
    )


def _columns() -> rx.Component:
    table = c.data_table(
        [
            c.Column("Column in the file"),
            c.Column("First values", hide="narrow"),
            c.Column("Goes to", width="230px"),
            c.Column("Check", width="160px"),
        ],
        ImportPage.columns,
        _column,
        label="Columns of the file",
        loading=ImportPage.loading,
        bleed=False,
        two_lines=False,
    )
    return c.card(table, title="Columns", aside=rx.el.span(ImportPage.facts, class_name="b-muted b-dense"), pad=False)


def _encoding(line: EncodingLine) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="radio",
            name="encoding",
            value=line.codec,
            checked=ImportPage.encoding == line.codec,
            on_change=ImportPage.read_in(line.codec),
        ),
        rx.el.span(
            rx.el.span(line.samples, class_name="b-strong"),
            rx.el.span(line.label, class_name="b-muted b-dense"),
            class_name="b-col",
        ),
        class_name="b-choice",
    )


def _encodings() -> rx.Component:
    """Shown only when the file's text can be decoded in several ways."""
    ask = "The file does not say how its letters are written. Choose the line in which the names are spelt right."
    return rx.cond(
        has_items(ImportPage.encodings),
        c.card(
            rx.el.fieldset(
                rx.el.legend(ask, class_name="b-muted b-dense"),
                rx.foreach(ImportPage.encodings, _encoding),
                class_name="b-choices",
            ),
            title="Letters",
            aside=rx.cond(
                ImportPage.asks_encoding, rx.el.span(c.status_icon("warning"), "Choose one", class_name="b-row"), None
            ),
        ),
        rx.fragment(),
    )


def _options() -> rx.Component:
    lists = rx.el.select(
        rx.el.option("No list", value="none"),
        rx.el.option("New list", value="new"),
        rx.foreach(ImportPage.lists, lambda pair: rx.el.option(pair[1], value=pair[0])),
        value=ImportPage.list_choice,
        on_change=ImportPage.choose_list,
        id="import-list",
        class_name="b-select",
    )
    headings = rx.el.select(
        rx.foreach(ImportPage.heading_rows, lambda pair: rx.el.option(pair[1], value=pair[0])),
        value=ImportPage.rows_above,
        on_change=ImportPage.headings_in,
        id="import-headings",
        class_name="b-select",
    )
    name = c.text_input("import-list-name", value=ImportPage.list_name, on_change=ImportPage.name_list)
    country = rx.el.select(
        rx.foreach(ImportPage.countries, lambda pair: rx.el.option(pair[1], value=pair[0])),
        value=ImportPage.country,
        on_change=ImportPage.choose_country,
        id="import-country",
        class_name="b-select",
    )
    return c.card(
        rx.el.div(
            c.form_field("Add to list", lists, name="import-list"),
            rx.cond(
                ImportPage.list_choice == "new",
                c.form_field("Name of the new list", name, name="import-list-name"),
                rx.fragment(),
            ),
            c.form_field("Headings", headings, name="import-headings", hint="Rows above are passed over"),
            c.form_field("Country of phone numbers", country, name="import-country", hint="For numbers without +"),
            class_name="b-form-pair",
        ),
        title="Options",
    )


def _check_row(line: CheckLine) -> rx.Component:
    wrong = rx.cond(
        line.error != "",
        rx.el.span(c.status_icon("blocking"), line.error, class_name="b-row"),
        rx.cond(
            line.warning != "", rx.el.span(c.status_icon("warning"), line.warning, class_name="b-row"), rx.fragment()
        ),
    )
    return rx.el.tr(
        rx.el.td(line.row, class_name="b-right b-num b-muted"),
        rx.foreach(line.cells, lambda cell: rx.el.td(rx.cond(cell == "", c.NONE, cell))),
        rx.el.td(wrong),
        data_wrong=choose(line.error != "", "true", "false"),
    )


def _preview() -> rx.Component:
    head = rx.el.tr(
        rx.el.th("Row", scope="col", class_name="b-right"),
        rx.foreach(ImportPage.column_headings, lambda heading: rx.el.th(heading, scope="col")),
        rx.el.th("What is wrong", scope="col"),
    )
    table = rx.el.div(
        rx.el.table(
            rx.el.thead(head),
            rx.el.tbody(rx.foreach(ImportPage.check_lines, _check_row)),
            class_name="b-table b-one-line",
            aria_label="Rows of the file",
        ),
        class_name="b-table-scroll",
        tab_index=0,
    )
    views = [c.View("Problems", "problems"), c.View("All rows", "all")]
    return c.card(
        rx.el.div(
            c.saved_views(
                views,
                choose(ImportPage.all_rows, "all", "problems"),
                ImportPage.show_rows,
                label="Rows of the preview",
            ),
            class_name="b-card-inset",
        ),
        rx.cond(
            has_items(ImportPage.check_lines),
            table,
            rx.el.p(
                choose(ImportPage.problem == "", "Every row looked at is fine.", "Not checked yet."),
                class_name="b-muted b-dense b-none-yet",
            ),
        ),
        title="Preview",
        pad=False,
    )


def _match() -> rx.Component:
    return rx.fragment(
        _encodings(),
        _columns(),
        _options(),
        _preview(),
        rx.el.div(
            rx.el.span(ImportPage.can_import, class_name="b-muted b-dense b-num"),
            c.primary_button(
                "Import contacts",
                "upload",
                on_click=ImportPage.start,
                busy=ImportPage.working,
                disabled=not_(ImportPage.ready),
            ),
            class_name="b-between b-wrap",
        ),
        rx.cond(ImportPage.problem == "", rx.fragment(), c.callout(ImportPage.problem, "warning")),
    )


def _run() -> rx.Component:
    def reason(pair: Any) -> rx.Component:
        return rx.el.div(rx.el.dt(pair[0]), rx.el.dd(pair[1], class_name="b-num"), class_name="b-fact")

    running = (ImportPage.status == "running") | (ImportPage.status == "queued")
    download = rx.el.a(
        c.icon("download", 14),
        "Download rejected rows",
        href=f"/files/imports/{ImportPage.import_id}/rejected",
        reload_document=True,
        class_name="b-link",
    )
    return rx.fragment(
        rx.cond(ImportPage.error != "", c.callout(ImportPage.error, "error", title="The import failed"), rx.fragment()),
        c.progress_card(
            ImportPage.percent,
            ImportPage.done_text,
            [
                c.ProgressSegment("added", ImportPage.added),
                c.ProgressSegment("updated", ImportPage.updated, label="Updated or merged"),
                c.ProgressSegment("rejected", ImportPage.rejected),
                c.ProgressSegment("waiting", ImportPage.waiting),
            ],
            ImportPage.total,
            live=running,
            aside=rx.cond(
                running,
                rx.el.span(
                    rx.el.span(ImportPage.left, class_name="b-muted b-dense b-num"),
                    c.small_button("Stop import", on_click=ImportPage.stop),
                    class_name="b-row b-gap-12",
                ),
                rx.fragment(),
            ),
        ),
        rx.cond(
            running,
            rx.el.p(
                "You can leave this page. The import goes on and you find it under Imports.",
                class_name="b-muted b-dense",
            ),
            rx.fragment(),
        ),
        rx.cond(
            has_items(ImportPage.reasons),
            c.card(
                rx.el.dl(rx.foreach(ImportPage.reasons, reason), class_name="b-facts b-facts-wide"),
                title="What was left out or changed",
                aside=rx.cond(ImportPage.has_rejected, download, rx.fragment()),
            ),
            rx.fragment(),
        ),
        rx.cond(
            ImportPage.status == "completed",
            rx.el.div(c.outline_button("See contacts", "users", href=routes.CONTACTS)),
            rx.fragment(),
        ),
    )


@page(routes.IMPORT, title="Import", on_load=ImportPage.load, may="contacts:import", parent=routes.IMPORTS)
def import_page() -> Any:
    """The step that the import has reached."""
    return rx.fragment(
        c.page_header(
            choose(is_set(ImportPage.filename), ImportPage.filename, "Import"),
            rx.el.div(_steps(), class_name="b-only-wide"),
            back=pages.back(routes.IMPORT),
            status=choose(same(ImportPage.step, "match"), "", ImportPage.status),
            status_label=ImportPage.label,
        ),
        c.page_body(rx.cond(ImportPage.step == "match", _match(), _run())),
    )
