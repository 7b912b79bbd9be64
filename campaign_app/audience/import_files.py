"""Uploaded files on disk: their paths, their contents, and the file of rows left out."""

import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import cached_property
from itertools import chain, islice
from pathlib import Path

from campaign_app.audience import headings, identity
from campaign_app.audience.csv_import import Cleaner, Shape
from campaign_app.audience.errors import FileUnusable
from campaign_app.audience.schemas import (
    ColumnCheck,
    ColumnInfo,
    EncodingChoice,
    Inspection,
    Preview,
    PreviewRow,
    RejectedRow,
)
from campaign_app.core.config import settings
from campaign_app.kit.csv_encodings import LABELS
from campaign_app.kit.csv_pieces import Source, pieces
from campaign_app.kit.csv_sniff import Format, Unreadable, sniff
from campaign_app.kit.csv_stream import BOM, encode, records
from campaign_app.models.contact_import import ContactImport

FOLDER = "imports"
PREVIEW_ROWS = 5_000
_SHOWN = 100
_SAMPLE = 50
_FIRST_ROWS = 10
_FIRST_VALUES = 3
MOST_COLUMNS = 200
_ENOUGH_ROWS = 20
_ALWAYS = 0.98


def absolute(relative: str) -> Path:
    """The absolute path of a path stored in the database."""
    return settings().var_dir / relative


def new_path() -> str:
    """A new path for an upload, relative to var_dir."""
    absolute(FOLDER).mkdir(parents=True, exist_ok=True)
    return f"{FOLDER}/{secrets.token_hex(12)}.csv"


async def receive(stream: AsyncIterator[bytes]) -> tuple[str, int]:
    """Write an upload to disk while it arrives; return its relative path and size. A failed upload leaves no file."""
    relative, size, limit = new_path(), 0, settings().upload_limit_mb * 1024 * 1024
    target = absolute(relative)
    try:
        with target.open("wb") as file:
            async for piece in stream:
                size += len(piece)
                if size > limit:
                    raise FileUnusable(
                        f"The file is larger than {settings().upload_limit_mb} MB. Split it into several files.",
                        title="The file is too large",
                    )
                file.write(piece)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return relative, size


def examine(relative: str, encoding: str = "") -> tuple[Format, int]:
    """Find the format of an upload and how many rows stand above its headings. `encoding`: chosen by a person, or "".

    Raises:
        FileUnusable: in words for a person.
    """
    path = absolute(relative)
    try:
        found = sniff(path, encoding)
        first = list(islice(records(path, found.encoding, found.delimiter), _SAMPLE))
        above = rows_above(first, has_sep_line=found.has_sep_line)
        _must_hold_contacts(found.records - above, first[above:])
    except (Unreadable, FileUnusable) as error:
        raise FileUnusable(str(error), {"file": str(error)}, title="This file cannot be imported") from None
    return found, above


def rows_above(first: Sequence[Sequence[str]], *, has_sep_line: bool) -> int:
    """How many rows at the top to skip: a line that names the delimiter, and titles."""
    return has_sep_line + headings.rows_above(first[has_sep_line : has_sep_line + _FIRST_ROWS])


def _must_hold_contacts(rows: int, first: Sequence[Sequence[str]]) -> None:
    if not first or (headings.has_headings(first[0]) and rows < 2):
        raise FileUnusable("The file has headings but no rows.")
    columns = len(first[0])
    if columns > MOST_COLUMNS:
        raise FileUnusable(
            f"The file has {columns:,} columns. At most {MOST_COLUMNS} are allowed. Delete the ones that you do not "
            "need and export it again."
        )
    if columns > 1:
        return
    known = headings.field_for(first[0][0]) in {"email", "phone"}
    if not known and not any(identity.email_in(row[0]) for row in first if row):
        raise FileUnusable(
            "The file has one column and no addresses in it. Export the contacts again with a comma, semicolon, tab "
            "or bar between the columns."
        )


def check_columns(row: ContactImport) -> None:
    """Check that the rows below `rows_above` are a table of contacts.

    Raises:
        FileUnusable: in words for a person.
    """
    first = list(islice(records(absolute(row.path), row.encoding, row.delimiter), row.rows_above + _SAMPLE))
    _must_hold_contacts(row.rows_total + 1, first[row.rows_above :])


