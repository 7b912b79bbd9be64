"""Cleaning by columns gives the same result as cleaning row by row."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_app.audience import people_frame
from campaign_app.audience.csv_columns import ColumnCleaner
from campaign_app.audience.csv_import import Cleaner, Person, Report, Shape
from campaign_app.kit.csv_pieces import Source
from campaign_app.kit.folding import sort_key

MAPPING = {
    "0": "email", "1": "phone", "2": "first_name", "3": "last_name", "4": "company", "5": "time_zone",
    "6": "language", "7": "tags", "8": "attribute:ltv", "9": "attribute:note", "10": "full_name",
}  # fmt: skip
COLUMNS = len(MAPPING)
SHARED = frozenset({"mailto:anna@example.com"})
_spaces = st.sampled_from(["", "", "", " ", "\t", "\u00a0", "\u200b", "\x1c", "\ufeff "])
_any = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
_odd = st.text(
    st.sampled_from("aZ09 .-_@'=+\r\n;\"ßİıſK\u0301é\u00adŁ\u0345Ω日\x1c\x1f\x85\u2028\u3000\x7f"), max_size=12
)
_names = st.sampled_from(
    [
        "Anna",
        "anna",
        "Zoë",
        "Zoe\u0308",
        "O'Brien",
        "'=1+1",
        "''x",
        '="00123"',
        '="a""b"',
        '="',
        '="="',
        "van  der Berg",
        "Šimek",
        "İnci",
        "x" * 300,
        "'-2",
    ]
)
_locals = st.sampled_from(["anna", "Anna.Berg", "a..b", ".a", "a+b", "x" * 64, "x" * 65, "ä", "a b", "", "\u212a"])
_domains = st.sampled_from(
    ["example.com", "EXAMPLE.com", "bücher.example.com", "xn--bcher-kva.example.com", "localhost", "1.2.3.4", "a-.de",
     "-a.de", "a.1x", "", "a@b.de", ".".join(["x" * 60] * 3) + ".example.com", "x" * 64 + ".com", "sub.example.co.uk."]
)  # fmt: skip
_around = st.sampled_from(
    ["{}", "{}", "{}", "Ann Lee <{}>", "mailto:{}", "MAILTO:{}?subject=x", "'{}", '"{}"', "<{}>", "{}.", "{}; {}",
     '="{}"', "`{}`", "{} <{}>"]
)  # fmt: skip
_emails = st.builds(
    lambda a, b, c, d, around: f"{a}{around.replace('{}', f'{b}@{c}')}{d}", _spaces, _locals, _domains, _spaces, _around
)
_phones = st.sampled_from(
    ["", "0151 20004895", "+49.151.20004895", "+49 (151) 2000-4895", "0049 151 20004895", "+1 202 555 0143", "123",
     "001 202 555 0143", "+33 6 12 34 56 78", "+39 06 1234 5678", "0711 1234567", "+49 1", "abc", "+491520004895x3",
     "\u0660151", "0151-200/04895", "+999123456789", "0800 1234567", "+7 912 345 67 89", "00", "0", "+", "015120004895",
     "4.91512E+12", "4,9e12", '="+4915120004895"', '="4.9E+12"', "'015120004895"]
)  # fmt: skip
_fields: list[st.SearchStrategy[str]] = [
    st.one_of(_emails, st.just(""), _odd, _any),
    st.one_of(_phones, st.builds(lambda n: f"0151 {n}", st.integers(0, 10**9)), _any),
    *[st.one_of(_names, _odd, _any)] * 3,
    st.one_of(st.sampled_from(["", "Europe/Berlin", "europe/berlin", "America/New York", "Mars/Olympus", " "]), _odd),
    st.one_of(st.sampled_from(["", "de", "pt-br", "EN_us", "zh-hant", "x"]), _odd),
    st.one_of(st.sampled_from(["", "vip", "vip, VIP", "a|b,c", "'=x,y", " two  words "]), _odd, _any),
    *[st.one_of(st.sampled_from(["", "1", "a\\b", "'=1+1", " x ", "y" * 2_001]), _names, _odd, _any)] * 2,
    st.one_of(st.sampled_from(["", "Anna Berg", "Berg, Anna", "Zoë"]), _odd, _any),
]
_LINE = str.maketrans('\r\n;"', "    ")
_record = st.one_of(
    st.tuples(*_fields).map(list), st.tuples(*_fields).map(list), st.lists(_any, min_size=1, max_size=COLUMNS + 3)
)
_again = st.lists(_record, min_size=1, max_size=8).flatmap(
    lambda rows: st.lists(st.sampled_from(rows), max_size=4).map(lambda more: [*rows, *more])
)


def by_rows(
    rows: list[list[str]], mapping: dict[str, str], update: bool, fewest: int
) -> tuple[list[Person], Report, list[Any]]:
    """The reference: row by row."""
    clean = Cleaner(mapping, "DE", Shape(COLUMNS, fewest, SHARED))
    people: dict[str, Person] = {}
    report, rejected = Report(data_rows=len(rows)), []
    for index, cells in enumerate(rows):
        checked = clean(cells)
        for warning in checked.warnings:
            report.warn(warning, 1)
        if checked.person is None:
            report.reject(checked.reason)
            rejected.append((index, checked))
        elif people.setdefault(checked.person.identity, checked.person) is not checked.person:
            people[checked.person.identity].take(checked.person, update=update)
    return list(people.values()), report, rejected


def compare(rows: list[Source], mapping: dict[str, str], update: bool, fewest: int = COLUMNS) -> None:
    """Check that both ways of cleaning agree in every result, and in the columns made from them."""
    cells = [row.split(";") if isinstance(row, str) else row for row in rows]
    people, report, rejected = by_rows(cells, mapping, update, fewest)
    cleaned = ColumnCleaner(mapping, "DE", Shape(COLUMNS, fewest, SHARED), ";", update=update)(rows)
    found = cleaned.part(0, len(rows))
    assert people_frame.to_people(found.people) == people
    assert found.people["attributes"].to_list() == [json.dumps(p.attributes, ensure_ascii=False) for p in people]
    assert found.rejected == rejected
    assert found.report == report
    assert found.valid == len(rows) - len(rejected)
    assert found.people["sort_name"].to_list() == [
        sort_key(p.last_name, p.first_name) or sort_key(p.identity) for p in people
    ]
    assert found.people["sort_company"].to_list() == [sort_key(p.company) for p in people]
    assert found.people["domain"].to_list() == [p.email.partition("@")[2] for p in people]
    parts = [cleaned.part(start, start + 3) for start in range(0, len(rows), 3)]
    together = Report()
    for part in parts:
        together = together.plus(part.report)
    assert together == report
    assert [person for part in parts for person in people_frame.to_people(part.people)] == people
    assert [row for part in parts for row in part.rejected] == rejected
    assert sum(part.valid for part in parts) == found.valid
    assert sum(part.rows for part in parts) == len(rows)


@settings(max_examples=400, deadline=None)
@given(
    _again,
    st.booleans(),
    st.booleans(),
    st.sets(st.sampled_from(sorted(MAPPING)), max_size=6),
    st.integers(1, COLUMNS),
)
def test_columns_and_rows_agree(
    rows: list[list[str]], update: bool, cut: bool, left_out: set[str], fewest: int
) -> None:
    mapping = {index: "" if index in left_out else target for index, target in MAPPING.items()}
    if {"0", "1"} <= left_out:
        mapping["0"] = "email"
    given_rows: list[Source] = (
        list(rows) if cut else [";".join(cell.translate(_LINE) for cell in cells) for cells in rows]
    )
    compare(given_rows, mapping, update, fewest)


@pytest.mark.parametrize("code", range(0x21, 0x3000, 0x100))
def test_every_letter_alone_and_between_others(code: int) -> None:
    rows: list[Source] = []
    for letter in map(chr, range(code, code + 0x100)):
        if letter not in '"\r\n;':
            names = [letter, f"a{letter}b", f"{letter} {letter}\u0301"]
            more = [letter, f" {letter}", f"a{letter}", f"{letter} {letter}"]
            rows.append(";".join([f"a{ord(letter)}@example.com", "", *names, "", "", *more]))
    compare(rows, MAPPING, update=True)


def test_several_people_several_times_and_names_longer_than_a_sort_key() -> None:
    def row(address: str, first: str, company: str, ltv: str, tags: str = "") -> Source:
        return f"{address};;{first};{'y' * 250};{company};;;{tags};{ltv};;"

    rows = [
        row("b@example.com", "x" * 250, "", "1", "vip"),
        row("a@example.com", "Anna", "Acme", ""),
        row("c@example.com", "'=Cem", "", "2"),
        row("a@example.com", "", "Globex", "3", "VIP,beta"),
        row("B@Example.com", "Ben", "Globex", "4", "beta"),
        row(" b@example.com", "", "", "5", "news"),
        row("a@b", "", "", ""),
    ]
    for update in (True, False):
        compare(rows, MAPPING, update)
