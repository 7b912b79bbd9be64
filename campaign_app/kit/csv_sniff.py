"""What a delimited text file is written in, found out in one pass of flat memory; refused when it cannot be read."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from campaign_app.kit.csv_pieces import BadQuotes, cells, pieces

DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_SAMPLE = 256 * 1024
_BLOCK = 1 << 20
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_MAGIC = (
    (b"PK\x03\x04", "This is an Excel or zip file. Save it as CSV first, then upload that."),
    (b"\xd0\xcf\x11\xe0", "This is an old Excel file. Save it as CSV first, then upload that."),
    (b"%PDF", "This is a PDF. Export the table as CSV, then upload that."),
    (b"\x1f\x8b", "This file is compressed. Unpack it first, then upload the CSV inside."),
)


class Unreadable(Exception):
    """The file cannot be read as a table; the message is for a person."""


@dataclass(frozen=True, slots=True)
class Format:
    """How to read the file, and what reading it all showed. `records` counts the headings too, not blank lines."""

    encoding: str
    delimiter: str
    columns: int
    records: int


def sniff(path: Path) -> Format:
    """Find the format and read the file to its end once.

    Raises:
        Unreadable: empty, binary, mixed encodings, or quotes that never close.
    """
    encoding = find_encoding(path)
    with path.open(encoding=encoding, newline="") as text:
        sample = text.read(_SAMPLE)
    if not sample.strip():
        raise Unreadable("The file is empty.")
    delimiter = find_delimiter(sample)
    records, columns = _walk(path, encoding, delimiter)
    return Format(encoding, delimiter, columns, records)


def find_encoding(path: Path) -> str:
    """The name of a Python codec that decodes the whole file."""
    with path.open("rb") as raw:
        head = raw.read(_SAMPLE)
        if not head:
            raise Unreadable("The file is empty.")
        for magic, message in _MAGIC:
            if head.startswith(magic):
                raise Unreadable(message)
        marked = next((name for mark, name in _MARKS if head.startswith(mark)), "") or _unmarked_utf16(head)
        if marked and marked != "utf-8-sig":
            return _checked(path, marked)
        if b"\x00" in head or _looks_binary(head):
            raise Unreadable("This is not a text file. Export the contacts as CSV and upload that.")
        raw.seek(0)
        return _eight_bit(raw, marked or "utf-8")


def _unmarked_utf16(head: bytes) -> str:
    even, odd = head[0:2000:2].count(0), head[1:2000:2].count(0)
    size = max(len(head[0:2000:2]), 1)
    if odd > size * 0.4 and even < size * 0.1:
        return "utf-16-le"
    return "utf-16-be" if even > size * 0.4 and odd < size * 0.1 else ""


def _looks_binary(head: bytes) -> bool:
    control = sum(head.count(code) for code in (*range(1, 9), *range(14, 27), *range(28, 32)))
    return control > max(4, len(head) // 100)


def _checked(path: Path, encoding: str) -> str:
    try:
        with path.open(encoding=encoding, newline="") as text:
            while block := text.read(_BLOCK):
                if "\x00" in block:
                    raise Unreadable("This is not a text file. Export the contacts as CSV and upload that.")
    except UnicodeError:
        raise Unreadable(
            f"The file says it is {encoding.upper()[:6]}, but parts of it are not. Export it again as UTF-8."
        ) from None
    return encoding


def _eight_bit(raw: BinaryIO, utf8: str) -> str:
    """`utf8`, or a single-byte encoding when nothing beyond ASCII is valid UTF-8."""
    first_wrong = accented = 0
    number, undefined = 0, False
    for lines in _line_blocks(raw):
        if b"\x00" in lines:
            raise Unreadable("This is not a text file. Export the contacts as CSV and upload that.")
        try:
            accented += not lines.isascii() and bool(lines.decode())
            number += lines.count(b"\n")
        except UnicodeDecodeError:
            for line in lines.splitlines(keepends=True):
                number += 1
                try:
                    accented += bool(not line.isascii() and line.decode().strip("\ufeff").strip())
                except UnicodeDecodeError:
                    first_wrong = first_wrong or number
                    undefined = undefined or bool(line.translate(None, _DEFINED_1252))
    if not first_wrong:
        return utf8
    if accented or utf8 == "utf-8-sig":
        raise Unreadable(
            f"The file mixes encodings: most of it is UTF-8, line {first_wrong:,} is not. "
            "Correct that line or export the file again as UTF-8."
        )
    return "latin-1" if undefined else "cp1252"


_DEFINED_1252 = bytes(code for code in range(256) if code not in {0x81, 0x8D, 0x8F, 0x90, 0x9D})


def _line_blocks(raw: BinaryIO) -> Iterator[bytes]:
    rest = b""
    while block := raw.read(_BLOCK):
        end = block.rfind(b"\n") + 1
        if not end and len(rest) > 16 * _BLOCK:
            raise Unreadable("The file has no line ends. Export the contacts as CSV and upload that.")
        if end:
            yield rest + block[:end]
            rest = block[end:]
        else:
            rest += block
    if rest:
        yield rest


def find_delimiter(sample: str) -> str:
    """The sign that cuts most lines into the same number of columns (at least two), else a comma."""
    best, delimiter = (0.0, 0), ","
    for candidate in DELIMITERS:
        widths = Counter(len(record) for record in _sample_records(sample, candidate) if record)
        if not widths:
            continue
        width, count = max(widths.items(), key=lambda item: (item[1] if item[0] > 1 else 0, item[0]))
        score = (count / widths.total(), width)
        if width > 1 and score > best:
            best, delimiter = score, candidate
    return delimiter


def _sample_records(sample: str, delimiter: str) -> list[list[str]]:
    records: list[list[str]] = []
    try:
        for record in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            records.append(record)
            if len(records) == 200:
                return records
    except csv.Error:
        pass
    cut = len(sample) >= _SAMPLE and len(records) > 1
    return records[:-1] if cut else records


def _walk(path: Path, encoding: str, delimiter: str) -> tuple[int, int]:
    """(records, columns of the first one) of the whole file."""
    count = columns = 0
    try:
        for piece in pieces(path, encoding, delimiter):
            count += len(piece)
            columns = columns or len(cells(piece[0], delimiter))
    except BadQuotes as error:
        raise Unreadable(_quote_message(str(error), error.start, error.line)) from None
    if not count:
        raise Unreadable("The file is empty.")
    return count, columns


def _quote_message(error: str, start: int, line: int) -> str:
    if "field larger" in error or "unexpected end" in error:
        return (
            f"A quotation mark opened in the row at line {start:,} is never closed. "
            "Nothing was imported. Correct that line or export the file again."
        )
    return (
        f"The quotation marks in the row at line {start:,} (up to line {line:,}) do not fit: "
        "text follows a closing mark. Nothing was imported. Correct that line or export the file again."
    )
