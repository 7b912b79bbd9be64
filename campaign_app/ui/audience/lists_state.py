"""Lists of contacts."""

from dataclasses import dataclass

import reflex as rx

from campaign_app.audience import service as people
from campaign_app.core import db
from campaign_app.core.clock import now
from campaign_app.kit import text
from campaign_app.ui.app_state import AppState
from campaign_app.workspace import service as workspace


@dataclass
class ListLine:
    """One list as the page shows it."""

    id: int
    name: str
    description: str
    members: str
    added: str


class Lists(AppState):
    """The page of all lists."""

    rows: list[ListLine] = []
    loading: bool = True

    @rx.event
    async def load(self) -> None:
        """Open the page."""
        await self.require("contacts:read")
        async with self.busy():
            await self._read()

    async def _read(self) -> None:
        actor = await self.require("contacts:read")
        async with db.reading() as session:
            zone = await workspace.zone_of(session, actor)
            found = await people.lists(session, actor)
        self.rows = [
            ListLine(row.id, row.name, row.description, text.number(row.members), text.ago(row.created_at, now(), zone))
            for row in found
        ]
