"""Says at every start of a web process how the first owner is made, as long as there is none."""

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
    """Print the link, a new one when it has expired; ends when somebody exists. Waits for the database."""
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
    """Beside the app."""
    task = asyncio.create_task(announce())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
