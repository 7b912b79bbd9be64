"""All segments."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from campaign_app.audience import segment_service
from campaign_app.core import db
from campaign_app.core.clock import now
from campaign_app.kit import text
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.workspace import service as workspace


@dataclass
class SegmentLine:
    """One segment as the page shows it."""

    id: int
    name: str
    description: str
    changed: str


class Segments(AppState):
    """The page of all segments."""

    rows: list[SegmentLine] = []
    loading: bool = True
    deleting: int = 0
    deleting_name: str = ""

    @rx.event
    async def load(self) -> None:
        """Open the page."""
        await self.require("segments:read")
        async with self.busy():
            await self._read()

    async def _read(self) -> None:
        actor = await self.require("segments:read")
        async with db.reading() as session:
            zone = await workspace.zone_of(session, actor)
            found = await segment_service.list_segments(session, actor)
        self.rows = [
            SegmentLine(row.id, row.name, row.description, text.ago(row.updated_at, now(), zone)) for row in found
        ]

    @rx.event
    async def ask_delete(self, number: int, name: str) -> None:
        """Open the question."""
        await self.require("segments:write")
        self.deleting, self.deleting_name = number, name

    @rx.event
    async def close_question(self, opened: bool) -> None:
        """Closed by Esc or beside it."""
        await self.require("segments:read")
        if not opened:
            self.deleting = 0

    @rx.event
    async def delete(self) -> Any:
        """Remove the segment."""
        actor = await self.require("segments:write")
        number, self.deleting = self.deleting, 0
        async with db.transaction() as session:
            await segment_service.delete(session, actor, number)
        await self._read()
        yield notify_success(f"Segment {self.deleting_name} deleted")
