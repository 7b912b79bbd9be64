"""Addresses that no campaign may reach."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from campaign_app.audience import suppression
from campaign_app.core import db
from campaign_app.core.clock import now
from campaign_app.kit import text
from campaign_app.models.suppression import SuppressionReason
from campaign_app.ui.app_state import AppState, notify_error, notify_success
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
    """The list and its dialogs."""

    rows: list[SuppressionLine] = []
    loading: bool = True
    search: str = ""
    reason: str = ""
    range_text: str = ""
    has_previous: bool = False
    has_next: bool = False
    adding: bool = False
    pasted: str = ""
    note: str = ""
    saving: bool = False
    removing: str = ""
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

    @rx.event
    async def open_form(self, opened: bool) -> None:
        """The dialog to add addresses."""
        await self.require("suppressions:write")
        self.adding, self.pasted, self.note = opened, "", ""

    @rx.event
    async def paste(self, value: str) -> None:
        """Addresses, one a line or separated by commas."""
        await self.require("suppressions:write")
        self.pasted = value

    @rx.event
    async def write_note(self, value: str) -> None:
        """Why."""
        await self.require("suppressions:write")
        self.note = value

    @rx.event
    async def add(self) -> Any:
        """Add every pasted address."""
        actor = await self.require("suppressions:write")
        async with self.busy("saving"), db.transaction() as session:
            result = await suppression.add_text(session, actor, self.pasted, note=self.note)
        if result.added or result.already:
            self.adding = False
            await self._go("")
            known = f" {text.number(result.already)} were there already." if result.already else ""
            yield notify_success(f"{text.plural(result.added, 'address', 'addresses')} added", known.strip())
        if result.invalid:
            shown = ", ".join(result.invalid[:5])
            yield notify_error(
                f"{text.plural(len(result.invalid), 'entry', 'entries')} not added",
                f"Not an e-mail address or a phone number: {shown}. Correct and add them again.",
            )

    @rx.event
    async def ask_remove(self, address: str) -> None:
        """Open the question; "" closes it."""
        await self.require("suppressions:write")
        self.removing = address

    @rx.event
    async def close_question(self, opened: bool) -> None:
        """Closed by Esc or beside it."""
        await self.require("suppressions:read")
        if not opened:
            self.removing = ""

    @rx.event
    async def remove(self) -> Any:
        """Campaigns may reach the address again."""
        actor = await self.require("suppressions:write")
        address, self.removing = self.removing, ""
        async with db.transaction() as session:
            await suppression.remove(session, actor, address)
        await self._go("")
        yield notify_success(f"{address} can be written to again")
