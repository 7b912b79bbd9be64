"""What the campaign page shows above its tabs, and the buttons that control the campaign."""

from datetime import datetime
from typing import Any, ClassVar

import reflex as rx
from reflex_base.event import Event

from campaign_app.campaigns import service as campaigns
from campaign_app.campaigns.lifecycle import possible_actions
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.delivery import service
from campaign_app.delivery.reporting import recipient_queries
from campaign_app.kit import text
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.ui import browser, live, routes
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.campaign_detail import figures, labels
from campaign_app.ui.components.timeline import TimelineEvent
from campaign_app.ui.ids import to_id
from campaign_app.ui.kit.detail_state import Tab, Tabs
from campaign_app.ui.kit.dialogs_state import Question, Questions
from campaign_app.workspace import service as workspace


def _recipients() -> Any:
    from campaign_app.ui.campaign_detail.recipients_state import Recipients

    return Recipients.load


def _results() -> Any:
    from campaign_app.ui.campaign_detail.results_state import CampaignResults

    return CampaignResults.load


def _content() -> Any:
    from campaign_app.ui.campaign_detail.content_state import CampaignContent

    return CampaignContent.load


class CampaignPage(Tabs, AppState):
    """One campaign, live."""

    tabs_may: ClassVar[str] = "campaigns:read"
    tabs: ClassVar[tuple[Tab, ...]] = (
        Tab("recipients", "Recipients", _recipients),
        Tab("results", "Results", _results),
        Tab("content", "Content", _content),
        Tab("activity", "Activity"),
    )

    loading: bool = True
    working: bool = False
    name: str = ""
    status: str = "draft"
    reason: str = ""
    sender: str = ""
    subject: str = ""
    percent: str = ""
    done_text: str = ""
    rate: str = ""
    left: str = ""
    finishes: str = ""
    third_label: str = "Time left"
    shares: figures.Shares = figures.Shares()
    activity: list[TimelineEvent] = []
    can_edit: bool = False
    can_pause: bool = False
    can_resume: bool = False
    can_cancel: bool = False
    can_delete: bool = False
    _zone: str = "UTC"

    @rx.event
    async def load(self) -> Any:
        """Open the page: first the stored state, then live progress."""
        await self.require("campaigns:read")
        async with self.busy():
            await self._read()
        if self.status == CampaignStatus.DRAFT:
            return browser.redirect(routes.campaign_edit(self.campaign_id), replace=True)
        await live.watch(self, f"campaign:{self.campaign_id}")
        return self._open_tab()

    async def _read(self) -> None:
        actor = await self.require("campaigns:read")
        number = to_id(self.campaign_id, "campaign")
        async with db.reading() as session:
            self._zone = await workspace.zone_of(session, actor)
            campaign = await campaigns.get(session, actor, number)
            counters = await recipient_queries.counters(session, number)
            self.sender = await labels.sender_of(session, campaign)
            rows = await campaigns.activity(session, actor, number)
        self.activity = [labels.activity_row(row, self._zone) for row in rows]
        self._show_campaign(campaign)
        self._show_counters(counters.model_dump(), 0)

    def _show_campaign(self, campaign: Campaign) -> None:
        may = possible_actions(campaign.status)
        self.name, self.subject = campaign.name, campaign.subject
        self.status, self.reason = campaign.status.value, campaign.status_reason
        self.can_edit, self.can_delete = may.can_edit, may.can_delete
        self.can_pause, self.can_resume, self.can_cancel = may.can_pause, may.can_resume, may.can_cancel
        self.rate, self.finishes = text.NONE, text.NONE
        self.third_label, self.left = labels.time_left(campaign, now(), self._zone)
        if campaign.finished_at:
            self.finishes = figures.clock(campaign.finished_at, now(), self._zone)

    def _show_counters(self, counters: dict[str, int], in_flight: int) -> None:
        self.shares = figures.shares(counters, in_flight)
        self.percent = figures.percent(self.shares)
        self.done_text = f"{text.number(self.shares.settled)} of {text.number(self.shares.total)}"

    async def _on_progress(self, _topic: str, payload: dict[str, Any]) -> None:
        if payload.get("status", self.status) != self.status:
            await self._read()
        await self._refresh_charts()
        self._show_counters(payload["counters"], payload.get("in_flight", 0))
        if self.status == CampaignStatus.RUNNING:
            self.rate = figures.rate(payload.get("rate_per_minute") or 0)
            seconds = payload.get("seconds_left")
            self.third_label, self.left = "Time left", text.NONE if seconds is None else text.duration(seconds)
            ends = payload.get("finishes_at")
            self.finishes = (
                f"about {figures.clock(datetime.fromisoformat(ends), now(), self._zone)}" if ends else text.NONE
            )
        from campaign_app.ui.campaign_detail.recipients_state import Recipients

        recipients = await self.get_state(Recipients)
        if self.status == CampaignStatus.RUNNING:
            await recipients._show_latest(payload.get("last", []))
        else:
            await recipients._settle()

    async def _refresh_charts(self) -> None:
        from campaign_app.ui.campaign_detail.results_state import CampaignResults
        from campaign_app.ui.campaign_detail.side_state import CampaignSide

        side = await self.get_state(CampaignSide)
        if await side._refresh() and self.tab == "results":
            await (await self.get_state(CampaignResults))._read()

    @rx.event
    async def steer(self, act: str) -> Any:
        """Pause, resume or cancel; `act` is one of these words."""
        actor = await self.require("campaigns:pause")
        if act not in labels.CONTROLS:
            return
        self.working = True
        yield
        try:
            yield await self._steer(actor, act)
        finally:
            self.working = False

    async def _steer(self, actor: Actor, act: str) -> Event:
        try:
            async with db.transaction() as session:
                await labels.CONTROLS[act](session, actor, to_id(self.campaign_id, "campaign"))
        finally:
            await self._read()
        return notify_success(f"{self.name} {labels.DONE[act]}")

    @rx.event
    async def decide_uncertain(self, decision: labels.Decision) -> Any:
        """Settle the uncertain deliveries: sent, failed or requeue."""
        return await self._decide(await self.require("campaigns:start"), decision)

    async def _decide(self, actor: Actor, decision: labels.Decision) -> Event:
        async with db.transaction() as session:
            count = await service.resolve_uncertain(session, actor, to_id(self.campaign_id, "campaign"), decision)
        await self._read()
        return notify_success(f"{text.plural(count or 0, 'message')} {labels.DECIDED[decision]}")

    @rx.event
    async def duplicate(self) -> Any:
        """Create a draft with the same message and audience. Its recipients are selected again at its launch."""
        actor = await self.require("campaigns:duplicate")
        async with db.transaction() as session:
            copy = await campaigns.duplicate(session, actor, to_id(self.campaign_id, "campaign"))
        return browser.redirect(routes.campaign_edit(copy.id))


class CampaignQuestions(Questions, AppState):
    """Questions about the campaign of the page."""

    async def _cancel(self, actor: Actor) -> Any:
        return await (await self.get_state(CampaignPage))._steer(actor, "cancel")

    async def _requeue(self, actor: Actor) -> Any:
        return await (await self.get_state(CampaignPage))._decide(actor, "requeue")

    async def _delete(self, actor: Actor) -> Any:
        """Remove the campaign from the lists. The ledger keeps its rows."""
        async with db.transaction() as session:
            await campaigns.delete(session, actor, to_id(self.campaign_id, "campaign"))
        name = (await self.get_state(CampaignPage)).name
        return [notify_success(f"{name} deleted"), browser.redirect(routes.CAMPAIGNS)]

    questions: ClassVar = {
        "cancel": Question("campaigns:pause", _cancel),
        "requeue": Question("campaigns:start", _requeue),
        "delete": Question("campaigns:delete", _delete),
    }
