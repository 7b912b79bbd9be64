"""Migrations."""

import asyncio
import io
import logging

from alembic import command
from alembic.config import Config

from campaign_app.campaigns import templates_service
from campaign_app.core import db
from campaign_app.core.config import ROOT


def alembic_config() -> Config:
    """Alembic's configuration, found from any working directory, without its own output."""
    made = Config(ROOT / "alembic.ini", stdout=io.StringIO())
    made.set_main_option("script_location", str(ROOT / "alembic"))
    return made


def migrate() -> None:
    """Bring the configured database to the newest schema and the built-in templates up to date. Safe to repeat."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    command.upgrade(alembic_config(), "head")
    asyncio.run(_seed())


async def _seed() -> None:
    async with db.transaction() as session:
        await templates_service.ensure_built_in(session)
    await db.dispose()
