"""Writing imported people in sets: read who is there, merge in Python, write new and changed rows in bulk.

SQLite: raw executemany under the write lock, with ids given out by us. PostgreSQL: one unnest per statement; chunks
of different imports take turns by an advisory lock, so that they cannot lock each other out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import repository
from campaign_app.audience.contact_pages import dialect_of
from campaign_app.audience.csv_import import TEXTS, Person
from campaign_app.audience.repository import LISTS, TAGS, Group
from campaign_app.audience.search import LEARN_RANGE
from campaign_app.kit.folding import sort_key
from campaign_app.models.contact import Contact

_LOCK = 0x0BEAC1
_STORED = (*TEXTS, "attributes", "sort_name", "sort_company")
_NEW = ("identity", "email", "domain", *_STORED)
_JSON = {"attributes"}
_to_json = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a chunk did: contacts made, and contacts that were there and changed."""

    created: int
    changed: int


async def write(
    session: AsyncSession,
    people: Mapping[str, Person],
    *,
    at: datetime,
    import_id: int | None,
    list_id: int | None,
    update: bool,
) -> Outcome:
    """Store people by identity with their tags, in the list when there is one."""
    if not people:
        return Outcome(0, 0)
    if dialect_of(session) == "postgresql":
        await session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    ids: dict[str, int] = {}
    created = changed = 0
    waiting = dict(people)
    while waiting:
        there = await _existing(session, list(waiting))
        changed += await _merge(session, [(row, waiting[row.identity]) for row in there], at, update)
        ids.update((row.identity, row.id) for row in there)
        new = [person for identity, person in waiting.items() if identity not in ids]
        made = await _insert(session, new, at, import_id) if new else {}
        created += len(made)
        ids.update(made)
        waiting = {identity: person for identity, person in waiting.items() if identity not in ids}
    if list_id is not None:
        await _join(session, LISTS, list_id, list(ids.values()))
    await _tag(session, people, ids)
    return Outcome(created, changed)


async def _existing(session: AsyncSession, identities: list[str]) -> Sequence[Any]:
    columns = [col(getattr(Contact, name)) for name in ("id", "identity", *TEXTS, "attributes")]
    if dialect_of(session) == "sqlite":
        inside = sa.text("contact.identity IN (SELECT value FROM json_each(:keys))")
        query = sa.select(*columns).where(inside.bindparams(keys=json.dumps(identities)))
    else:
        inside = sa.text("contact.identity = ANY(CAST(:keys AS text[]))")
        query = (
            sa.select(*columns).where(inside.bindparams(keys=identities)).order_by(col(Contact.id)).with_for_update()
        )
    return (await session.execute(query)).all()


def _row(identity: str, person: Person) -> dict[str, Any]:
    return {
        "phone": person.phone,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "company": person.company,
        "time_zone": person.time_zone,
        "language": person.language,
        "attributes": _to_json(person.attributes) if person.attributes else "{}",
        "sort_name": sort_key(person.last_name, person.first_name) or sort_key(identity),
        "sort_company": sort_key(person.company) if person.company else "",
    }


async def _merge(session: AsyncSession, pairs: list[tuple[Any, Person]], at: datetime, update: bool) -> int:
    """Fill or update contacts that are there; only rows that really change are written."""
    rows: list[dict[str, Any]] = []
    for row, person in pairs:
        before = Person(row.identity, person.email, **{name: getattr(row, name) for name in TEXTS})
        before.attributes = dict(row.attributes or {})
        merged = replace(before)
        merged.take(person, update=update)
        merged.tags = before.tags  # tags are memberships of their own
        if merged != before:
            rows.append({"id": row.id, **_row(row.identity, merged)})
    if not rows:
        return 0
    if dialect_of(session) == "sqlite":
        sets = ", ".join(f"{name} = ?" for name in (*_STORED, "updated_at"))
        values = [(*(row[name] for name in _STORED), _stamp(at), row["id"]) for row in rows]
        await _many(session, f"UPDATE contact SET {sets} WHERE id = ?", values)  # noqa: S608  (our own constants)
    else:
        sets = ", ".join(f"{name} = t.{name}" for name in _STORED)
        source, values_by_name = _unnest(("id", *_STORED), rows)
        statement = f"UPDATE contact SET {sets}, updated_at = :at FROM {source} WHERE contact.id = t.id"  # noqa: S608
        await session.execute(_text(statement), {**values_by_name, "at": at})
    return len(rows)


