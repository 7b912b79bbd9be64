"""The contact list: searched, filtered, sorted and paged on the server."""

from dataclasses import dataclass
from typing import Any, Final

import reflex as rx

from campaign_app.audience import segment_service
from campaign_app.audience import service as people
from campaign_app.audience.schemas import ContactQuery, ContactRow, ContactSort, ContactStatus
from campaign_app.core import db
from campaign_app.core.clock import now
from campaign_app.kit import ids, text
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState, initials
from campaign_app.workspace import service as workspace

PAGE: Final = 50


@dataclass
class ContactLine:
    """One contact as the list shows it."""

    id: int
    name: str
    initials: str
    company: str
    address: str
    permission: str
    suppressed: bool
    tags: list[str]
    activity: str
    when: str
    exact: str
    messages: str


class Contacts(AppState):
    """The list and its filters; the choice and bulk acts are in ContactBulk."""

    rows: list[ContactLine] = []
    loading: bool = True
    search: str = ""
    status: str = "any"
    list_id: str = ""
    tag: str = ""
    segment_id: str = ""
    sort: str = "-updated"
    lists: list[tuple[str, str]] = []
    tags: list[tuple[str, str]] = []
    segments: list[tuple[str, str]] = []
    total_text: str = ""
    range_text: str = ""
    has_previous: bool = False
    has_next: bool = False
    nothing_yet: bool = False
    _cursor: str = ""
    _next: str = ""
    _previous: str = ""
    _first: int = 1

    @rx.event
    async def load(self) -> None:
        """Open the list with the filters in its address."""
        await self.require("contacts:read")
        self.search, self.tag = self.query("search"), self.query("tag")
        self.list_id, self.segment_id = self.query("list"), self.query("segment")
        self.status = self.query("status") or "any"
        async with self.busy():
            await self._read_choices()
            await self._go("", 1)

    async def _read_choices(self) -> None:
        actor = await self.require("contacts:read")
        async with db.reading() as session:
            self.lists = [(str(row.id), row.name) for row in await people.lists(session, actor)]
            self.tags = [(row.name, row.name) for row in await people.tags(session, actor)]
            found = await segment_service.list_segments(session, actor)
            self.segments = [(str(row.id), row.name) for row in found]

    def _query(self, cursor: str = "") -> ContactQuery:
        descending = self.sort.startswith("-")
        key = self.sort.lstrip("-")
        return ContactQuery(
            search=self.search[:200],
            list_id=ids.number(self.list_id),
            tag=self.tag,
            segment_id=ids.number(self.segment_id),
            status=ContactStatus(self.status) if self.status in set(ContactStatus) else ContactStatus.ANY,
            sort=ContactSort(key) if key in set(ContactSort) else ContactSort.UPDATED,
            descending=descending,
            cursor=cursor,
            limit=PAGE,
        )

    async def _go(self, cursor: str, first: int) -> None:
        actor = await self.require("contacts:read")
        async with db.reading() as session:
            zone = await workspace.zone_of(session, actor)
            page = await people.list_contacts(session, actor, self._query(cursor))
        self.rows = [_line(row, zone) for row in page.rows]
        self._cursor, self._next, self._previous = cursor, page.next_cursor or "", page.previous_cursor or ""
        self.has_next, self.has_previous = bool(self._next), bool(self._previous)
        self._first = max(1, first) if self.has_previous else 1
        self._show_totals(page.total, page.total_is_minimum)

    def _show_totals(self, total: int | None, minimum: bool) -> None:
        known = "" if total is None else f"{text.number(total)}{'+' if minimum else ''}"
        self.total_text = "" if total is None else "1 contact" if known == "1" else f"{known} contacts"
        last = self._first + len(self.rows) - 1
        of = f" of {known}" if known else ""
        self.range_text = f"{self._first:,}–{last:,}{of}" if self.rows else ""
        filtered = self.search or self.list_id or self.tag or self.segment_id or self.status != "any"
        self.nothing_yet = not self.rows and not filtered

    async def _filtered(self) -> None:
        from campaign_app.ui.audience.contact_bulk_state import ContactBulk

        (await self.get_state(ContactBulk))._forget()
        await self._go("", 1)

    @rx.event
    async def find(self, value: str) -> None:
        """Search by beginnings of words."""
        await self.require("contacts:read")
        self.search = value
        await self._filtered()

    @rx.event
    async def choose(self, name: str, value: str) -> None:
        """Set one filter: status, list_id, tag or segment_id."""
        await self.require("contacts:read")
        if name in {"status", "list_id", "tag", "segment_id"}:
            setattr(self, name, value)
            await self._filtered()

    @rx.event
    async def sort_by(self, key: str) -> None:
        """Sort by a column; "-" in front turns it round."""
        await self.require("contacts:read")
        self.sort = key
        await self._go("", 1)

    @rx.event
    async def clear(self) -> Any:
        """Drop every filter."""
        await self.require("contacts:read")
        self.search = self.list_id = self.tag = self.segment_id = ""
        self.status = "any"
        await self._filtered()
        return browser.redirect(routes.CONTACTS)

    @rx.event
    async def forward(self) -> None:
        """Next page."""
        await self.require("contacts:read")
        if self._next:
            await self._go(self._next, self._first + PAGE)

    @rx.event
    async def back(self) -> None:
        """Previous page."""
        await self.require("contacts:read")
        if self._previous:
            await self._go(self._previous, self._first - PAGE)

    @rx.var
    def list_name(self) -> str:
        """The list that is filtered by."""
        return dict(self.lists).get(self.list_id, "")

    @rx.var
    def segment_name(self) -> str:
        """The segment that is filtered by."""
        return dict(self.segments).get(self.segment_id, "")

    @rx.var
    def export_address(self) -> str:
        """Where the contacts under these filters are downloaded."""
        return routes.with_query(
            "/files/contacts.csv",
            search=self.search,
            list_id=self.list_id,
            tag=self.tag,
            segment_id=self.segment_id,
            status="" if self.status == "any" else self.status,
        )


def _line(row: ContactRow, zone: str) -> ContactLine:
    return ContactLine(
        id=row.id,
        name=row.name,
        initials=initials(row.name),
        company=row.company or text.NONE,
        address=row.email or row.phone or text.NONE,
        permission=row.suppressed.label if row.suppressed else "Allowed",
        suppressed=row.suppressed is not None,
        tags=row.tags[:3],
        activity=row.last_activity or text.NONE,
        when=text.ago(row.updated_at, now(), zone),
        exact=text.exact(row.updated_at, zone),
        messages=text.number(row.messages),
    )
