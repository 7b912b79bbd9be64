"""Addresses that no campaign may write to."""

from dataclasses import dataclass
from typing import ClassVar

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import suppression
from campaign_app.audience.schemas import SuppressionRow
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.kit import text
from campaign_app.kit.pagination import Page
from campaign_app.models.suppression import SuppressionReason
from campaign_app.ui import routes
from campaign_app.ui.app_state import AppState
from campaign_app.ui.kit.list_query import Filter, ListQuery, ListSpec
from campaign_app.ui.kit.lists_state import ListState


@dataclass
class SuppressionLine:
    """One address as the page shows it."""

    id: int
    address: str
    reason: str
    note: str
    when: str
    exact: str


class Suppressions(ListState, AppState):
    """The suppression list, newest first."""

    spec: ClassVar[ListSpec] = ListSpec(
        may="suppressions:read",
        one="address",
        many="addresses",
        address=routes.SUPPRESSIONS,
        filters=[Filter("reason", "Reason", [(reason.value, reason.label) for reason in SuppressionReason])],
    )
    rows: list[SuppressionLine] = []

    async def _fetch(self, session: AsyncSession, actor: Actor, query: ListQuery) -> Page[SuppressionRow]:
        reason = query.filter("reason")
        return await suppression.search(
            session,
            actor,
            text=query.search,
            reason=SuppressionReason(reason) if reason else None,
            cursor=query.cursor,
            limit=query.limit,
        )

    def _line(self, row: SuppressionRow) -> SuppressionLine:
        when, exact = text.ago(row.created_at, now(), self._zone), text.exact(row.created_at, self._zone)
        return SuppressionLine(row.id, row.address, row.reason.label, row.note or text.NONE, when, exact)