async def _insert(session: AsyncSession, people: list[Person], at: datetime, import_id: int | None) -> dict[str, int]:
    """Identity → id of the contacts made. Someone else may have made some in between: those are not in it."""
    rows = [
        {"identity": p.identity, "email": p.email, "domain": p.email.partition("@")[2], **_row(p.identity, p)}
        for p in people
    ]
    more = ("source_import_id", "created_at", "updated_at")
    names = ", ".join((*_NEW, *more))
    if dialect_of(session) == "sqlite":
        first = await _next_id(session)
        tail = (import_id, _stamp(at), _stamp(at))
        values = [(first + n, *(row[name] for name in _NEW), *tail) for n, row in enumerate(rows)]
        marks = ", ".join("?" * (1 + len(_NEW) + len(more)))
        await _many(session, f"INSERT INTO contact (id, {names}) VALUES ({marks})", values)  # noqa: S608
        if import_id is not None:  # then the search trigger left them to us
            await (await session.connection()).exec_driver_sql(LEARN_RANGE, (first, first + len(rows) - 1))
        return {row["identity"]: first + n for n, row in enumerate(rows)}
    source, values_by_name = _unnest(_NEW, rows)
    columns = ", ".join(f"t.{name}" for name in _NEW)
    statement = (
        f"INSERT INTO contact ({names}) SELECT {columns}, CAST(:source AS integer), :at, :at FROM {source} "  # noqa: S608
        "ON CONFLICT (identity) DO NOTHING RETURNING identity, id"
    )
    made = await session.execute(_text(statement), {**values_by_name, "source": import_id, "at": at})
    return dict(made.tuples().all())


async def _next_id(session: AsyncSession) -> int:
    """The id that AUTOINCREMENT would give next; the write lock keeps it ours."""
    last = (await session.execute(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'contact'"))).scalar()
    return int(last or 0) + 1


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")  # as SQLAlchemy stores it


async def _many(session: AsyncSession, statement: str, values: list[tuple[Any, ...]]) -> int:
    result = await (await session.connection()).exec_driver_sql(statement, values)
    return int(result.rowcount)


def _text(statement: str) -> sa.TextClause:
    return sa.text(statement).bindparams(sa.bindparam("at", type_=Contact.metadata.tables["contact"].c.updated_at.type))


def _unnest(names: Sequence[str], rows: list[dict[str, Any]]) -> tuple[str, dict[str, list[Any]]]:
    """A FROM item `t` with the rows, and its parameters."""
    kinds = {"id": "bigint"}
    arrays = ", ".join(f"CAST(:{name}s AS {kinds.get(name, 'text')}[])" for name in names)
    columns = ", ".join(name if name not in _JSON else f"{name}_text" for name in names)
    shown = ", ".join(name if name not in _JSON else f"CAST({name}_text AS jsonb) AS {name}" for name in names)
    source = f"(SELECT {shown} FROM unnest({arrays}) AS u({columns})) AS t"  # noqa: S608
    return source, {f"{name}s": [row[name] for row in rows] for name in names}


async def _join(session: AsyncSession, group: Group, owner_id: int, contacts: list[int]) -> None:
    """Add memberships that are not there yet and move the member count."""
    into = f"{group.member.__tablename__} ({group.key}, contact_id)"
    if dialect_of(session) == "sqlite":
        statement = f"INSERT OR IGNORE INTO {into} VALUES (?, ?)"  # noqa: S608
        added = await _many(session, statement, [(owner_id, contact_id) for contact_id in contacts])
    else:
        source = "SELECT CAST(:owner AS integer), c FROM unnest(CAST(:contacts AS bigint[])) AS c"
        query = sa.text(f"INSERT INTO {into} {source} ON CONFLICT DO NOTHING")
        query = query.execution_options(preserve_rowcount=True)
        result: Any = await session.execute(query, {"owner": owner_id, "contacts": contacts})
        added = result.rowcount
    await repository.move_count(session, group, owner_id, added)


async def _tag(session: AsyncSession, people: Mapping[str, Person], ids: Mapping[str, int]) -> None:
    by_tag: dict[str, list[int]] = {}
    spelled: dict[str, str] = {}
    for identity, person in people.items():
        for tag in person.tags:
            key = tag.casefold()
            spelled.setdefault(key, tag)
            by_tag.setdefault(key, []).append(ids[identity])
    if not by_tag:
        return
    known = await repository.tag_ids(session, spelled.values())
    for key in sorted(by_tag, key=known.__getitem__):
        await _join(session, TAGS, known[key], by_tag[key])
