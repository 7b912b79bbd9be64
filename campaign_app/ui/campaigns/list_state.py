"""What the list of campaigns shows. View, search, status, sort and page are in the address."""

from dataclasses import replace
from typing import Any

import reflex as rx

from campaign_app.audience import audiences
from campaign_app.campaigns import service
from campaign_app.campaigns.schemas import SORTS, VIEW_LABELS, VIEWS, CampaignQuery, CampaignRow
from campaign_app.channels import service as accounts
from campaign_app.core import clock, db
from campaign_app.core.actor import Actor
from campaign_app.kit import text
from campaign_app.kit.pagination import Page
from campaign_app.models.campaign import CampaignStatus, messages_sent
from campaign_app.ui import browser, live, routes
from campaign_app.ui.app_state import AppState
from campaign_app.ui.campaigns.list_rows import Row, bar_counts, percent_done, row_of
from campaign_app.ui.components import View
from campaign_app.workspace import service as workspace

PAGE_SIZE = 50


class CampaignList(AppState):
    """One page of rows; those that run move by themselves."""

    rows: list[Row] = []
    views: list[View] = [View(label, key) for key, label in VIEW_LABELS.items()]
    view: str = "all"
    search_text: str = ""
    status: str = ""
    sort: str = "-updated"
    loading: bool = True
    nothing_at_all: bool = False
    found: str = ""
    range_text: str = ""
    total: int = 0
    next_cursor: str = ""
    previous_cursor: str = ""
    has_account: bool = False
    account_words: str = ""
    has_contacts: bool = False
    contact_words: str = ""
    _zone: str = "UTC"

    @rx.event
    async def load(self) -> Any:
        """Reads the page that the address names, then follows what runs."""
        actor = await self.require("campaigns:read")
        query = self._query()
        async with self.busy("loading"):
            yield
            async with db.reading() as session:
                self._zone = await workspace.zone_of(session, actor)
                counts = await service.counts_by_view(session, actor)
                page = await service.list_campaigns(session, actor, query)
                self.nothing_at_all = not counts["all"]
                if self.nothing_at_all:
                    await self._look_around(session, actor)
            self.views = [View(label, key, text.number(counts[key])) for key, label in VIEW_LABELS.items()]
            self._show(page)
        for row in [row for row in self.rows if row.live]:
            await live.watch_more(self, f"campaign:{row.id}")

    def _query(self) -> CampaignQuery:
        view, status, sort = self.query("view", "all"), self.query("status"), self.query("sort", "-updated")
        self.view = view if view in VIEWS else "all"
        self.status = status if status in set(CampaignStatus) else ""
        self.sort = sort if sort.removeprefix("-") in SORTS else "-updated"
        self.search_text = self.query("search")[:200]
        return CampaignQuery(
            view=self.view,
            search=self.search_text,
            status=CampaignStatus(self.status) if self.status else None,
            sort=self.sort.removeprefix("-"),
            descending=self.sort.startswith("-"),
            cursor=self.query("page"),
            limit=PAGE_SIZE,
        )

    def _show(self, page: Page[CampaignRow]) -> None:
        now = clock.now()
        self.rows = [row_of(row, now, self._zone) for row in page.rows]
        self.next_cursor, self.previous_cursor = page.next_cursor or "", page.previous_cursor or ""
        self.total = page.total or 0
        self.found = text.plural(self.total, "campaign")
        self.range_text = f"{len(self.rows)} of {text.number(self.total)}"

    async def _look_around(self, session: Any, actor: Actor) -> None:
        connected = await accounts.list_accounts(session, actor) if actor.can("accounts:read") else []
        people = await audiences.count(session, {"everyone": True})
        self.has_account, self.has_contacts = bool(connected), people.total > 0
        self.account_words = connected[0].from_address if connected else "An admin connects an SMTP account"
        self.contact_words = text.plural(people.total, "contact") if people.total else "Import a CSV file or add them"

    async def _on_progress(self, topic: str, payload: dict[str, Any]) -> None:
        campaign_id = int(topic.partition(":")[2])
        counters = payload.get("counters") or {}
        self.rows = [self._moved(row, payload, counters) if row.id == campaign_id else row for row in self.rows]

    def _moved(self, row: Row, payload: dict[str, Any], counters: dict[str, Any]) -> Row:
        counts, total = bar_counts(counters), int(counters.get("total", row.total))
        status = str(payload.get("status", row.status))
        sent = messages_sent(counters)
        return replace(
            row,
            **counts,
            total=total,
            status=status,
            live=status == CampaignStatus.RUNNING,
            can_pause=status == CampaignStatus.RUNNING,
            progress=percent_done(counts, total),
            opened=text.percent(int(counters.get("opened", 0)), sent),
            clicked=text.percent(int(counters.get("clicked", 0)), sent),
        )

    def _address(self, **changes: Any) -> Any:
        shown = {"view": self.view, "status": self.status, "search": self.search_text, "sort": self.sort} | changes
        if shown["view"] == "all":
            shown["view"] = ""
        if shown["sort"] == "-updated":
            shown["sort"] = ""
        return browser.redirect(routes.with_query(routes.CAMPAIGNS, **shown))

    @rx.event
    async def choose_view(self, view: str) -> Any:
        """Another saved view."""
        await self.require("campaigns:read")
        return self._address(view=view, status="")

    @rx.event
    async def search(self, words: str) -> Any:
        """Name or subject contains these words."""
        await self.require("campaigns:read")
        return self._address(search=words.strip())

    @rx.event
    async def choose_status(self, status: str) -> Any:
        """Only campaigns in this status."""
        await self.require("campaigns:read")
        return self._address(status=status)

    @rx.event
    async def choose_sort(self, sort: str) -> Any:
        """Another order."""
        await self.require("campaigns:read")
        return self._address(sort=sort)

    @rx.event
    async def turn(self, forward: bool) -> Any:
        """The next page, or the one before."""
        await self.require("campaigns:read")
        return self._address(page=self.next_cursor if forward else self.previous_cursor)

    @rx.event
    async def clear(self) -> Any:
        """No filter at all."""
        await self.require("campaigns:read")
        return browser.redirect(routes.CAMPAIGNS)
