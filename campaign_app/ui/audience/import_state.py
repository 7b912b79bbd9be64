"""One import: match columns, check rows, follow progress, read rejected rows."""

from dataclasses import dataclass
from typing import Any, Final

import reflex as rx

from campaign_app.audience import headings, imports
from campaign_app.audience import service as people
from campaign_app.audience.schemas import ColumnInfo, ImportRow, Inspection, Preview, PreviewRow
from campaign_app.core import db
from campaign_app.core.errors import Invalid
from campaign_app.kit import ids, text
from campaign_app.models.contact_import import ImportStatus
from campaign_app.ui import live
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.audience.imports_state import STATUS
from campaign_app.ui.ids import to_id
from campaign_app.workspace import service as workspace

LEAVE_OUT: Final = "-"
FIELDS: Final = [
    ("email", "E-mail"),
    ("phone", "Phone"),
    ("first_name", "First name"),
    ("last_name", "Last name"),
    ("full_name", "Full name"),
    ("company", "Company"),
    ("time_zone", "Time zone"),
    ("language", "Language"),
    ("tags", "Tags"),
]
DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


@dataclass
class ColumnLine:
    """One column of the file and its target field."""

    index: int
    heading: str
    sample: str
    goes_to: str
    attribute: str
    check: str
    bad: bool


@dataclass
class EncodingLine:
    """One encoding, and how it decodes some cells."""

    codec: str
    label: str
    samples: str


@dataclass
class CheckLine:
    """One row of the file as it would be imported."""

    row: int
    cells: list[str]
    error: str
    warning: str


