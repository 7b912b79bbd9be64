"""All segments."""

from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx

from campaign_app.audience import segment_service
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.kit import text
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.ids import to_id
from campaign_app.ui.kit.dialogs_state import Question, Questions
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


class SegmentQuestions(Questions, AppState):
    """Deleting a segment."""

    async def _delete(self, actor: Actor) -> Any:
        async with db.transaction() as session:
            await segment_service.delete(session, actor, to_id(self.key, "segment"))
        await (await self.get_state(Segments))._read()
        return notify_success(f"Segment {self.subject} deleted")

    questions: ClassVar = {"delete": Question("segments:write", _delete)}
