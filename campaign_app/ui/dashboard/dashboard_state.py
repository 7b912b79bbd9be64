"""What the dashboard shows; running campaigns are updated live."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import reflex as rx

from campaign_app.analytics import charts, first_steps
from campaign_app.analytics import service as analytics
from campaign_app.analytics.schemas import AccountUse, Attention, CampaignLine
from campaign_app.core import db
from campaign_app.core.clock import now
from campaign_app.kit import text
from campaign_app.kit.days import day_of
from campaign_app.ui import browser, live, routes, theme
from campaign_app.ui.accounts.labels import used_share, used_words
from campaign_app.ui.analytics.metrics import METRICS, Cell, cells
from campaign_app.ui.app_state import AppState
from campaign_app.ui.campaign_detail import figures
from campaign_app.ui.figures import as_dict
from campaign_app.workspace import service as workspace

HEIGHT: Final = 128
_STEP_HREFS: Final = {
    "address": routes.SETTINGS,
    "sender": routes.SETTINGS,
    "account": routes.ACCOUNTS,
    "contacts": routes.IMPORTS,
    "campaign": routes.CAMPAIGN_NEW,
}


@dataclass
class Running:
    """A campaign that is sending, waiting or paused."""

    id: int
    name: str
    status: str
    shares: figures.Shares
    done: str
    note: str
    href: str


@dataclass
class Finished:
    """A recently finished campaign."""

    id: int
    name: str
    status: str
    sent: str
    opened: str
    clicked: str
    unsubscribed: str
    href: str


@dataclass
class Note:
    """A problem that needs a person."""

    severity: str
    title: str
    detail: str
    act: str
    href: str


@dataclass
class StepLine:
    """A set-up step before the first own campaign."""

    title: str
    detail: str
    done: bool
    href: str


@dataclass
class Account:
    """A sending account today."""

    address: str
    health: str
    words: str
    used: str
    share: float


class DashboardPage(AppState):
    """The first page."""

    loading: bool = True
    today: str = ""
    running: list[Running] = []
    finished: list[Finished] = []
    notes: list[Note] = []
    accounts: list[Account] = []
    cells: list[Cell] = []
    metric: str = "sent"
    figure: dict[str, Any] = {}
    nothing_yet: bool = False
    steps: list[StepLine] = []
    steps_left: str = ""
    _days: list[Any] = []
    _zone: str = "UTC"

    @rx.event
    async def load(self) -> Any:
        """Open the page and watch running campaigns. A workspace that nobody has set up shows the set-up step first."""
        actor = await self.require("campaigns:read")
        if actor.can("workspace:write"):
            async with db.reading() as session:
                if not (await workspace.get(session)).introduced:
                    return browser.redirect(routes.WORKSPACE_SETUP)
        async with self.busy():
            await self._read()
        for row in self.running:
            if row.status == "running":
                await live.watch_more(self, f"campaign:{row.id}")
        return None

    async def _read(self) -> None:
        actor = await self.require("campaigns:read")
        async with db.reading() as session:
            self._zone = await workspace.zone_of(session, actor)
            found = await analytics.dashboard(session, actor)
            nothing_yet = not (found.active or found.finished or found.overview.totals.sent)
            steps = await first_steps.look(session, actor) if nothing_yet else []
        today = day_of(now(), self._zone)
        self.today = f"{today:%A} {today.day} {today:%B}"
        self.running = [running_row(row, self._zone) for row in found.active]
        self.finished = [_finished(row) for row in found.finished]
        self.notes = [_note(row) for row in found.attention]
        self.accounts = [_account(row, self._zone) for row in found.accounts]
        self.cells = cells(found.overview)
        self._days = list(found.overview.days)
        self.nothing_yet = nothing_yet
        self.steps = [StepLine(step.title, step.detail, step.done, _STEP_HREFS[step.key]) for step in steps]
        self.steps_left = _left(steps)
        self._draw()

    def _draw(self) -> None:
        layout = theme.chart_layout(self.dark, HEIGHT, xaxis={"tickformat": "%-d %b", "hoverformat": "%a %-d %b"})
        color = theme.palette(self.dark).series[0]
        self.figure = as_dict(charts.per_day(self._days, self.metric, color=color, layout=layout))

    @rx.event
    async def choose(self, metric: str) -> None:
        """Show another figure in the chart."""
        await self.require("campaigns:read")
        self.metric = metric if metric in METRICS else "sent"
        self._draw()

    async def _on_progress(self, topic: str, payload: dict[str, Any]) -> None:
        number = int(topic.partition(":")[2])
        if payload.get("status") != "running":
            await self._read()
            return
        shares = figures.shares(payload["counters"], payload.get("in_flight", 0))
        seconds = payload.get("seconds_left")
        left = f" · {text.duration(seconds)} left" if seconds is not None else ""
        note = f"{figures.rate(payload.get('rate_per_minute') or 0)}{left}"
        self.running = [
            replace(row, shares=shares, done=_done(shares), note=note) if row.id == number else row
            for row in self.running
        ]


def _done(shares: figures.Shares) -> str:
    return f"{text.number(shares.settled)} of {text.number(shares.total)}"


def running_row(row: CampaignLine, zone: str) -> Running:
    """A row of "Sending now"."""
    shares = figures.shares(row.counts)
    note = row.status_reason
    if row.status == "paused" and row.paused_at and not note:
        by = figures.by(row.pauser, row.paused_by)
        note = f"Paused {figures.clock(row.paused_at, now(), zone)}{by}"
    if row.status == "scheduled" and row.send_at:
        note = f"Starts {figures.clock(row.send_at, now(), zone)}"
    return Running(row.id, row.name, row.status, shares, _done(shares), note, routes.campaign(row.id))


def _finished(row: CampaignLine) -> Finished:
    return Finished(
        row.id,
        row.name,
        row.status,
        text.number(row.sent),
        text.percent(row.opened, row.sent),
        text.percent(row.clicked, row.sent),
        text.percent(row.unsubscribed, row.sent),
        routes.campaign(row.id),
    )


def _note(row: Attention) -> Note:
    places = {"campaign": routes.campaign(row.id), "account": routes.account(row.id), "workspace": routes.SETTINGS}
    href = places[row.kind]
    return Note(row.severity, row.title, row.detail, row.act, href)


def _account(row: AccountUse, zone: str) -> Account:
    return Account(row.address, row.health, row.words, used_words(row, now(), zone, " today"), used_share(row))


def _left(steps: Sequence[first_steps.Step]) -> str:
    """Two of five steps are done, and you watch every message leave."""
    done = sum(step.done for step in steps)
    return f"{done} of {len(steps)} steps {'is' if done == 1 else 'are'} done. Nothing is sent before you confirm."
