"""Addresses that no campaign may reach."""

from dataclasses import dataclass

import reflex as rx

from campaign_app.audience import suppression
from campaign_app.core import db
from campaign_app.core.clock import now
from campaign_app.kit import text
from campaign_app.models.suppression import SuppressionReason
from campaign_app.ui.app_state import AppState
from campaign_app.workspace import service as workspace


@dataclass
class SuppressionLine:
    """One address as the page shows it."""

    id: int
    address: str
    reason: str
    note: str
    when: str
    exact: str


class Suppressions(AppState):
    """The list."""

    rows: list[SuppressionLine] = []
    loading: bool = True
    search: str = ""
    reason: str = ""
    range_text: str = ""
    has_previous: bool = False
    has_next: bool = False
    _next: str = ""
    _previous: str = ""

    @rx.event
    async def load(self) -> None:
        """Open the page."""
        await self.require("suppressions:read")
        self.search = self.reason = ""
        async with self.busy():
            await self._go("")

    async def _go(self, cursor: str) -> None:
        actor = await self.require("suppressions:read")
        async with db.reading() as session:
            zone = await workspace.zone_of(session, actor)
            page = await suppression.search(
                session,
                actor,
                text=self.search,
                reason=SuppressionReason(self.reason) if self.reason else None,
                cursor=cursor,
            )
        self.rows = [
            SuppressionLine(
                row.id,
                row.address,
                row.reason.label,
                row.note or text.NONE,
                text.ago(row.created_at, now(), zone),
                text.exact(row.created_at, zone),
            )
            for row in page.rows
        ]
        self._next, self._previous = page.next_cursor or "", page.previous_cursor or ""
        self.has_next, self.has_previous = bool(self._next), bool(self._previous)
        self.range_text = text.plural(page.total, "address", "addresses") if page.total is not None else ""

    @rx.event
    async def find(self, value: str) -> None:
        """Search by the beginning of an address."""
        await self.require("suppressions:read")
        self.search = value
        await self._go("")

    @rx.event
    async def choose_reason(self, value: str) -> None:
        """Only one reason."""
        await self.require("suppressions:read")
        self.reason = value if value in set(SuppressionReason) else ""
        await self._go("")

    @rx.event
    async def clear(self) -> None:
        """Drop the filters."""
        await self.require("suppressions:read")
        self.search = self.reason = ""
        await self._go("")

    @rx.event
    async def turn(self, forward: bool) -> None:
        """Next or previous page."""
        await self.require("suppressions:read")
        cursor = self._next if forward else self._previous
        if cursor:
            await self._go(cursor)
