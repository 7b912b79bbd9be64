"""What a delimited text file is written in, found out in one pass of flat memory; refused when it cannot be read."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from campaign_app.kit.csv_encodings import Candidate, Evidence
from campaign_app.kit.csv_pieces import BadQuotes, pieces

DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_SAMPLE = 256 * 1024
_BLOCK = 1 << 20
_BY_CHANCE = 0.1
"""Of the lines of an East Asian file, fewer than this can be read as UTF-8 as well."""
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
    """How to read the file, and what reading it all showed.

    `records` counts every record that is not blank, headings included. `has_sep_line`: the first one only names the
    delimiter. `candidates`: empty when the encoding is certain, else what it may be, best first.
    """

    encoding: str
    delimiter: str
    records: int
    has_sep_line: bool = False
    candidates: tuple[Candidate, ...] = ()


def sniff(path: Path, encoding: str = "") -> Format:
    """Find the format and read the file to its end once; `encoding` is one that a person chose.

    Raises:
        Unreadable: empty, binary, mixed encodings, not in the encoding chosen, or quotes that never close.
    """
    found, candidates = find_encoding(path)
    encoding = encoding or found
    sample = _sample(path, encoding)
    named = _SEP_LINE.match(sample)
    rest = sample[named.end() :] if named else sample
    delimiter = find_delimiter(rest)
    if named and (named["sign"] == delimiter or _cuts(rest, named["sign"])):
        delimiter = named["sign"]
    try:
        records = _walk(path, encoding, delimiter)
    except UnicodeError:
        raise Unreadable("The file is not written in this encoding. Choose another one.") from None
    return Format(encoding, delimiter, records, named is not None, candidates)


_SEP_LINE = re.compile(r"""\ufeff?"?sep=(?P<sign>[^\w"'\r\n])"?[ \t]*(?:\r\n|\r|\n|$)""", re.IGNORECASE)
"""What Excel writes and reads as the first line to name the delimiter."""


def _sample(path: Path, encoding: str) -> str:
    try:
        with path.open(encoding=encoding, newline="") as text:
            sample = text.read(_SAMPLE)
    except UnicodeError:
        raise Unreadable("The file is not written in this encoding. Choose another one.") from None
    if not sample.strip():
        raise Unreadable("The file is empty.")
    return sample


def _cuts(sample: str, sign: str) -> bool:
    """Whether most lines have the sign: a line that names the delimiter may be wrong."""
    lines = [line for line in sample.splitlines()[:200] if line.strip()]
    return sum(sign in line for line in lines) * 2 > len(lines)


def find_encoding(path: Path) -> tuple[str, tuple[Candidate, ...]]:
    """The name of a Python codec that decodes the whole file; candidates when it is only the likeliest one."""
    with path.open("rb") as raw:
        head = raw.read(_SAMPLE)
        if not head:
            raise Unreadable("The file is empty.")
        for magic, message in _MAGIC:
            if head.startswith(magic):
                raise Unreadable(message)
        marked = next((name for mark, name in _MARKS if head.startswith(mark)), "") or _unmarked_utf16(head)
        if marked and marked != "utf-8-sig":
            return _checked(path, marked), ()
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


def _eight_bit(raw: BinaryIO, utf8: str) -> tuple[str, tuple[Candidate, ...]]:
    """`utf8`, or one of the other encodings when nothing beyond ASCII is valid UTF-8."""
    first_wrong = wrong = accented = number = 0
    evidence = Evidence()
    for lines in _line_blocks(raw):
        if b"\x00" in lines:
            raise Unreadable("This is not a text file. Export the contacts as CSV and upload that.")
        try:
            ends = lines.count(b"\n")
            accented += ends * (not lines.isascii() and bool(lines.decode()))
            number += ends
        except UnicodeDecodeError:
            for line in lines.splitlines(keepends=True):
                number += 1
                try:
                    accented += bool(not line.isascii() and line.decode().strip("\ufeff").strip())
                except UnicodeDecodeError:
                    first_wrong, wrong = first_wrong or number, wrong + 1
                if not line.isascii():
                    evidence.add(line)
    if not first_wrong:
        return utf8, ()
    if utf8 == "utf-8-sig" or accented > _BY_CHANCE * (accented + wrong):
        raise Unreadable(
            f"The file mixes encodings: most of it is UTF-8, line {first_wrong:,} is not. "
            "Correct that line or export the file again as UTF-8."
        )
    candidates = evidence.candidates()
    if not candidates:
        return "latin-1", ()
    return candidates[0].codec, candidates if len(candidates) > 1 else ()


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


def _walk(path: Path, encoding: str, delimiter: str) -> int:
    """How many records the whole file has."""
    try:
        count = sum(map(len, pieces(path, encoding, delimiter)))
    except BadQuotes as error:
        raise Unreadable(_quote_message(str(error), error.start, error.line)) from None
    if not count:
        raise Unreadable("The file is empty.")
    return count


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
