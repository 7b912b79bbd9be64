"""Writes imported people in sets: reads existing contacts, finds the changes, writes new and changed rows in bulk.

import_sqlite and import_postgres implement it for the two databases. Chunks of different imports are written one after
the other, so that they cannot deadlock.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import polars as pl
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import people_frame, repository
from campaign_app.audience.contact_pages import dialect_of
from campaign_app.audience.csv_import import split_tags
from campaign_app.audience.import_postgres import Postgres
from campaign_app.audience.import_sqlite import Sqlite
from campaign_app.audience.repository import LISTS, TAGS, Group


class Database(Protocol):
    """Reads and writes contacts in sets, within one transaction."""

    async def take_turns(self) -> None:
        """Wait until no other import is writing."""

    async def existing(self, identities: pl.Series) -> pl.DataFrame:
        """Existing contacts: id, identity, TEXTS, attributes as JSON."""

    async def update(self, rows: pl.DataFrame, at: datetime) -> None:
        """Write the columns people_frame.STORED by contact id."""

    async def insert(self, rows: pl.DataFrame, at: datetime, import_id: int | None) -> pl.Series | None:
        """Create contacts; return their ids. None: somebody else created one meanwhile, and nothing was written."""

    async def join(self, group: Group, owner_id: int, contacts: pl.Series, *, fresh: bool) -> int:
        """Add missing memberships; return how many. `fresh`: the contacts are new, so none exists yet."""


@dataclass(frozen=True, slots=True)
class WrittenChunk:
    """How many contacts a chunk created, and how many existing ones it changed."""

    created: int
    changed: int


async def write(
    session: AsyncSession,
    people: pl.DataFrame,
    *,
    at: datetime,
    import_id: int | None,
    list_id: int | None,
    update: bool,
) -> WrittenChunk:
    """Store people (from people_frame.with_keys, each once) with their tags. `list_id`: also add them to this list."""
    if people.is_empty():
        return WrittenChunk(0, 0)
    connection = await session.connection()
    database: Database = Sqlite(connection) if dialect_of(session) == "sqlite" else Postgres(connection)
    await database.take_turns()
    ids: pl.Series | None = None
    while ids is None:
        there = await database.existing(people["identity"])
        known, new = await asyncio.to_thread(_split, people, there)
        ids = await database.insert(new, at, import_id) if len(new) else pl.Series(dtype=pl.Int64)
    changed = await asyncio.to_thread(people_frame.changes, there, known, update=update)
    if len(changed):
        await database.update(changed, at)
    for part, fresh in ((known, False), (new.with_columns(id=ids), True)):
        if len(part):
            await _join(session, database, part, list_id, fresh=fresh)
    return WrittenChunk(len(ids), len(changed))


def _split(people: pl.DataFrame, there: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(people who exist, with their ids; people who do not)."""
    known = people.join(there.select("id", "identity"), on="identity", maintain_order="left")
    return known, people.join(there, on="identity", how="anti", maintain_order="left")


async def _join(
    session: AsyncSession, database: Database, people: pl.DataFrame, list_id: int | None, *, fresh: bool
) -> None:
    memberships: list[tuple[Group, int, pl.Series]] = []
    if list_id is not None:
        memberships.append((LISTS, list_id, people["id"]))
    tagged = people.filter(pl.col("tags") != "").select("id", "tags")
    if len(tagged):
        tag_ids = await _tag_ids(session, tagged["tags"])
        pairs = tagged.join(tag_ids, on="tags").group_by("tag_id").agg(pl.col("id").unique()).sort("tag_id")
        memberships += [(TAGS, tag_id, pl.Series(ids, dtype=pl.Int64)) for tag_id, ids in pairs.iter_rows()]
    for group, owner_id, contacts in memberships:
        added = await database.join(group, owner_id, contacts, fresh=fresh)
        await repository.move_count(session, group, owner_id, added)


async def _tag_ids(session: AsyncSession, texts: pl.Series) -> pl.DataFrame:
    """One row per tag of each distinct text. Missing tags are created in the spelling found first."""
    tags_of = {text: split_tags(text) for text in texts.unique(maintain_order=True)}
    spelled: Mapping[str, str] = {tag.casefold(): tag for tags in reversed(tags_of.values()) for tag in reversed(tags)}
    known = await repository.tag_ids(session, spelled.values())
    rows = [(text, known[tag.casefold()]) for text, tags in tags_of.items() for tag in tags]
    return pl.DataFrame(rows, schema={"tags": pl.String, "tag_id": pl.Int64}, orient="row")
