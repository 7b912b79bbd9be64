"""All segments."""

from dataclasses import dataclass
from typing import Any, ClassVar

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import segment_service
from campaign_app.audience.schemas import SegmentRow
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.kit import text
from campaign_app.kit.pagination import Page
from campaign_app.ui import routes
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.ids import to_id
from campaign_app.ui.kit.dialogs_state import Question, Questions
from campaign_app.ui.kit.list_query import ListQuery, ListSpec
from campaign_app.ui.kit.lists_state import ListState


@dataclass
class SegmentLine:
    """One segment as the page shows it."""

    id: int
    name: str
    description: str
    changed: str


class Segments(ListState, AppState):
    """All segments. There are few, so they have one page."""

    spec: ClassVar[ListSpec] = ListSpec(may="segments:read", one="segment", address=routes.SEGMENTS, paged=False)
    rows: list[SegmentLine] = []

    async def _fetch(self, session: AsyncSession, actor: Actor, query: ListQuery) -> Page[SegmentRow]:  # noqa: ARG002
        return Page(await segment_service.list_segments(session, actor))

    def _line(self, row: SegmentRow) -> SegmentLine:
        return SegmentLine(row.id, row.name, row.description, text.ago(row.updated_at, now(), self._zone))


class SegmentQuestions(Questions, AppState):
    """Deletes a segment."""

    async def _delete(self, actor: Actor) -> Any:
        async with db.transaction() as session:
            await segment_service.delete(session, actor, to_id(self.key, "segment"))
        await (await self.get_state(Segments))._read()
        return notify_success(f"Segment {self.subject} deleted")

    questions: ClassVar = {"delete": Question("segments:write", _delete)}
