"""Reading and writing delimited text: what goes in comes out, and formats are found."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaign_app.kit import csv_pieces
from campaign_app.kit.csv_sniff import DELIMITERS, Unreadable, sniff
from campaign_app.kit.csv_stream import defuse, encode, records, restore
from campaign_app.kit.folding import fold, sort_key, words

_cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)
_same_file = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


_readable = st.text(
    st.characters(codec="utf-8", exclude_characters=[c for c in map(chr, range(32)) if c not in "\r\n\t"]), max_size=12
)


@_same_file
@given(
    st.lists(st.lists(_readable, min_size=3, max_size=3), min_size=2, max_size=8),
    st.sampled_from(DELIMITERS),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_was_written_is_read(tmp_path: Path, rows: list[list[str]], delimiter: str, encoding: str) -> None:
    rows = [["e-mail", "name", "note"], *rows]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    path = tmp_path / "x.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    found = sniff(path)
    expected = [row for row in rows if any(map(str.strip, row))]
    assert found.delimiter == delimiter
    assert found.records == len(expected)
    assert list(records(path, found.encoding, found.delimiter)) == expected


@_same_file
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    try:
        found = sniff(path)
    except Unreadable:
        return
    assert len(list(records(path, found.encoding, found.delimiter))) == found.records


@given(st.lists(st.lists(_cells, min_size=2, max_size=2), min_size=1, max_size=5))
def test_no_exported_cell_is_a_formula_and_all_come_back(rows: list[list[str]]) -> None:
    text = encode(rows).decode()
    back = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert [[restore(cell) for cell in row] for row in back] == [[restore(defuse(c)) for c in row] for row in rows]
    for row in back:
        assert not any(cell[:1] in "=@\t\r\uff1d\uff0b\uff0d\uff20" for cell in row if cell)


@pytest.mark.parametrize("cell", ["＝1+1", "＋cmd|calc", "－1+1", "＠SUM(A1)", "\n=1+1", "=1+1", "+cmd", "-1+1", "@x"])
def test_formulas_are_defused_in_every_spelling_of_their_sign(cell: str) -> None:
    assert defuse(cell) == f"'{cell}"
    assert restore(defuse(cell)) == cell


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|calc", "'+cmd|calc"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("+4915120004895", "+4915120004895"),
        ("-12.50", "-12.50"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_formulas_are_defused_and_numbers_kept(cell: str, written: str) -> None:
    assert defuse(cell) == written
    assert restore(written) == cell


def test_a_large_file_is_read_in_flat_memory(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "large.csv"
    line = "person{n}@example.com;Anna;Müller;" + "x" * 200 + "\r\n"
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("email;first;last;note\r\n")
        for n in range(80_000):
            file.write(line.format(n=n))
    tracemalloc.start()
    found = sniff(path)
    assert sum(1 for _ in records(path, found.encoding, found.delimiter)) == 80_001
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 18_000_000
    assert peak < 10_000_000


def test_words_and_sort_keys() -> None:
    assert words("Łukasz O'Brien-Müller ²") == ["lukasz", "o", "brien", "muller", "2"]
    assert sort_key("van Dyk", "Zoë") == "van dyk zoe"
    assert fold("ÄÖ ß İ Σ") == "äö ß İ σ"


@given(st.text())
def test_folding_keeps_the_length_and_is_final(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)
    assert words(" ".join(words(text))) == words(text)


@_same_file
@given(st.text(st.sampled_from('ab;"\r\n \x1c\x85'), max_size=60), st.sampled_from([1, 3, 7, 1 << 18]))
def test_pieces_hold_the_same_records(tmp_path: Path, text: str, block: int) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode())
    expected, wrong = _read(records(path, "utf-8", ";"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_pieces, "_BLOCK", block)
        pieces = csv_pieces.pieces(path, "utf-8", ";")
        found, refused = _read(csv_pieces.cells(record, ";") for piece in pieces for record in piece)
    assert refused == wrong
    assert found == expected if not wrong else found == expected[: len(found)]


def _read(source: Iterator[list[str]]) -> tuple[list[list[str]], str]:
    """The records up to the first that cannot be read, and what is wrong with that."""
    found: list[list[str]] = []
    try:
        found.extend(source)  # what came before an error stays in the list
    except csv.Error as error:
        return found, str(error)
    return found, ""
