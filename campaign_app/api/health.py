"""Whether this web process can do its work."""

import asyncio
from collections.abc import Awaitable

import sqlalchemy as sa
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from campaign_app import __version__
from campaign_app.core import db, redis

router = APIRouter(prefix="/api", tags=["Health"])
_TIMEOUT_SECONDS = 5


@router.get("/health", summary="200 when database and Redis answer, else 503")
async def health() -> JSONResponse:
    """{"status": "ok" | "failing", "database": …, "redis": …, "version": …}."""
    database, cache = await asyncio.gather(_state(_database()), _state(_redis()))
    fine = database == cache == "ok"
    content = {"status": "ok" if fine else "failing", "database": database, "redis": cache, "version": __version__}
    return JSONResponse(content, 200 if fine else 503)


async def _state(probe: Awaitable[None]) -> str:
    try:
        await asyncio.wait_for(probe, _TIMEOUT_SECONDS)
    except Exception as error:
        return type(error).__name__  # never its text: it may hold an address or a password
    return "ok"


async def _database() -> None:
    async with db.reading() as session:
        await session.execute(sa.text("SELECT 1"))


async def _redis() -> None:
    await redis.client().exists("health")
