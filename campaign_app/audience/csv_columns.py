"""Cleans many rows at once, column by column. The results are the same as those of `Cleaner`, which takes one row.

Cells that match a pattern of clean values are left as they are. The others go through the functions that `Cleaner`
uses, each distinct value once. Rows that cannot be cleaned cell by cell (wrong width, unusual or wrong address, no
address at all, same person twice) go through `Cleaner` and `Person`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from campaign_app.audience import identity, people_frame
from campaign_app.audience.csv_import import (
    ATTRIBUTE_LENGTH,
    BAD_LANGUAGE,
    BAD_PHONE,
    BAD_ZONE,
    ROUNDED_PHONE,
    Checked,
    Cleaner,
    Person,
    Report,
    Shape,
    one_line,
    split_name,
    split_tags,
    text_of,
)
from campaign_app.audience.headings import ATTRIBUTE
from campaign_app.kit.csv_pieces import Source, cells

_LETTERS = "!-~\u00a1-\u024f"  # no blanks, and NFC does not change them
_FIRST = "!-&(-<>-~\u00a1-\u024f"  # a leading apostrophe may come from our own export; ="…" is text in a spreadsheet
_LINE = f"^(?:[{_FIRST}][{_LETTERS}]*(?: [{_LETTERS}]+)*)?$"
_TEXT = f"^(?:[{_FIRST}](?:[ {_LETTERS}]*[{_LETTERS}])?)?$"
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_EMAIL = rf"^{_LOCAL}@[A-Za-z0-9.-]+$"


@dataclass(slots=True)
class ImportChunk:
    """Consecutive rows: each person once (see people_frame), the rows left out, the counters."""

    start: int
    rows: int
    people: pl.DataFrame
    valid: int
    rejected: list[tuple[int, Checked]]
    report: Report


@dataclass(slots=True)
class Cleaned:
    """Rows cleaned together. Rows of one person are merged into the first of them."""

    rows: int
    people: pl.DataFrame
    valid: pl.Series
    warnings: dict[str, pl.Series]
    rejected: list[tuple[int, Checked]]

    def part(self, start: int, stop: int) -> ImportChunk:
        """The rows from `start` up to `stop`."""
        rows = min(stop, self.rows) - start
        report = Report(data_rows=rows)
        rejected = [(index, row) for index, row in self.rejected if start <= index < stop]
        for _, row in rejected:
            report.reject(row.reason)
        for warning, where in self.warnings.items():
            report.warn(warning, int(where[start:stop].sum()))
        people = self.people.filter(pl.col("row").is_between(start, stop, closed="left")).drop("row")
        return ImportChunk(start, rows, people, int(self.valid[start:stop].sum()), rejected, report)


class ColumnCleaner:
    """Turns the rows of one file into people, thousands at a time. Created once per file."""

    def __init__(self, mapping: Mapping[str, str], country: str, shape: Shape, delimiter: str, *, update: bool) -> None:
        self._targets = {target: int(index) for index, target in mapping.items() if target}
        self._careful = Cleaner(mapping, country, shape)
        self._country = country
        self._columns = shape.columns
        self._delimiter = delimiter
        self._update = update

    def __call__(self, rows: Sequence[Source]) -> Cleaned:
        """Check and clean rows, and merge those of the same person."""
        table, fits = self._table(rows)
        people, warnings = self._fill(table)
        quick = fits & self._addresses_work(people, table) & (people["identity"] != "")
        found, rejected, warned = self._carefully(rows, (~quick).arg_true().to_list())
        people = people.with_row_index("row").filter(quick)
        if found:
            odd = people_frame.of_people(found.values()).with_columns(row=pl.Series(list(found), dtype=pl.UInt32))
            people = pl.concat([people, odd.select(people.columns)]).sort("row")
        all_warnings = {
            warning: (warnings.get(warning, ~quick) & quick) | _marks(len(rows), warned.get(warning, ()))
            for warning in (*warnings, *warned)
        }
        valid = quick | _marks(len(rows), found)
        people = people_frame.with_keys(people_frame.merged(people, update=self._update))
        return Cleaned(len(rows), people, valid, all_warnings, rejected)

    def _carefully(
        self, rows: Sequence[Source], which: Iterable[int]
    ) -> tuple[dict[int, Person], list[tuple[int, Checked]], dict[str, list[int]]]:
        """(people by row, rows without a person, rows by warning)."""
        people: dict[int, Person] = {}
        rejected: list[tuple[int, Checked]] = []
        warned: dict[str, list[int]] = {}
        for index in which:
            checked = self._careful(cells(rows[index], self._delimiter))
            if checked.person is None:
                rejected.append((index, checked))
            else:
                people[index] = checked.person
            for warning in checked.warnings:
                warned.setdefault(warning, []).append(index)
        return people, rejected, warned

    def _table(self, rows: Sequence[Source]) -> tuple[list[pl.Series], pl.Series]:
        """The columns, and which rows have the right number of cells. Columns of the other rows may hold anything."""
        if all(isinstance(row, str) for row in rows):
            lines = pl.Series(rows, dtype=pl.String)
            signs = lines.str.count_matches(self._delimiter, literal=True)
            if self._columns == 1:
                return [lines], signs == 0
            cut = lines.str.split_exact(self._delimiter, self._columns - 1).struct.unnest()
            return cut.fill_null("").get_columns(), signs == self._columns - 1
        records = [cells(row, self._delimiter) for row in rows]
        fits = pl.Series([len(record) == self._columns for record in records], dtype=pl.Boolean)
        nothing = [""] * self._columns
        fitting = (record if len(record) == self._columns else nothing for record in records)
        return [pl.Series(column, dtype=pl.String) for column in zip(*fitting, strict=True)], fits

    def _fill(self, table: Sequence[pl.Series]) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
        """People of usual rows, and the warnings of all rows."""
        nothing = pl.repeat("", len(table[0]), dtype=pl.String, eager=True)
        given = {target: table[index] for target, index in self._targets.items()}
        found: dict[str, pl.Series] = {
            name: _lines(given[name]) for name in ("first_name", "last_name", "company") if name in given
        }
        if "full_name" in given:
            names = zip(("first_name", "last_name"), _names(given["full_name"]), strict=True)
            found |= {name: _either(found.get(name, nothing), more) for name, more in names}
        rules: dict[str, tuple[Callable[[str], str], str]] = {
            "phone": (lambda cell: identity.phone(text_of(cell.strip()), self._country), BAD_PHONE),
            "time_zone": (identity.time_zone, BAD_ZONE),
            "language": (identity.language, BAD_LANGUAGE),
        }
        warnings: dict[str, pl.Series] = {}
        for name, (rule, warning) in rules.items():
            if name in given:
                found[name], warnings[warning] = _looked_up(given[name], rule)
        if "phone" in given:
            warnings |= _phone_warnings(given["phone"], warnings[BAD_PHONE])
        if "tags" in given:
            found["tags"] = _mapped(given["tags"], given["tags"] != "", _tags)
        if "email" in given:
            found["email"] = given["email"].str.strip_chars().str.to_lowercase()
        custom = {n.removeprefix(ATTRIBUTE): _texts(column) for n, column in given.items() if n.startswith(ATTRIBUTE)}
        found["attributes"] = people_frame.attributes_of(custom, nothing)
        found["identity"] = _either(found.get("email", nothing), found.get("phone", nothing))
        return pl.DataFrame({name: found.get(name, nothing) for name in people_frame.NAMES}), warnings

    def _addresses_work(self, people: pl.DataFrame, table: Sequence[pl.Series]) -> pl.Series:
        """Which rows have an empty or usual address."""
        if "email" not in self._targets:
            return pl.repeat(True, len(people), dtype=pl.Boolean, eager=True)
        cells_ = table[self._targets["email"]].str.strip_chars()
        usual = cells_.str.contains(_EMAIL) & ~cells_.str.contains("^['`]")
        email = people["email"]
        halves = email.str.split_exact("@", 1).struct.unnest()
        local, domain = halves.get_columns()
        wrong = [name for name in domain.filter(usual).unique() if not identity.email(f"a@{name}")]
        usual &= (local.str.len_bytes() <= 64) & (email.str.len_bytes() <= 254)
        if wrong:
            usual &= ~domain.is_in(wrong)
        return (usual | (email == "")).fill_null(value=False)


def _marks(rows: int, where: Iterable[int]) -> pl.Series:
    marked = pl.repeat(False, rows, dtype=pl.Boolean, eager=True)
    return marked.scatter(list(where), True)


def _mapped(column: pl.Series, odd: pl.Series, rule: Callable[[str], str]) -> pl.Series:
    """The column with `rule` applied to the odd cells, once per distinct value."""
    values = column.filter(odd).unique()
    if values.is_empty():
        return column
    return column.replace(values, pl.Series([rule(value) for value in values], dtype=pl.String))


def _lines(column: pl.Series) -> pl.Series:
    plain = column.str.contains(_LINE) & (column.str.len_chars() <= 255)
    return _mapped(column, ~plain, one_line)


def _texts(column: pl.Series) -> pl.Series:
    plain = column.str.contains(_TEXT) & (column.str.len_chars() <= ATTRIBUTE_LENGTH)
    return _mapped(column, ~plain, lambda cell: text_of(cell.strip())[:ATTRIBUTE_LENGTH])


def _tags(cell: str) -> str:
    return people_frame.TAG_SIGN.join(split_tags(text_of(cell)))


def _names(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """First and last names of a column of full names."""
    values = column.filter(column != "").unique()
    if values.is_empty():
        return column, column
    first, last = zip(*(split_name(one_line(value)) for value in values), strict=True)
    return column.replace(values, pl.Series(first)), column.replace(values, pl.Series(last))


def _looked_up(column: pl.Series, rule: Callable[[str], str]) -> tuple[pl.Series, pl.Series]:
    """What `rule` returns for the cells, and which filled cells it could not read."""
    values = column.filter(column != "").unique()
    found = [rule(value) for value in values]
    wrong = [value for value, one in zip(values, found, strict=True) if not one and value.strip()]
    if values.is_empty():
        return column, column != ""
    return column.replace(values, pl.Series(found, dtype=pl.String)), column.is_in(wrong)


def _phone_warnings(column: pl.Series, wrong: pl.Series) -> dict[str, pl.Series]:
    """Rows with a wrong phone number. Numbers rounded by a spreadsheet have their own warning."""
    rounded = [value for value in column.filter(wrong).unique() if identity.is_rounded(text_of(value.strip()))]
    cut = wrong & column.is_in(rounded)
    return {BAD_PHONE: wrong & ~cut, ROUNDED_PHONE: cut}


def _either(column: pl.Series, other: pl.Series) -> pl.Series:
    return other.zip_with(column == "", column)