class ImportPage(AppState):
    loading: bool = True
    working: bool = False
    step: str = "match"
    filename: str = ""
    status: str = "draft"
    label: str = ""
    facts: str = ""
    columns: list[ColumnLine] = []
    column_headings: list[str] = []
    encodings: list[EncodingLine] = []
    encoding: str = ""
    asks_encoding: bool = False
    heading_rows: list[tuple[str, str]] = []
    rows_above: str = "0"
    countries: list[tuple[str, str]] = []
    country: str = "DE"
    lists: list[tuple[str, str]] = []
    list_choice: str = "none"
    list_name: str = ""
    all_rows: bool = False
    check_lines: list[CheckLine] = []
    problems: int = 0
    can_import: str = ""
    ready: bool = False
    problem: str = ""
    error: str = ""
    percent: str = "0%"
    done_text: str = ""
    left: str = ""
    total: int = 0
    added: int = 0
    updated: int = 0
    rejected: int = 0
    waiting: int = 0
    reasons: list[tuple[str, str]] = []
    has_rejected: bool = False
    _columns: list[ColumnInfo] = []
    _mapping: dict[str, str] = {}
    _preview: Preview | None = None

    @rx.event
    async def load(self) -> None:
        """Open the page at the step that the import has reached."""
        actor = await self.require("contacts:import")
        self.error, self.all_rows = "", False
        number = to_id(self.import_id, "import")
        async with self.busy():
            async with db.reading() as session:
                found = await imports.get(session, actor, number)
                self.lists = [(str(row.id), row.name) for row in await people.lists(session, actor)]
                space = await workspace.get(session)
            self.countries = [(code, code) for code in workspace.countries()]
            self._show(found)
            if found.status is ImportStatus.DRAFT:
                self.country = found.country or space.default_country
                await self._inspect(number)
        await live.watch(self, f"import:{number}")

    async def _inspect(self, number: int) -> None:
        actor = await self.require("contacts:import")
        async with db.reading() as session:
            seen: Inspection = await imports.inspect(session, actor, number)
        self._columns = seen.columns
        self._mapping = {str(column.index): column.proposed for column in seen.columns}
        self.column_headings = [column.heading for column in seen.columns]
        delimiter = DELIMITERS.get(seen.delimiter, seen.delimiter)
        self.facts = f"{text.plural(seen.rows, 'row')}, {delimiter}, {seen.encoding_label}"
        self._show_reading(seen)
        await self._check()

    def _show_reading(self, seen: Inspection) -> None:
        self.encodings = [EncodingLine(one.codec, one.label, ", ".join(one.samples)) for one in seen.encodings]
        self.asks_encoding, self.encoding = seen.asks_encoding, "" if seen.asks_encoding else seen.encoding
        self.rows_above = str(seen.rows_above)
        self.heading_rows = [
            (str(number), f"Row {number + 1}: {', '.join(cell for cell in cells if cell)[:60]}")
            for number, cells in enumerate(seen.first_rows)
        ]

    async def _check(self) -> None:
        actor = await self.require("contacts:import")
        self.problem = ""
        try:
            async with db.reading() as session:
                number = to_id(self.import_id, "import")
                self._preview = await imports.preview(session, actor, number, self._mapping, self.country)
        except Invalid as error:
            self.problem, self._preview = error.message, None
        self._draw()

    def _draw(self) -> None:
        seen = self._preview
        if seen is None:
            self.columns = [_column(column, self._mapping, None) for column in self._columns]
            self.problems, self.check_lines, self.can_import, self.ready = 0, [], "", False
            return
        checks = {check.index: check for check in seen.columns}
        self.columns = [_column(column, self._mapping, checks.get(column.index)) for column in self._columns]
        self.problems = len(seen.problems)
        shown = seen.rows if self.all_rows else seen.problems
        self.check_lines = [_check_line(row) for row in shown[:50]]
        of = f"of the first {seen.checked:,} rows" if seen.checked < seen.total else f"of {seen.total:,} rows"
        self.can_import = f"{seen.importable:,} {of} can be imported"
        self.ready = seen.importable > 0 and not self.asks_encoding

    def _show(self, found: ImportRow) -> None:
        self.filename = found.filename
        self.status, self.label = STATUS[found.status]
        self.error, self.has_rejected = found.error, found.has_rejected
        self.step = "match" if found.status is ImportStatus.DRAFT else "run"
        self.left = ""
        self._show_result(found)

    def _show_result(self, found: ImportRow) -> None:
        result = found.result
        left_out, warnings = result.get("rejected", {}), result.get("warnings", {})
        rejected = sum(left_out.values())
        self._show_counts(found.rows_done, found.rows_total, result.get("contacts_created", 0), rejected)
        self.reasons = [(f"Left out: {reason}", text.number(count)) for reason, count in left_out.items()]
        self.reasons += [(reason[:1].upper() + reason[1:], text.number(count)) for reason, count in warnings.items()]
        if merged := result.get("duplicates_merged", 0):
            self.reasons.append(("Duplicates merged", text.number(merged)))

    def _show_counts(self, done: int, total: int, added: int, rejected: int) -> None:
        self.total = max(total, done)
        self.added, self.rejected = added, rejected
        self.updated = max(0, done - added - rejected)
        self.waiting = max(0, self.total - done)
        self.percent = f"{100 * done // self.total}%" if self.total else "0%"
        self.done_text = f"{done:,} of {self.total:,} rows"

    async def _on_progress(self, _topic: str, payload: dict[str, Any]) -> None:
        if payload.get("status") not in {"running", "queued"}:
            actor = await self.require("contacts:import")
            async with db.reading() as session:
                self._show(await imports.get(session, actor, to_id(self.import_id, "import")))
            return
        self.status, self.label = STATUS[ImportStatus.RUNNING]
        self._show_counts(payload["rows_done"], payload["rows_total"], payload["created"], payload["rejected"])
        seconds = payload.get("seconds_left")
        self.left = f"about {text.duration(seconds)} left" if seconds is not None else ""

    @rx.event
    async def send_to(self, index: int, value: str) -> None:
        """The target of a column: a field, "attribute", or "-" to leave it out."""
        await self.require("contacts:import")
        column = next((one for one in self._columns if one.index == index), None)
        if column is None:
            return
        if value == "attribute":
            taken = {target.removeprefix("attribute:") for target in self._mapping.values()}
            value = f"attribute:{headings.attribute_key(column.heading, taken, index + 1)}"
        self._mapping = {**self._mapping, str(index): "" if value == LEAVE_OUT else value}
        await self._check()

    @rx.event
    async def read_in(self, codec: str) -> None:
        """Choose the encoding."""
        await self._read_as(encoding=codec)

    @rx.event
    async def headings_in(self, number: str) -> None:
        """Choose the heading row. Rows above it are skipped."""
        if number.isdecimal() and len(number) <= 4:
            await self._read_as(rows_above=int(number))

    async def _read_as(self, encoding: str = "", rows_above: int | None = None) -> None:
        actor = await self.require("contacts:import")
        number = to_id(self.import_id, "import")
        async with db.transaction() as session:
            await imports.read_as(session, actor, number, encoding=encoding, rows_above=rows_above)
        await self._inspect(number)

    @rx.event
    async def choose_country(self, value: str) -> None:
        """The country of phone numbers without a country code."""
        await self.require("contacts:import")
        self.country = value
        await self._check()

    @rx.event
    async def choose_list(self, value: str) -> None:
        """The list that the contacts are added to: none, new, or an id."""
        await self.require("contacts:import")
        self.list_choice = value

    @rx.event
    async def name_list(self, value: str) -> None:
        await self.require("contacts:import")
        self.list_name = value

    @rx.event
    async def show_rows(self, which: str) -> None:
        """Show the preview's problems, or all its rows."""
        await self.require("contacts:import")
        self.all_rows = which == "all"
        self._draw()

    @rx.event
    async def start(self) -> Any:
        """Start the import."""
        actor = await self.require("contacts:import")
        number = to_id(self.import_id, "import")
        self.working = True
        yield
        try:
            async with db.transaction() as session:
                await imports.start(
                    session,
                    actor,
                    number,
                    mapping=self._mapping,
                    country=self.country,
                    list_id=ids.number(self.list_choice),
                    list_name=self.list_name.strip() if self.list_choice == "new" else "",
                )
            async with db.reading() as session:
                self._show(await imports.get(session, actor, number))
        finally:
            self.working = False

    @rx.event
    async def stop(self) -> Any:
        """Stop after the current rows. Imported rows stay."""
        actor = await self.require("contacts:import")
        async with db.transaction() as session:
            await imports.cancel(session, actor, to_id(self.import_id, "import"))
        yield notify_success("The import stops", "What was imported until now stays.")


def _column(column: ColumnInfo, mapping: dict[str, str], check: Any) -> ColumnLine:
    target = mapping.get(str(column.index), "")
    attribute = target.removeprefix("attribute:") if target.startswith("attribute:") else ""
    words, bad = text.NONE if target else "Left out", False
    if target and check is not None:
        bad = check.invalid > 0
        words = f"{check.invalid:,} not valid" if bad else f"{check.filled:,} filled"
    return ColumnLine(
        index=column.index,
        heading=column.heading,
        sample=", ".join(value for value in column.values if value)[:80] or text.NONE,
        goes_to="attribute" if attribute else target or LEAVE_OUT,
        attribute=attribute,
        check=words,
        bad=bad,
    )


def _check_line(row: PreviewRow) -> CheckLine:
    return CheckLine(row.row, [cell[:60] for cell in row.cells], row.error, "; ".join(row.warnings))
