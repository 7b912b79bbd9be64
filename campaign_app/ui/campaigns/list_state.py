"""The list of campaigns; running ones are updated live."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from reflex_base.event import Event
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import audiences
from campaign_app.audit.exports import NO_PEOPLE, Export, note
from campaign_app.campaigns import service
from campaign_app.campaigns.schemas import SORTS, VIEW_LABELS, CampaignQuery, CampaignRow
from campaign_app.channels import service as accounts
from campaign_app.core import clock, db
from campaign_app.core.actor import Actor
from campaign_app.delivery import service as delivery
from campaign_app.kit import csv_stream, text
from campaign_app.kit.bulk import ItemResult
from campaign_app.kit.pagination import Page
from campaign_app.models.campaign import CampaignStatus, messages_sent
from campaign_app.ui import browser, live, routes
from campaign_app.ui.app_state import AppState
from campaign_app.ui.campaigns.list_rows import Row, bar_counts, percent_done, row_of
from campaign_app.ui.components import View
from campaign_app.ui.kit.bulk_state import BulkAction, BulkState, Chosen
from campaign_app.ui.kit.list_query import Filter, ListQuery, ListSpec


def _each(use_case: service.UseCase) -> Callable[[Any, Actor, Chosen], Any]:
    """Runs an action on one campaign for all selected ones."""

    async def act(_state: Any, actor: Actor, chosen: Chosen) -> list[ItemResult]:
        async with db.transaction() as session:
            return await service.bulk(session, actor, chosen.ids, use_case)

    return act


async def _export(_state: Any, actor: Actor, chosen: Chosen) -> Event:
    """The selected campaigns with their figures as CSV."""
    lines = [("Campaign", "Subject", "Status", "Recipients", "Sent", "Opened", "Clicked", "Owner", "Updated")]
    filters = {"campaigns": len(chosen.ids)}
    await note(Export(actor, "campaign.export", "campaign", "Campaigns as CSV", NO_PEOPLE, filters=filters))
    async with db.reading() as session:
        for row in await service.rows_of(session, actor, chosen.ids):
            total, sent, opened, clicked = map(str, (row.total, row.sent, row.opened, row.clicked))
            figures = (row.status.value, total, sent, opened, clicked)
            lines.append((row.name, row.subject, *figures, row.owner_name, row.updated_at.isoformat()))
    return browser.download(csv_stream.BOM + csv_stream.encode(lines), f"campaigns-{clock.now():%Y-%m-%d}.csv")


class CampaignList(BulkState, AppState):
    """One page of rows, their views and actions."""

    spec: ClassVar[ListSpec] = ListSpec(
        may="campaigns:read",
        one="campaign",
        address=routes.CAMPAIGNS,
        views=VIEW_LABELS,
        filters=[Filter("status", "Status", [(status.value, status.label) for status in CampaignStatus])],
        sorts=tuple(SORTS),
        sort="-updated",
    )
    actions: ClassVar[Mapping[str, BulkAction]] = {
        "pause": BulkAction(
            "Pause",
            "circle_pause",
            "campaigns:pause",
            _each(delivery.pause),
            "paused",
            possible="can_pause",
            why_not="Only running campaigns can be paused",
        ),
        "resume": BulkAction(
            "Resume", "play", "campaigns:pause", _each(delivery.resume), "running again", in_bar=False
        ),
        "duplicate": BulkAction(
            "Duplicate", "copy", "campaigns:duplicate", _each(service.duplicate), "duplicated as a draft"
        ),
        "export": BulkAction("Export", "download", "analytics:export", _export),
        "delete": BulkAction(
            "Delete",
            "trash_2",
            "campaigns:delete",
            _each(service.delete),
            "deleted",
            possible="can_delete",
            why_not="Pause and cancel running campaigns before you delete them",
            asks=True,
        ),
    }
    names_up_to: ClassVar[int] = 1_000
    rows: list[Row] = []
    views: list[View] = [View(label, key) for key, label in VIEW_LABELS.items()]
    nothing_at_all: bool = False
    has_account: bool = False
    account_words: str = ""
    has_contacts: bool = False
    contact_words: str = ""

    async def _fetch(self, session: AsyncSession, actor: Actor, query: ListQuery) -> Page[CampaignRow]:
        counts = await service.counts_by_view(session, actor)
        self.views = [View(label, key, text.number(counts[key])) for key, label in VIEW_LABELS.items()]
        self.nothing_at_all = not counts["all"]
        if self.nothing_at_all:
            await self._look_around(session, actor)
        return await service.list_campaigns(session, actor, _asked(query))

    def _line(self, row: CampaignRow) -> Row:
        return row_of(row, clock.now(), self._zone)

    async def _look_around(self, session: AsyncSession, actor: Actor) -> None:
        connected = await accounts.list_accounts(session, actor) if actor.can("accounts:read") else []
        people = await audiences.count(session, {"everyone": True})
        self.has_account, self.has_contacts = bool(connected), people.total > 0
        self.account_words = connected[0].address if connected else "An admin connects a sending account"
        self.contact_words = text.plural(people.total, "contact") if people.total else "Import a CSV file or add them"

    async def _shown(self) -> None:
        await super()._shown()
        await live.unwatch(self)
        for row in [row for row in self.rows if row.live]:
            await live.watch_more(self, f"campaign:{row.id}")

    async def _on_progress(self, topic: str, payload: dict[str, Any]) -> None:
        campaign_id = int(topic.partition(":")[2])
        self.rows = [_moved(row, payload) if row.id == campaign_id else row for row in self.rows]
        self._remember(self.rows)


def _asked(query: ListQuery) -> CampaignQuery:
    status = query.filter("status")
    return CampaignQuery(
        view=query.view,
        search=query.search,
        status=CampaignStatus(status) if status else None,
        sort=query.key,
        descending=query.descending,
        cursor=query.cursor,
        limit=query.limit,
    )


def _moved(row: Row, payload: dict[str, Any]) -> Row:
    """The row after an update of its campaign."""
    counters = payload.get("counters") or {}
    counts: dict[str, Any] = {**bar_counts(counters)}
    total = int(counters.get("total", row.total))
    status, sent = str(payload.get("status", row.status)), messages_sent(counters)
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
