"""Migrations."""

import io
import logging

from alembic import command
from alembic.config import Config

from campaign_app.core.config import ROOT


def alembic_config() -> Config:
    """Alembic's configuration, found from any working directory; its chatter goes nowhere."""
    made = Config(ROOT / "alembic.ini", stdout=io.StringIO())
    made.set_main_option("script_location", str(ROOT / "alembic"))
    return made


def migrate() -> None:
    """Bring the configured database to the newest schema. Nothing happens when it is there already."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    command.upgrade(alembic_config(), "head")
