"""Running an import: chunk by chunk, each with its checkpoint in one transaction, so that it can die anywhere.

Whoever runs an import last owns it: a run claims the row, and every chunk is written only while the claim stands.
A run that was killed, cancelled or overtaken leaves the state of its last whole chunk.
"""

import asyncio
import csv
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa
from redis.exceptions import RedisError
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import import_files, import_store
from campaign_app.audience.csv_columns import Cleaned, ColumnCleaner, ImportChunk
from campaign_app.audience.csv_import import Report
from campaign_app.audience.schemas import RejectedRow
from campaign_app.audit import service as audit
from campaign_app.core import db, logging, redis
from campaign_app.core.actor import SYSTEM
from campaign_app.core.clock import now
from campaign_app.kit.csv_pieces import Source, cells
from campaign_app.models.contact import ContactList
from campaign_app.models.contact_import import ContactImport, ImportStatus

FIRST = 1_000
CHUNK = 20_000
"""Rows of the first chunk, and of the largest: so many are cleaned together, and as many of them are written in one
transaction as take CHUNK_SECONDS."""
CHUNK_SECONDS = 0.15
UNLOCKED_CHUNK_SECONDS = 0.4
"""PostgreSQL: nobody waits for a chunk, so it is only short enough for people to see the bar move."""
BREATH_SECONDS = 0.025
"""SQLite: between two chunks the write lock is free that long. Who waits for it looks every 25 ms, after 130 ms less
often: without the pause between chunks they would find it taken for seconds."""
MAX_ATTEMPTS = 5
PROGRESS_SECONDS = 0.2
_SHOWN = 20
_SNAPSHOT_SECONDS = 86_400
log = logging.get("audience")


class Overtaken(Exception):
    """The import was cancelled, or another run has it now."""


@dataclass
class Window:
    """Rows read and cleaned together; they are written in one or more chunks."""

    sources: list[Source]
    cleaned: Cleaned


async def run(import_id: int) -> ImportStatus | None:
    """Carry an import to its end; None when it is not to be run (any more)."""
    row = await _claim(import_id)
    if row is None:
        return None
    runner = Runner(row)
    try:
        await runner.work()
        return ImportStatus.COMPLETED
    except Overtaken:
        await runner.tell(final=True)
        return None
    except (OSError, csv.Error, UnicodeError, sa.exc.DataError) as error:
        log.warning("import failed", import_id=import_id, error=str(error))
        await runner.fail("The file could not be read to its end. Upload it again. What was imported before stays.")
        return ImportStatus.FAILED


async def _claim(import_id: int) -> ContactImport | None:
    """Take the import over. An import that died MAX_ATTEMPTS times without getting on is given up."""
    async with db.transaction() as session:
        row = await session.get(ContactImport, import_id, with_for_update={"key_share": True})
        if row is None or row.status not in {ImportStatus.QUEUED, ImportStatus.RUNNING}:
            return None
        attempts = int(row.checkpoint.get("attempts", 0)) + 1
        if attempts > MAX_ATTEMPTS:
            row.status, row.finished_at = ImportStatus.FAILED, now()
            row.error = f"The import stopped {MAX_ATTEMPTS} times at the same rows. What was imported before stays."
            session.add(row)
            return None
        row.checkpoint = {**row.checkpoint, "attempts": attempts}
        row.status, row.claim, row.heartbeat_at = ImportStatus.RUNNING, secrets.token_hex(8), now()
        row.started_at = row.started_at or row.heartbeat_at
        session.add(row)
    return row


def next_size(rows: int, seconds: float, goal: float) -> int:
    """How many rows the next chunk has, for it to take `goal` seconds."""
    wanted = rows * goal / max(seconds, 0.001)
    return int(min(max(wanted, rows / 2, FIRST), max(rows, FIRST) * 2))


def _window(rows: Iterator[Source], clean: ColumnCleaner) -> Window:
    sources = list(islice(rows, CHUNK))
    return Window(sources, clean(sources))


