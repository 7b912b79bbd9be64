"""Runs an import chunk by chunk. Each chunk and its checkpoint are one transaction, so a run may stop at any point.

The last run owns an import: a run claims the row, and chunks are written only while its claim is valid.
A run that was killed, cancelled or overtaken leaves the state of its last complete chunk.
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
"""Rows of the first and of the largest chunk. CHUNK rows are cleaned together. One transaction writes as many of them
as take CHUNK_SECONDS."""
CHUNK_SECONDS = 0.15
UNLOCKED_CHUNK_SECONDS = 0.4
"""PostgreSQL: nobody waits for a chunk. It is only short enough to keep the progress bar moving."""
BREATH_SECONDS = 0.025
"""SQLite: how long the write lock is free between two chunks. Other writers try again every 25 ms, after 130 ms less
often. Without the pause they would find the lock taken for seconds."""
MAX_ATTEMPTS = 5
PROGRESS_SECONDS = 0.2
_SHOWN = 20
_SNAPSHOT_SECONDS = 86_400
log = logging.get("audience")


class Overtaken(Exception):
    """The import was cancelled, or another run has claimed it."""


@dataclass
class Window:
    """Rows that were read and cleaned together. They are written in one or more chunks."""

    sources: list[Source]
    cleaned: Cleaned


async def run(import_id: int) -> ImportStatus | None:
    """Run an import to its end. None: it is not waiting to be run."""
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
        await runner.fail("The file could not be read to the end. Upload it again. Contacts imported so far are kept.")
        return ImportStatus.FAILED


async def _claim(import_id: int) -> ContactImport | None:
    """Claim the import. One that stopped MAX_ATTEMPTS times without progress is marked as failed."""
    async with db.transaction() as session:
        row = await session.get(ContactImport, import_id, with_for_update={"key_share": True})
        if row is None or row.status not in {ImportStatus.QUEUED, ImportStatus.RUNNING}:
            return None
        attempts = int(row.checkpoint.get("attempts", 0)) + 1
        if attempts > MAX_ATTEMPTS:
            row.status, row.finished_at = ImportStatus.FAILED, now()
            row.error = f"The import stopped {MAX_ATTEMPTS} times at the same rows. Contacts imported so far are kept."
            session.add(row)
            return None
        row.checkpoint = {**row.checkpoint, "attempts": attempts}
        row.status, row.claim, row.heartbeat_at = ImportStatus.RUNNING, secrets.token_hex(8), now()
        row.started_at = row.started_at or row.heartbeat_at
        session.add(row)
    return row


def next_size(rows: int, seconds: float, goal: float) -> int:
    """How many rows the next chunk has so that it takes about `goal` seconds."""
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
        """Write the remaining rows chunk by chunk. The next window is parsed while one is written."""
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
            await asyncio.gather(coming, return_exceptions=True)  # a thread cannot be cancelled, only awaited
        await self._finish()

    async def _breathe(self) -> None:
        if not db.is_postgres():
            await asyncio.sleep(max(self._written + BREATH_SECONDS - time.monotonic(), 0))

    def _open(self) -> tuple[import_files.Table, import_files.RejectedFile]:
        table = import_files.Table(self._row)
        _ = table.shape  # reads thousands of rows, so not on the event loop
        return table, import_files.RejectedFile(self._row, table.headings)

    def _left_out(self, window: Window, part: ImportChunk, table: import_files.Table) -> list[RejectedRow]:
        first = table.first_row + self._done - part.start
        return [
            RejectedRow(first + index, cells(window.sources[index], self._row.delimiter), row.words)
            for index, row in part.rejected
        ]

    async def _write(self, part: ImportChunk, left_out: list[RejectedRow], file: import_files.RejectedFile) -> None:
        """Write one chunk and its checkpoint in one transaction."""
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
        """Lock the import's row; raise Overtaken when this run no longer owns it."""
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
        """The list to add contacts to. If it was deleted meanwhile, contacts are imported without it."""
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
        """Publish progress, at most five times a second. Without Redis it is read from the database."""
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
