"""Reading and writing delimited text without holding it in memory."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

_SIGNS = r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"  # also as full-width signs: spreadsheets in East Asia take them
_FORMULA = re.compile(_SIGNS)
_PLAIN_NUMBER = re.compile(r"[+-]?\d[\d.,]*")
_DEFUSED = re.compile(rf"'(?={_SIGNS})")


def records(path: Path, encoding: str, delimiter: str) -> Iterator[list[str]]:
    """The records that are not blank, headings included."""
    with path.open(encoding=encoding, newline="") as text:
        for record in csv.reader(text, delimiter=delimiter, strict=True):
            if record and any(map(str.strip, record)):
                yield record


def batches(source: Iterator[list[str]], size: int) -> Iterator[list[list[str]]]:
    """Lists of at most `size` records."""
    while batch := list(islice(source, size)):
        yield batch


def defuse(cell: str) -> str:
    """A cell that a spreadsheet will not run: formulas get an apostrophe in front, plain numbers stay."""
    return f"'{cell}" if _FORMULA.match(cell) and not _PLAIN_NUMBER.fullmatch(cell) else cell


def restore(cell: str) -> str:
    """The text that `defuse` was given."""
    return cell[1:] if _DEFUSED.match(cell) else cell


def encode(rows: Iterable[Sequence[str]], delimiter: str = ",") -> bytes:
    """Rows as UTF-8 CSV with CRLF, every cell defused. Put BOM in front of the first ones for spreadsheets."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows([map(defuse, row) for row in rows])
    return out.getvalue().encode()


BOM = b"\xef\xbb\xbf"
