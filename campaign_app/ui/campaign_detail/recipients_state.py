"""The table of every recipient of a campaign: filtered, searched and paged on the server, live while it runs."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import reflex as rx

from campaign_app.core import db
from campaign_app.core.clock import now
from campaign_app.delivery.reporting import recipient_queries
from campaign_app.kit import text
from campaign_app.kit.pagination import Page
from campaign_app.models.delivery import DeliveryStatus, Reason
from campaign_app.ui.app_state import AppState
from campaign_app.ui.campaign_detail import figures
from campaign_app.ui.ids import to_id
from campaign_app.workspace import service as workspace

PAGE: Final = 50
REFRESH_SECONDS: Final = 1.0
# What a person can filter by → the statuses behind it.
STATUSES: Final = ("pending", "sent", "failed", "bounced", "skipped", "uncertain")


@dataclass
class RecipientLine:
    """One recipient as the table shows it."""

    id: int
    name: str
    address: str
    status: str
    reason: str
    time: str
    exact: str


class Recipients(AppState):
    """The recipients tab."""

    rows: list[RecipientLine] = []
    loading: bool = True
    frozen: bool = False
    stale: bool = False
    search: str = ""
    status: str = ""
    reason: str = ""
    range_text: str = ""
    has_previous: bool = False
    has_next: bool = False
    latest: bool = False
    _zone: str = "UTC"
    _next: str = ""
    _previous: str = ""
    _first: int = 1
    _read_at: float = 0.0

    @rx.event
    async def load(self) -> None:
        """Open the tab from its first page."""
        await self.require("campaigns:read")
        self.search = self.status = self.reason = ""
        self.frozen = self.stale = False
        self.latest = False
        async with self.busy():
            await self._go("", 1)

    async def _go(self, cursor: str, first: int) -> None:
        actor = await self.require("campaigns:read")
        campaign_id = to_id(self.campaign_id, "campaign")
        async with db.reading() as session:
            zone = await workspace.zone_of(session, actor)
            page = await recipient_queries.recipients(
                session,
                actor,
                campaign_id,
                status=self.status,
                reason=self.reason,
                search=self.search,
                cursor=cursor,
                limit=PAGE,
            )
            filtered = self.status or self.reason or self.search
            total = page.total if filtered else (await recipient_queries.counters(session, campaign_id)).total
        self.rows = [_line(row, zone) for row in page.rows]
        self._first, self._zone = max(1, first), zone
        self._show_pager(page, total)

    def _show_pager(self, page: Page[Any], total: int | None) -> None:
        self._next, self._previous = page.next_cursor or "", page.previous_cursor or ""
        self.has_next, self.has_previous = bool(self._next), bool(self._previous)
        if not self.has_previous:
            self._first = 1
        last = self._first + len(self.rows) - 1
        of = f" of {text.number(total)}" if total is not None else ""
        self.range_text = f"{self._first:,}–{last:,}{of}" if self.rows else "Nobody"

    async def _show_latest(self, lines: list[dict[str, Any]]) -> None:
        """News from a running campaign: its last messages on top, at most once a second, unless somebody reads them."""
        if self.search or self.status or self.reason or self.has_previous or not lines:
            return
        if self.frozen:
            self.stale = True
            return
        if time.monotonic() - self._read_at < REFRESH_SECONDS:
            return
        self._read_at, self.latest = time.monotonic(), True
        self.rows = [_latest_line(line, self._zone) for line in lines]
        self.range_text, self.has_next = "The latest messages", False

    async def _settle(self) -> None:
        """The campaign stands still: show the table as it is stored. A short one can be over before any news of it.

        Whoever has turned a page, or has the pointer in the table, keeps what they read.
        """
        if self.has_previous and not self.latest:
            return
        if self.frozen and not self.latest:
            self.stale = True
            return
        self.latest = False
        await self._go("", 1)

    @rx.event
    async def freeze(self) -> None:
        """The pointer or the focus is in the table: nothing moves under it."""
        await self.require("campaigns:read")
        self.frozen = True

    @rx.event
    async def thaw(self) -> None:
        """Go on showing news; what happened meanwhile is read, for no more may come."""
        await self.require("campaigns:read")
        missed = self.stale
        self.frozen = self.stale = False
        if missed:
            await self._go("", 1)

    @rx.event
    async def find(self, value: str) -> None:
        """Search by name or address."""
        await self.require("campaigns:read")
        self.search = value
        await self._go("", 1)

    @rx.event
    async def filter_status(self, value: str) -> None:
        """Only one status; choosing it again shows all."""
        await self.require("campaigns:read")
        chosen = {"queued": "pending", "sending": "pending"}.get(value, value)
        self.status = "" if chosen == self.status or chosen not in set(DeliveryStatus) else chosen
        await self._go("", 1)

    @rx.event
    async def show_all(self) -> None:
        """Every recipient in a fixed order, also while the campaign runs."""
        await self.require("campaigns:read")
        self.frozen, self.latest = True, False
        await self._go("", 1)

    @rx.event
    async def filter_reason(self, value: str) -> None:
        """Only one reason."""
        await self.require("campaigns:read")
        self.reason = value if value in set(Reason) else ""
        await self._go("", 1)

    @rx.event
    async def clear(self) -> None:
        """Drop every filter."""
        await self.require("campaigns:read")
        self.search = self.status = self.reason = ""
        await self._go("", 1)

    @rx.event
    async def forward(self) -> None:
        """Next page."""
        await self.require("campaigns:read")
        if self._next:
            await self._go(self._next, self._first + PAGE)

    @rx.event
    async def back(self) -> None:
        """Previous page."""
        await self.require("campaigns:read")
        if self._previous:
            await self._go(self._previous, self._first - PAGE)


def _line(row: Any, zone: str) -> RecipientLine:
    return RecipientLine(
        id=row.id,
        name=row.name or row.address,
        address=row.address if row.name else "",
        status=row.status,
        reason=explanation(row.status, row.reason, row.response),
        time=figures.clock(row.updated_at, now(), zone),
        exact=text.exact(row.updated_at, zone),
    )


def _latest_line(line: dict[str, Any], zone: str) -> RecipientLine:
    at = datetime.fromisoformat(line["at"])
    return RecipientLine(
        id=line["id"],
        name=line["name"] or line["address"],
        address=line["address"] if line["name"] else "",
        status=line["status"],
        reason=explanation(line["status"], line["reason"], line["response"]),
        time=f"{at.astimezone(ZoneInfo(zone)):%H:%M:%S}",
        exact=text.exact(at, zone),
    )


def explanation(status: str, reason: str, response: str) -> str:
    """The reason as a sentence, with the server's words behind it."""
    sentence = Reason(reason).label if reason else ""
    if status == DeliveryStatus.UNCERTAIN:
        return f"{sentence or 'No answer from the server'}. Not sent again until a person decides"
    if not sentence:
        return f"Accepted, {response}" if response and status != DeliveryStatus.PENDING else response
    return f"{sentence} ({response})" if response else sentence