class Runner:
    """One run of one import."""

    def __init__(self, row: ContactImport) -> None:
        self._row = row
        self._id = int(row.id or 0)
        self._done = int(row.checkpoint.get("rows", 0))
        self._changed = int(row.checkpoint.get("changed", 0))
        self._report = Report(**row.result) if row.result else Report()
        self._shown: list[RejectedRow] = []
        self._rejected_path = ""
        self._started, self._start_rows = time.monotonic(), self._done
        self._told = 0.0
        self._written = 0.0
        self._size = FIRST
        self._goal = UNLOCKED_CHUNK_SECONDS if db.is_postgres() else CHUNK_SECONDS

    async def work(self) -> None:
        """Write what is left, chunk by chunk; the next one is parsed while one is written."""
        table, file = await asyncio.to_thread(self._open)
        row, rows = self._row, table.sources(self._done)
        clean = ColumnCleaner(row.mapping, row.country, table.shape, row.delimiter, update=row.update_existing)
        coming = asyncio.create_task(asyncio.to_thread(_window, rows, clean))
        try:
            while (window := await coming).sources:
                coming = asyncio.create_task(asyncio.to_thread(_window, rows, clean))
                start = 0
                while start < len(window.sources):
                    part = window.cleaned.part(start, start + self._size)
                    await self._breathe()
                    await self._write(part, self._left_out(window, part, table), file)
                    start += part.rows
                    await self.tell()
        finally:
            await asyncio.gather(coming, return_exceptions=True)  # a thread cannot be stopped, only waited for
        await self._finish()

    async def _breathe(self) -> None:
        if not db.is_postgres():
            await asyncio.sleep(max(self._written + BREATH_SECONDS - time.monotonic(), 0))

    def _open(self) -> tuple[import_files.Table, import_files.RejectedFile]:
        table = import_files.Table(self._row)
        _ = table.shape  # reads thousands of rows: here, off the event loop
        return table, import_files.RejectedFile(self._row, table.headings)

    def _left_out(self, window: Window, part: ImportChunk, table: import_files.Table) -> list[RejectedRow]:
        first = table.first_row + self._done - part.start
        return [
            RejectedRow(first + index, cells(window.sources[index], self._row.delimiter), row.words)
            for index, row in part.rejected
        ]

    async def _write(self, part: ImportChunk, left_out: list[RejectedRow], file: import_files.RejectedFile) -> None:
        """One chunk and its checkpoint, or neither."""
        at, began = now(), time.monotonic()
        async with db.transaction() as session:
            await self._must_hold(session)
            outcome = await import_store.write(
                session,
                part.people,
                at=at,
                import_id=self._id,
                list_id=await self._list_id(session),
                update=self._row.update_existing,
            )
            file.append(left_out)
            report = self._report.plus(part.report)
            report.contacts_created += outcome.created
            report.duplicates_merged += part.valid - outcome.created
            done, changed = self._done + part.rows, self._changed + outcome.changed
            values = {
                "rows_done": done,
                "result": report.as_dict(),
                "checkpoint": {"rows": done, "rejected_bytes": file.length, "changed": changed},
                "rejected_path": file.relative if file.length else "",
                "heartbeat_at": at,
            }
            await session.execute(sa.update(ContactImport).where(col(ContactImport.id) == self._id).values(values))
        self._report, self._done, self._changed = report, done, changed
        self._shown = [*self._shown, *left_out][-_SHOWN:]
        self._written = time.monotonic()
        self._size = next_size(part.rows, self._written - began, self._goal)

    async def _must_hold(self, session: AsyncSession) -> None:
        """Lock the import's row, if it is still ours to write."""
        mine = sa.and_(
            col(ContactImport.id) == self._id,
            col(ContactImport.claim) == self._row.claim,
            col(ContactImport.status) == ImportStatus.RUNNING,
        )
        if (
            await session.execute(sa.select(col(ContactImport.id)).where(mine).with_for_update(key_share=True))
        ).first() is None:
            raise Overtaken

    async def _list_id(self, session: AsyncSession) -> int | None:
        """The list, unless it was deleted meanwhile: the contacts are worth having without it."""
        found = await session.get(ContactList, self._row.list_id) if self._row.list_id is not None else None
        return found.id if found else None

    async def _finish(self) -> None:
        async with db.transaction() as session:
            await self._must_hold(session)
            values = {
                "status": ImportStatus.COMPLETED,
                "finished_at": now(),
                "result": self._report.as_dict(),
                "rows_total": self._done,
            }
            await session.execute(sa.update(ContactImport).where(col(ContactImport.id) == self._id).values(values))
            report = self._report
            details = {"created": report.contacts_created, "merged": report.duplicates_merged}
            rejected = sum(report.rejected.values())
            await audit.record(
                session, SYSTEM, "import.complete", "import", self._id, self._row.filename, **details, rejected=rejected
            )
        await self.tell(final=True)

    async def fail(self, message: str) -> None:
        """End the import with a message for a person."""
        with suppress(Overtaken):
            async with db.transaction() as session:
                await self._must_hold(session)
                values = {"status": ImportStatus.FAILED, "finished_at": now(), "error": message}
                await session.execute(sa.update(ContactImport).where(col(ContactImport.id) == self._id).values(values))
        await self.tell(final=True)

    async def tell(self, *, final: bool = False) -> None:
        """Publish how far it is, at most five times a second; the database has the truth if Redis is away."""
        if not final and time.monotonic() - self._told < PROGRESS_SECONDS:
            return
        self._told = time.monotonic()
        async with db.reading() as session:
            row = await session.get(ContactImport, self._id)
        if row is None:
            return
        message = json.dumps(self._progress(row))
        with suppress(RedisError, OSError):
            client = redis.client()
            await client.set(f"progress:last:import:{self._id}", message, ex=_SNAPSHOT_SECONDS)
            await client.publish(f"progress:import:{self._id}", message)

    def _progress(self, row: ContactImport) -> dict[str, Any]:
        seconds = max(time.monotonic() - self._started, 0.001)
        rate = (self._done - self._start_rows) / seconds
        left = max(row.rows_total - self._done, 0)
        return {
            "import_id": self._id,
            "status": row.status.value,
            "rows_done": self._done,
            "rows_total": row.rows_total,
            "created": self._report.contacts_created,
            "merged": self._report.duplicates_merged,
            "changed": self._changed,
            "rejected": sum(self._report.rejected.values()),
            "warnings": sum(self._report.warnings.values()),
            "rate_per_second": round(rate, 1),
            "seconds_left": round(left / rate, 1) if rate else None,
            "rejected_rows": [{"row": r.row, "cells": r.cells[:6], "reason": r.reason} for r in self._shown],
            "error": row.error,
            "at": now().isoformat(),
        }
