"""Delimited text piece by piece: without quotation marks, a line is a record and need not be parsed.

`csv_stream.records` says what the records are; here they come many times faster, some thousands at a time.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TextIO

Source = str | list[str]
"""A record: its line, to be cut at the delimiter, or its cells."""
Piece = Sequence[Source]
"""Records that are not blank: whole lines to be cut at the delimiter, or cut already where marks had to be read."""

_BLOCK = 1 << 18
# What str.strip removes.
_SPACE = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


class BadQuotes(csv.Error):
    """The quotation marks of a record do not fit; `start` and `line` are where it begins and where reading stopped."""

    def __init__(self, message: str, start: int, line: int) -> None:
        super().__init__(message)
        self.start, self.line = start, line


def pieces(path: Path, encoding: str, delimiter: str) -> Iterator[Piece]:
    """The records that are not blank, headings included; no piece is empty.

    Raises:
        BadQuotes: while the file is read.
    """
    number = 0
    with path.open(encoding=encoding, newline="") as text:
        while block := text.read(_BLOCK):
            block += text.readline()
            lines = _lines(block)
            found: Piece | None = _plain(lines, delimiter) if lines is not None else None
            if lines is None or found is None:
                reader = _Reader(block, text, delimiter, number)
                found = [record for record in reader if record and any(map(str.strip, record))]
                number = reader.line
            else:
                number += len(lines)
            if found:
                yield found


def cells(record: Source, delimiter: str) -> list[str]:
    """The cells of one record of a piece."""
    return record.split(delimiter) if isinstance(record, str) else record


def _lines(block: str) -> list[str] | None:
    """Its lines without their ends; None when marks or single carriage returns must be read."""
    if '"' in block:
        return None
    if "\r" in block:
        if block.count("\r") != block.count("\r\n"):
            return None
        block = block.replace("\r\n", "\n")
    lines = block.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _plain(lines: list[str], delimiter: str) -> list[str] | None:
    """Lines that are not blank; None when one may be longer than the csv module takes."""
    if max(map(len, lines), default=0) > csv.field_size_limit():
        return None
    blank = _SPACE + delimiter
    return [line for line in lines if line.strip(blank)]


class _Reader:
    """The records that begin in a block of whole lines; the last one may go on in the file."""

    def __init__(self, block: str, text: TextIO, delimiter: str, before: int) -> None:
        self._before = before
        self._size = sum(1 for _ in io.StringIO(block, newline=""))
        source = chain(io.StringIO(block, newline=""), iter(text.readline, ""))
        self._reader = csv.reader(source, delimiter=delimiter, strict=True)

    @property
    def line(self) -> int:
        """How many lines of the file are read."""
        return self._before + self._reader.line_num

    def __iter__(self) -> Iterator[list[str]]:
        while self._reader.line_num < self._size:
            start = self.line + 1
            try:
                record = next(self._reader, None)
            except csv.Error as error:
                raise BadQuotes(str(error), start, self.line) from None
            if record is None:
                return
            yield record
