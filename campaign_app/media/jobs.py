"""Background jobs of the media room."""

import asyncio
from typing import Any

from campaign_app.core import db
from campaign_app.media import files, repository


async def tidy_media(_ctx: dict[str, Any]) -> int:
    """Delete the bytes of removed files and of aborted uploads; return how many (cron, hourly)."""
    async with db.reading() as session:
        known = await repository.digests(session)
    paths = await asyncio.to_thread(files.unknown, known)
    return sum([await asyncio.to_thread(files.remove, path) for path in paths])
