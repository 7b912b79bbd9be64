"""Lists of contacts."""

from dataclasses import dataclass
from typing import ClassVar

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import service as people
from campaign_app.audience.schemas import ListRow
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.kit import text
from campaign_app.kit.pagination import Page
from campaign_app.ui import routes
from campaign_app.ui.app_state import AppState
from campaign_app.ui.kit.list_query import ListQuery, ListSpec
from campaign_app.ui.kit.lists_state import ListState


@dataclass
class ListLine:
    """One list as the page shows it."""

    id: int
    name: str
    description: str
    members: str
    added: str


class Lists(ListState, AppState):
    """All lists. There are few, so they have one page."""

    spec: ClassVar[ListSpec] = ListSpec(may="contacts:read", one="list", address=routes.LISTS, paged=False)
    rows: list[ListLine] = []

    async def _fetch(self, session: AsyncSession, actor: Actor, query: ListQuery) -> Page[ListRow]:  # noqa: ARG002
        return Page(await people.lists(session, actor))

    def _line(self, row: ListRow) -> ListLine:
        added = text.ago(row.created_at, now(), self._zone)
        return ListLine(row.id, row.name, row.description, text.number(row.members), added)