class Table:
    """An upload opened for reading: headings and data rows."""

    def __init__(self, row: ContactImport) -> None:
        self._row = row
        first = next(self._from(row.rows_above), [])
        self.columns = len(first)
        self.has_headings = headings.has_headings(first)
        self.headings = (
            [h.strip() for h in first] if self.has_headings else [f"Column {n + 1}" for n in range(len(first))]
        )

    def _from(self, start: int) -> Iterator[list[str]]:
        return islice(records(absolute(self._row.path), self._row.encoding, self._row.delimiter), start, None)

    def rows(self) -> Iterator[list[str]]:
        return self._from(self._row.rows_above + self.has_headings)

    def sources(self, skip: int = 0) -> Iterator[Source]:
        """The data rows after the first `skip`. Rows that need no CSV parser are given as lines: many times faster."""
        row = self._row
        found = chain.from_iterable(pieces(absolute(row.path), row.encoding, row.delimiter))
        return islice(found, row.rows_above + self.has_headings + skip, None)

    @cached_property
    def shape(self) -> Shape:
        """What the first PREVIEW_ROWS rows show about all rows.

        Some programs omit empty cells at the end of a row. So a row needs cells only up to the last column that all
        other rows fill. A row with fewer cells is broken.
        """
        whole, filled, links = 0, [0] * self.columns, Counter[str]()
        for cells in islice(self.rows(), PREVIEW_ROWS):
            links.update(link for cell in cells if (link := cell.strip())[:7].lower() == "mailto:")
            if len(cells) >= self.columns:
                whole += 1
                filled = [count + bool(cell.strip()) for count, cell in zip(filled, cells, strict=False)]
        always = [index + 1 for index, count in enumerate(filled) if count >= _ALWAYS * whole]
        fewest = max(always, default=1) if whole >= _ENOUGH_ROWS else 1
        return Shape(self.columns, fewest, frozenset(link for link, rows in links.items() if rows > 1))

    @property
    def first_row(self) -> int:
        """The number of the first data row as a spreadsheet counts rows."""
        return self._row.rows_above + (2 if self.has_headings else 1)


def inspect(row: ContactImport, known: dict[str, str]) -> Inspection:
    """Columns with their first values and proposed fields. `known`: label → key of existing attributes."""
    table = Table(row)
    sample = list(islice(table.rows(), _SAMPLE))
    proposed = headings.propose(table.headings, sample, known)
    columns = [
        ColumnInfo(
            index,
            heading,
            [cell for r in sample if index < len(r) and (cell := " ".join(r[index].split()))][:_FIRST_VALUES],
            proposed.get(str(index), ""),
        )
        for index, heading in enumerate(table.headings)
    ]
    first = islice(records(absolute(row.path), row.encoding, row.delimiter), _FIRST_ROWS)
    return Inspection(
        row.encoding,
        row.delimiter,
        row.rows_total,
        table.has_headings,
        columns,
        encoding_label=LABELS.get(row.encoding, row.encoding),
        encodings=[EncodingChoice(**found) for found in row.encodings],
        asks_encoding=not row.encoding_chosen,
        rows_above=row.rows_above,
        first_rows=[[cell.strip()[:60] for cell in cells[:6]] for cells in first],
    )


def preview(row: ContactImport, mapping: dict[str, str], country: str) -> Preview:
    """The first PREVIEW_ROWS rows as they would be imported."""
    table = Table(row)
    clean = Cleaner(mapping, country, table.shape)
    used = [int(index) for index, target in mapping.items() if target]
    filled, invalid = dict.fromkeys(used, 0), dict.fromkeys(used, 0)
    problems: list[PreviewRow] = []
    shown: list[PreviewRow] = []
    checked = importable = 0
    for number, cells in enumerate(islice(table.rows(), PREVIEW_ROWS), table.first_row):
        result = clean(cells)
        checked += 1
        importable += result.person is not None
        for index in used:
            filled[index] += index < len(cells) and bool(cells[index].strip())
        for index in result.bad:
            invalid[index] = invalid.get(index, 0) + 1
        error = result.detail or result.reason
        line = PreviewRow(number, cells, error, list(result.warnings), list(result.bad))
        if len(shown) < _SHOWN:
            shown.append(line)
        if (error or result.warnings) and len(problems) < _SHOWN:
            problems.append(line)
    columns = [ColumnCheck(index, filled[index], invalid[index]) for index in used]
    return Preview(row.rows_total, checked, importable, columns, problems, shown)


class RejectedFile:
    """The CSV file of rows left out, with their original cells and the reason."""

    def __init__(self, row: ContactImport, headings_: Sequence[str]) -> None:
        self.relative = row.path.removesuffix(".csv") + ".rejected.csv"
        self._path = absolute(self.relative)
        self._delimiter = row.delimiter
        self._headings = headings_
        self.length = int(row.checkpoint.get("rejected_bytes", 0))
        with self._path.open("ab") as file:
            file.truncate(self.length)

    def append(self, rows: Sequence[RejectedRow]) -> None:
        """Add rows. Afterwards `length` is the file's size."""
        if not rows:
            return
        head = b"" if self.length else BOM + encode([["Row", *self._headings, "Reason"]], self._delimiter)
        width = len(self._headings)
        lines = [
            [str(r.row), *r.cells[:width], *[""] * (width - len(r.cells)), r.reason, *r.cells[width:]] for r in rows
        ]
        data = head + encode(lines, self._delimiter)
        with self._path.open("r+b") as file:
            file.truncate(self.length)
            file.seek(self.length)
            file.write(data)
        self.length += len(data)


def read_rejected(row: ContactImport, limit: int) -> list[RejectedRow]:
    """The first `limit` rows left out."""
    path = absolute(row.rejected_path)
    if not row.rejected_path or not path.exists() or not path.stat().st_size:
        return []
    lines = records(path, "utf-8-sig", row.delimiter)
    width = len(next(lines)) - 2
    return [
        RejectedRow(int(cells[0]), cells[1 : 1 + width] + cells[2 + width :], cells[1 + width])
        for cells in islice(lines, limit)
    ]


def forget(row: ContactImport) -> None:
    """Delete the files of an import."""
    for relative in (row.path, row.rejected_path):
        if relative:
            absolute(relative).unlink(missing_ok=True)
