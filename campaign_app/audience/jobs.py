"""Background jobs of the audience: run imports, resume interrupted ones, move attributes, delete old files."""

import asyncio
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from campaign_app.audience import attributes, import_files
from campaign_app.core import db, queue
from campaign_app.core.clock import now
from campaign_app.models.contact_import import ContactImport, ImportStatus

LOST_AFTER = timedelta(minutes=2)
KEEP_FILES = timedelta(days=30)


async def run_import(_ctx: dict[str, Any], import_id: int) -> None:
    """Run an import to its end, from its last checkpoint."""
    from campaign_app.audience import import_run  # loads polars: 40 MB that only imports need

    await import_run.run(import_id)


async def resume_imports(_ctx: dict[str, Any]) -> int:
    """Queue imports again whose worker stopped or whose job was lost; return how many (cron, every minute)."""
    at = now()
    silent = sa.func.coalesce(ContactImport.heartbeat_at, ContactImport.created_at) < at - LOST_AFTER
    open_ = col(ContactImport.status).in_((ImportStatus.QUEUED, ImportStatus.RUNNING))
    async with db.transaction() as session:
        found = list(
            await session.exec(
                select(ContactImport).where(open_, silent).with_for_update(key_share=True, skip_locked=True)
            )
        )
        for row in found:
            row.heartbeat_at = at
            session.add(row)
            queue.collect(session, "run_import", job_id=f"import:{row.id}:{at:%H%M%S}", import_id=row.id)
    return len(found)


async def move_attribute(_ctx: dict[str, Any], key: str) -> int:
    """Merge or delete an attribute in all contacts; return how many were changed."""
    return await attributes.carry_out(key)


async def move_attributes(_ctx: dict[str, Any]) -> int:
    """Finish attribute moves whose job was lost; return how many (cron, every ten minutes)."""
    async with db.reading() as session:
        keys = await attributes.moving(session)
    for key in keys:
        await attributes.carry_out(key)
    return len(keys)


async def tidy_imports(_ctx: dict[str, Any]) -> int:
    """Delete files of imports older than KEEP_FILES, as they hold personal data; return how many (cron, daily)."""
    old = col(ContactImport.created_at) < now() - KEEP_FILES
    settled = col(ContactImport.status).not_in((ImportStatus.QUEUED, ImportStatus.RUNNING))
    async with db.transaction() as session:
        found = list(await session.exec(select(ContactImport).where(old, settled, ContactImport.path != "")))
        for row in found:
            await asyncio.to_thread(import_files.forget, row)
            row.path = row.rejected_path = ""
            session.add(row)
    return len(found)
