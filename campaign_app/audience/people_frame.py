"""People as a data frame of texts: one row each, the columns of `Person`, attributes as JSON, tags in one text."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import polars as pl

from campaign_app.audience.csv_import import TEXTS, Person, split_tags
from campaign_app.kit.folding import words

NAMES = ("identity", "email", *TEXTS, "attributes", "tags")
STORED = (*TEXTS, "attributes", "sort_name", "sort_company")
"""Columns of a contact that an import may change."""
THERE = ("id", "identity", *TEXTS, "attributes")
"""Columns of a contact that show whether an import changes it."""
TAG_SIGN = ","
"""Separates tags; no tag contains it."""
_SORT_LENGTH = 255
_ESCAPED = '[\x00-\x1f\\\\"]'
_to_json = json.JSONEncoder(ensure_ascii=False).encode


def of_people(people: Iterable[Person]) -> pl.DataFrame:
    """A frame of the people, in their order."""
    rows = [
        (
            *(getattr(person, name) for name in NAMES[:-2]),
            _to_json(person.attributes),
            TAG_SIGN.join(person.tags),
        )
        for person in people
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(NAMES, pl.String), orient="row")


def to_people(frame: pl.DataFrame) -> list[Person]:
    """The people of a frame, in their order."""
    return [
        Person(**dict(zip(NAMES[:-2], row, strict=False)), attributes=json.loads(row[-2]), tags=split_tags(row[-1]))
        for row in frame.select(NAMES).iter_rows()
    ]


def merged(frame: pl.DataFrame, *, update: bool) -> pl.DataFrame:
    """Each person once, in the order of `row`. Later rows are merged into the first."""
    twice = frame["identity"].is_duplicated()
    if not twice.any():
        return frame
    again = frame.filter(twice)
    first: dict[str, Person] = {}
    for person in to_people(again):
        known = first.setdefault(person.identity, person)
        if known is not person:
            known.take(person, update=update)
    rows = again.unique("identity", keep="first", maintain_order=True)["row"]
    once = of_people(first.values()).with_columns(row=rows).select(frame.columns)
    return pl.concat([frame.filter(~twice), once]).sort("row")


def of_contacts(rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
    """A frame of contacts as read from the database, columns THERE."""
    columns = zip(*rows, strict=True) if rows else [()] * len(THERE)
    kinds = dict.fromkeys(THERE, pl.String) | {"id": pl.Int64}
    return pl.DataFrame([pl.Series(name, cells, kinds[name]) for name, cells in zip(THERE, columns, strict=True)])


def changes(there: pl.DataFrame, people: pl.DataFrame, *, update: bool) -> pl.DataFrame:
    """Contacts that a merge with `people` changes: id and STORED. Tags are not compared."""
    pairs = there.join(people.drop("id", strict=False), on="identity", suffix="_new", maintain_order="left")
    differs = [
        (pl.col(f"{name}_new") != "")
        & (pl.col(f"{name}_new") != pl.col(name))
        & (pl.lit(update) | (pl.col(name) == ""))
        for name in TEXTS
    ]
    said = (pl.col("attributes_new") != "{}") & pl.col("attributes_new").ne_missing(pl.col("attributes"))
    ids: list[int] = []
    after: list[Person] = []
    new = [f"{name}_new" for name in (*TEXTS, "attributes")]
    for row in pairs.filter(pl.any_horizontal(*differs, said)).select(*THERE, *new).iter_rows():
        before, later = _person(row[1], row[2 : len(THERE)]), _person(row[1], row[len(THERE) :])
        merged = replace(before)
        merged.take(later, update=update)
        if merged != before:
            ids.append(row[0])
            after.append(merged)
    return with_keys(of_people(after)).select(pl.Series("id", ids, dtype=pl.Int64), *STORED)


def _person(identity: str, cells: Sequence[str]) -> Person:
    person = Person(identity, attributes=json.loads(cells[-1] or "{}") or {})
    for name, cell in zip(TEXTS, cells, strict=False):
        setattr(person, name, cell)
    return person


def attributes_of(custom: Mapping[str, pl.Series], nothing: pl.Series) -> pl.Series:
    """JSON objects: key → filled cell."""
    parts: list[pl.Expr] = []
    columns: dict[str, pl.Series] = {"": nothing}
    for key, column in custom.items():
        odd = column.str.contains(_ESCAPED)
        if odd.any():
            values = column.filter(odd).unique()
            column = column.replace(values, pl.Series([_to_json(value)[1:-1] for value in values]))
        columns[key] = column
        said = pl.concat_str(pl.lit(f'"{key}": "'), pl.col(key), pl.lit('"'))
        parts.append(pl.when(pl.col(key) != "").then(said))
    inside = pl.concat_str(parts, separator=", ", ignore_nulls=True) if parts else pl.col("")
    return pl.DataFrame(columns).select(pl.concat_str(pl.lit("{"), inside, pl.lit("}")).alias("attributes")).to_series()


def with_keys(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the stored columns `domain`, `sort_name` and `sort_company`."""
    name = (_folded(frame["last_name"]) + " " + _folded(frame["first_name"])).str.strip_chars(" ")
    company = _folded(frame["company"])
    other = _folded(frame["identity"]).zip_with(name == "", name)
    domain = frame["email"].str.splitn("@", 2).struct.unnest().to_series(1).fill_null("")
    return frame.with_columns(domain=domain, sort_name=_cut(other), sort_company=_cut(company))


def _cut(keys: pl.Series) -> pl.Series:
    return keys.str.slice(0, _SORT_LENGTH).str.strip_chars_end(" ")


def _folded(column: pl.Series) -> pl.Series:
    """The words of each cell, folded as in kit.folding."""
    odd = ~column.str.contains("^[ -~]*$")
    plain = column.str.to_lowercase().str.replace_all("[^a-z0-9]+", " ").str.strip_chars(" ")
    values = column.filter(odd).unique()
    if values.is_empty():
        return plain
    return column.replace(values, pl.Series([_words(value) for value in values])).zip_with(odd, plain)


@lru_cache(maxsize=20_000)  # names repeat often
def _words(text: str) -> str:
    return " ".join(words(text))
