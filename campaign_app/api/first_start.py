"""Logs at every start of a web process how to create the first owner, while there is none."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from campaign_app.auth import service, setup_link
from campaign_app.core import db, logging

_AGAIN_S: Final = 5.0
log = logging.get("auth")


async def announce() -> None:
    """Log the link, a new one when it has expired, until a user exists. Waits for the database."""
    while True:
        try:
            async with db.reading() as session:
                if await service.has_users(session):
                    return
            async with db.transaction() as session:
                token = await setup_link.ensure(session)
        except (SQLAlchemyError, OSError):
            await asyncio.sleep(_AGAIN_S)
            continue
        if token:
            log.warning(
                "nobody owns this installation yet: open the link to become its owner", link=setup_link.address(token)
            )
        await asyncio.sleep(setup_link.VALID_FOR.total_seconds())


@asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """Run `announce` beside the app."""
    task = asyncio.create_task(announce())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
