"""What people do with campaigns from the list: with one, or with those that are checked."""

from typing import Any

import reflex as rx

from campaign_app.audit.exports import NO_PEOPLE, Export, note
from campaign_app.campaigns import lifecycle, service
from campaign_app.campaigns.schemas import BulkResult
from campaign_app.core import clock, db
from campaign_app.delivery import service as delivery
from campaign_app.kit import csv_stream, text
from campaign_app.models.campaign import CampaignStatus
from campaign_app.ui import browser
from campaign_app.ui.app_state import notify_error, notify_success
from campaign_app.ui.campaigns.list_state import CampaignList

_MOST = 1_000


class CampaignActs(CampaignList):
    """`chosen` are the checked ids, also on other pages."""

    chosen: list[int] = []
    delete_open: bool = False
    delete_ids: list[int] = []
    delete_question: str = ""
    acting: bool = False
    _known: dict[int, tuple[str, str]] = {}

    @rx.var
    def all_checked(self) -> bool | str:
        """Of the head's box: all of this page, some, none."""
        here = [row.id in self.chosen for row in self.rows]
        return True if here and all(here) else "indeterminate" if any(here) else False

    @rx.var
    def why_no_pause(self) -> str:
        """Why the checked ones cannot all be paused."""
        return self._why("pause", "Only running campaigns can be paused")

    @rx.var
    def why_no_delete(self) -> str:
        """Why the checked ones cannot all be deleted."""
        return self._why("delete", "Pause and cancel running campaigns before you delete them")

    def _why(self, action: str, words: str) -> str:
        statuses = [CampaignStatus(self._known[item][1]) for item in self.chosen if item in self._known]
        return "" if all(lifecycle.can(action, status) for status in statuses) else words

    def _remember(self) -> None:
        self._known = {**self._known, **{row.id: (row.name, row.status) for row in self.rows}}

    @rx.event
    async def check(self, campaign_id: int, on: bool) -> None:
        """One row's box."""
        await self.require("campaigns:read")
        self._remember()
        rest = [item for item in self.chosen if item != campaign_id]
        self.chosen = [*rest, campaign_id] if on else rest

    @rx.event
    async def check_page(self, on: bool) -> None:
        """The head's box."""
        await self.require("campaigns:read")
        self._remember()
        here = [row.id for row in self.rows]
        self.chosen = [*(item for item in self.chosen if item not in here), *(here if on else [])]

    @rx.event
    async def check_all(self) -> None:
        """Everything that the filters find, up to 1,000."""
        actor = await self.require("campaigns:read")
        query = self._query().model_copy(update={"cursor": "", "limit": 100})
        found: dict[int, tuple[str, str]] = {}
        async with db.reading() as session:
            while len(found) < _MOST:
                page = await service.list_campaigns(session, actor, query)
                found |= {row.id: (row.name, row.status.value) for row in page.rows}
                if not page.next_cursor:
                    break
                query = query.model_copy(update={"cursor": page.next_cursor})
        self._known = {**self._known, **found}
        self.chosen = list(found)

    @rx.event
    async def uncheck(self) -> None:
        """Clears the choice."""
        await self.require("campaigns:read")
        self.chosen = []

    @rx.event
    async def pause(self, campaign_ids: list[int]) -> Any:
        """Stops these within one message."""
        actor = await self.require("campaigns:pause")
        async with db.transaction() as session:
            results = await service.bulk(session, actor, campaign_ids, delivery.pause)
        return self._said(results, "paused")

    @rx.event
    async def resume(self, campaign_id: int) -> Any:
        """Goes on where it stopped."""
        actor = await self.require("campaigns:pause")
        async with db.transaction() as session:
            results = await service.bulk(session, actor, [campaign_id], delivery.resume)
        return self._said(results, "running again")

    @rx.event
    async def duplicate(self, campaign_ids: list[int]) -> Any:
        """New drafts with the same message, audience and limits."""
        actor = await self.require("campaigns:duplicate")
        async with db.transaction() as session:
            results = await service.bulk(session, actor, campaign_ids, service.duplicate)
        return self._said(results, "duplicated as a draft")

    @rx.event
    async def ask_delete(self, campaign_ids: list[int], names: str) -> None:
        """The question before deleting."""
        await self.require("campaigns:delete")
        self.delete_ids = campaign_ids
        what = f"“{names}”" if len(campaign_ids) == 1 and names else text.plural(len(campaign_ids), "campaign")
        self.delete_question = f"Delete {what}?"
        self.delete_open = True

    @rx.event
    async def show_delete(self, is_open: bool) -> None:
        """Closes the question."""
        await self.require("campaigns:delete")
        self.delete_open = is_open

    @rx.event
    async def delete(self) -> Any:
        """Takes them from the lists; what was sent stays in contacts' timelines."""
        actor = await self.require("campaigns:delete")
        self.delete_open = False
        async with db.transaction() as session:
            results = await service.bulk(session, actor, self.delete_ids, service.delete)
        return self._said(results, "deleted")

    @rx.event
    async def export(self) -> Any:
        """The checked campaigns with their figures as CSV."""
        actor = await self.require("analytics:export")
        lines = [("Campaign", "Subject", "Status", "Recipients", "Sent", "Opened", "Clicked", "Owner", "Updated")]
        chosen = {"campaigns": len(self.chosen)}
        await note(Export(actor, "campaign.export", "campaign", "Campaigns as CSV", NO_PEOPLE, filters=chosen))
        async with db.reading() as session:
            for row in await service.rows_of(session, actor, self.chosen):
                total, sent, opened, clicked = map(str, (row.total, row.sent, row.opened, row.clicked))
                figures = (row.status.value, total, sent, opened, clicked)
                lines.append((row.name, row.subject, *figures, row.owner_name, row.updated_at.isoformat()))
        return browser.download(csv_stream.BOM + csv_stream.encode(lines), f"campaigns-{clock.now():%Y-%m-%d}.csv")

    def _said(self, results: list[BulkResult], done: str) -> Any:
        good, bad = [r for r in results if r.ok], [r for r in results if not r.ok]
        self.chosen = []
        events: list[Any] = [CampaignList.load]
        if good:
            what = good[0].name if len(good) == 1 else text.plural(len(good), "campaign")
            events.append(notify_success(f"{what} {done}"))
        return [*events, *(notify_error(f"{result.name} was not changed", result.message) for result in bad[:3])]
