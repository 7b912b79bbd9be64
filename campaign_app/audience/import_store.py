"""Writing imported people in sets: read who is there, find who changes, write new and changed rows in bulk.

The two databases take rows in their own ways (import_sqlite, import_postgres). Chunks of different imports take turns,
so that they cannot lock each other out.
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
    """How rows go in and out of a database in sets, within one transaction."""

    async def take_turns(self) -> None:
        """Wait until no other import writes."""

    async def existing(self, identities: pl.Series) -> pl.DataFrame:
        """Contacts that are there: id, identity, TEXTS, attributes as JSON."""

    async def update(self, rows: pl.DataFrame, at: datetime) -> None:
        """Write people_frame.STORED of contacts by id."""

    async def insert(self, rows: pl.DataFrame, at: datetime, import_id: int | None) -> pl.Series | None:
        """Make contacts; their ids, or None when someone else made one of them just now and nothing was written."""

    async def join(self, group: Group, owner_id: int, contacts: pl.Series, *, fresh: bool) -> int:
        """Add memberships that are not there yet; how many. `fresh`: none can be there."""


@dataclass(frozen=True, slots=True)
class WrittenChunk:
    """What a chunk did: contacts made, and contacts that were there and changed."""

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
    """Store people (people_frame.with_keys, each once) with their tags, in the list when there is one."""
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
    """Those who are there, with their ids, and those who are not."""
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
    """A row for every tag of every distinct text; tags that are missing are made as they are spelled first."""
    tags_of = {text: split_tags(text) for text in texts.unique(maintain_order=True)}
    spelled: Mapping[str, str] = {tag.casefold(): tag for tags in reversed(tags_of.values()) for tag in reversed(tags)}
    known = await repository.tag_ids(session, spelled.values())
    rows = [(text, known[tag.casefold()]) for text, tags in tags_of.items() for tag in tags]
    return pl.DataFrame(rows, schema={"tags": pl.String, "tag_id": pl.Int64}, orient="row")
