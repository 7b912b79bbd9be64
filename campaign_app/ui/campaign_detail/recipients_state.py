"""The table of all recipients of a campaign: filtered, searched and paged on the server, live while it runs."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.delivery.reporting import recipient_queries
from campaign_app.delivery.schemas import RecipientRow
from campaign_app.kit import text
from campaign_app.kit.pagination import Page
from campaign_app.models.delivery import DeliveryStatus, Reason
from campaign_app.ui.app_state import AppState
from campaign_app.ui.campaign_detail import figures
from campaign_app.ui.ids import to_id
from campaign_app.ui.kit.list_query import Filter, ListQuery, ListSpec
from campaign_app.ui.kit.lists_state import ListState
from campaign_app.ui.theme import STATUS

REFRESH_SECONDS: Final = 1.0
# Filter → the statuses that it includes.
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


class Recipients(ListState, AppState):
    """The recipients tab. Its filters are kept in the tab, because the address belongs to the campaign."""

    spec: ClassVar[ListSpec] = ListSpec(
        may="campaigns:read",
        one="recipient",
        filters=[
            Filter("status", "Status", [(name, STATUS[name].label) for name in STATUSES]),
            Filter(
                "reason", "Reason", [(one.value, one.label) for one in Reason if one is not Reason.NONE], chip=False
            ),
        ],
    )
    rows: list[RecipientLine] = []
    frozen: bool = False
    stale: bool = False
    latest: bool = False
    _read_at: float = 0.0

    async def _prepare(self, session: AsyncSession, actor: Actor) -> None:  # noqa: ARG002
        self.frozen = self.stale = self.latest = False

    async def _fetch(self, session: AsyncSession, actor: Actor, query: ListQuery) -> Page[RecipientRow]:
        campaign_id = to_id(self.campaign_id, "campaign")
        found = await recipient_queries.recipients(
            session,
            actor,
            campaign_id,
            status=query.filter("status"),
            reason=query.filter("reason"),
            search=query.search,
            cursor=query.cursor,
            limit=query.limit,
        )
        if query.is_narrowed:
            return found
        return found.counted((await recipient_queries.counters(session, campaign_id)).total)

    def _line(self, row: RecipientRow) -> RecipientLine:
        return line_of(row, self._zone)

    def _show_place(self, page: Page[Any], query: ListQuery) -> None:
        super()._show_place(page, query)
        self.range_text = self.range_text or "Nobody"

    async def _show_latest(self, lines: list[dict[str, Any]]) -> None:
        """Live updates: the latest messages on top, at most once a second, unless somebody is reading the table."""
        if self.narrowed or self.has_previous or not lines:
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
        """The campaign has stopped: show the table as stored. A short campaign can end before any live update.

        If the person has turned a page, or has the pointer in the table, the rows stay as they are.
        """
        if self.has_previous and not self.latest:
            return
        if self.frozen and not self.latest:
            self.stale = True
            return
        self.latest = False
        await self._read_first()

    @rx.event
    async def freeze(self) -> None:
        """The pointer or the focus is in the table: no row moves."""
        await self.require("campaigns:read")
        self.frozen = True

    @rx.event
    async def thaw(self) -> None:
        """Resume live updates. What happened meanwhile is read from the database, because no more updates may come."""
        await self.require("campaigns:read")
        missed = self.stale
        self.frozen = self.stale = False
        if missed:
            await self._read_first()

    @rx.event
    async def toggle_status(self, value: str) -> Any:
        """Show only one status, by a counter over the table. Choosing it again shows all."""
        await self.require("campaigns:read")
        chosen = {"queued": "pending", "sending": "pending"}.get(value, value)
        shown = "" if chosen == self.filters.get("status") or chosen not in set(DeliveryStatus) else chosen
        return await self._narrow(self._asked.filtered("status", shown))

    @rx.event
    async def show_all(self) -> None:
        """All recipients in a fixed order, also while the campaign runs."""
        await self.require("campaigns:read")
        self.frozen, self.latest = True, False
        await self._read_first()


def line_of(row: RecipientRow, zone: str) -> RecipientLine:
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
    """The reason as a sentence, followed by the server's reply."""
    sentence = Reason(reason).label if reason else ""
    if status == DeliveryStatus.UNCERTAIN:
        return f"{sentence or 'No answer from the server'}. Not sent again until a person decides"
    if not sentence:
        return f"Accepted, {response}" if response and status != DeliveryStatus.PENDING else response
    return f"{sentence} ({response})" if response else sentence
