"""A workspace that lacks nothing for a launch. Run as a module in a stack's environment, or call `settle`."""

import asyncio
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import db
from campaign_app.workspace import repository
from campaign_app.workspace.schemas import Workspace

PUBLIC_URL = "https://mail.meridian-supply.com"
POSTAL_ADDRESS = "Meridian Supply, Street 1, 10115 Berlin"


async def settle(session: AsyncSession, **values: Any) -> None:
    """As after the set-up step. What was saved before stays; `values` change it."""
    settled = {"public_url": PUBLIC_URL, "postal_address": POSTAL_ADDRESS, "introduced": True}
    stored = await repository.load(session)
    await repository.save(session, Workspace.model_validate({**settled, **stored, **values}).model_dump())


async def _settle_stack() -> None:
    async with db.transaction() as session:
        await settle(session)


if __name__ == "__main__":
    asyncio.run(_settle_stack())
