"""Word search in contacts: FTS5 on SQLite, a GIN index on PostgreSQL. Both find words by their beginning.

On SQLite triggers update the index, but a trigger makes FTS5 flush for every row (24 µs; in a set 2 µs per row).
So the insert trigger skips rows of imports, and an import runs LEARN_RANGE once per chunk.
"""

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, event
from sqlmodel import col

from campaign_app.kit.folding import words
from campaign_app.models.contact import Contact

TABLE = "contact_search"
INDEX = "contact_search_words"
_COLUMNS = ("sort_name", "sort_company", "email", "phone")
_MAX_WORDS = 8
_SIGNS = "@.!#$%&*+/=?^_`{|}~-"
_VECTOR = (
    "array_to_tsvector(array_remove(string_to_array("
    "contact.sort_name || ' ' || contact.sort_company || ' ' || "
    f"translate(contact.email, '{_SIGNS}''', '{' ' * (len(_SIGNS) + 1)}') || ' ' || ltrim(contact.phone, '+')"
    ", ' '), ''))"
)
_PHONE = re.compile(r"\+?[\d\s().\-/]{5,}")

searched = sa.table(TABLE, sa.column("rowid"), sa.column(TABLE))


def _of(row: str) -> str:
    return ", ".join(f"{row}.{column}" for column in ("id", *_COLUMNS))


_NAMES = ", ".join(_COLUMNS)
_FORGET = f"INSERT INTO {TABLE}({TABLE}, rowid, {_NAMES}) VALUES ('delete', {_of('old')});"  # noqa: S608  (our own constants)
_LEARN = f"INSERT INTO {TABLE}(rowid, {_NAMES}) VALUES ({_of('new')});"  # noqa: S608
_CHANGED = " OR ".join(f"old.{column} IS NOT new.{column}" for column in _COLUMNS)
_SQLITE = (
    f"CREATE VIRTUAL TABLE {TABLE} USING fts5({_NAMES}, content='contact', content_rowid='id', "
    "tokenize='unicode61 remove_diacritics 0', detail='none', columnsize=0)",
    f"CREATE TRIGGER {TABLE}_insert AFTER INSERT ON contact WHEN new.source_import_id IS NULL BEGIN {_LEARN} END",
    f"CREATE TRIGGER {TABLE}_delete AFTER DELETE ON contact BEGIN {_FORGET} END",
    f"CREATE TRIGGER {TABLE}_update AFTER UPDATE OF {_NAMES} ON contact WHEN {_CHANGED} BEGIN {_FORGET} {_LEARN} END",
    f"INSERT INTO {TABLE}({TABLE}) VALUES ('rebuild')",  # noqa: S608
)
_SQLITE_DROP = (
    *(f"DROP TRIGGER IF EXISTS {TABLE}_{moment}" for moment in ("insert", "delete", "update")),
    f"DROP TABLE IF EXISTS {TABLE}",
)
_POSTGRES = (f"CREATE INDEX IF NOT EXISTS {INDEX} ON contact USING gin ({_VECTOR.replace('contact.', '')})",)
_POSTGRES_DROP = (f"DROP INDEX IF EXISTS {INDEX}",)


def create(connection: Connection) -> None:
    """Create the search index of the existing contacts. It is kept up to date by the database."""
    drop(connection)
    for statement in _SQLITE if connection.dialect.name == "sqlite" else _POSTGRES:
        connection.exec_driver_sql(statement)


LEARN_RANGE = f"INSERT INTO {TABLE}(rowid, {_NAMES}) SELECT id, {_NAMES} FROM contact WHERE id BETWEEN ? AND ?"  # noqa: S608
"""SQLite: index the contacts of an import whose ids are in this range."""


def drop(connection: Connection) -> None:
    for statement in _SQLITE_DROP if connection.dialect.name == "sqlite" else _POSTGRES_DROP:
        connection.exec_driver_sql(statement)


def _after_create(_table: Any, connection: Connection, **_: Any) -> None:
    create(connection)


def _before_drop(_table: Any, connection: Connection, **_: Any) -> None:
    drop(connection)


def attach() -> None:
    """Make `metadata.create_all` create the index too."""
    table = Contact.metadata.tables["contact"]
    if not event.contains(table, "after_create", _after_create):
        event.listen(table, "after_create", _after_create)
        event.listen(table, "before_drop", _before_drop)


def terms(text: str) -> list[str]:
    """The beginnings of words that a search looks for. A phone number with blanks is one word."""
    if _PHONE.fullmatch(text.strip()):
        digits = re.sub(r"\D", "", text)
        return [digits.removeprefix("00")]
    return words(text)[:_MAX_WORDS]


def match(text: str, dialect: str) -> str:
    """The search in the database's query syntax; "" when it has no words."""
    found = terms(text)
    if dialect == "sqlite":
        return " ".join(f'"{term}"*' for term in found)
    return " & ".join(f"'{term}':*" for term in found)


def vector() -> sa.ColumnElement[Any]:
    """PostgreSQL: the search vector of a contact, written as in the index."""
    return sa.literal_column(_VECTOR)


def hits(text: str, dialect: str) -> sa.ColumnElement[bool]:
    """Condition answered by the index: every word of `text` begins a word of the contact."""
    query = match(text, dialect)
    if not query:
        return sa.false()
    if dialect == "sqlite":
        found = sa.select(searched.c.rowid).where(searched.c[TABLE].op("MATCH")(query))
        return col(Contact.id).in_(found)
    return vector().op("@@", return_type=sa.Boolean())(sa.cast(query, _TsQuery()))


def spelled(text: str, dialect: str) -> sa.ColumnElement[bool]:
    """The same condition checked on the contact itself, for use when other conditions leave few contacts.

    SQLite: FTS5 takes as long for one row as for all, because it first merges every word with the prefix.
    """
    if dialect != "sqlite":
        return hits(text, dialect)
    email: Any = col(Contact.email)
    for sign in "@.-_+":
        email = sa.func.replace(email, sign, " ")
    digits = sa.func.ltrim(Contact.phone, "+")
    all_words = " " + col(Contact.sort_name) + " " + col(Contact.sort_company) + " " + email + " " + digits
    return sa.and_(*(sa.func.instr(all_words, f" {term}") > 0 for term in terms(text))) if terms(text) else sa.false()


class _TsQuery(sa.types.UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "tsquery"
