"""Figures of all campaigns for a period."""

from dataclasses import dataclass
from typing import Any, Final

import reflex as rx

from campaign_app.analytics import charts
from campaign_app.analytics import service as analytics
from campaign_app.analytics.schemas import CampaignLine, Overview
from campaign_app.core import db
from campaign_app.kit import text
from campaign_app.ui import browser, routes, theme
from campaign_app.ui import components as c
from campaign_app.ui.analytics.metrics import METRICS, Cell, cells
from campaign_app.ui.app_state import AppState
from campaign_app.ui.figures import as_dict

HEIGHT: Final = 206
HEAT_HEIGHT: Final = 214
PERIODS: Final = ("7", "30", "90")
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass
class ComparedCampaign:
    """A line of "Compare campaigns"."""

    name: str
    href: str
    sent: str
    opened: str
    against: str
    better: bool
    clicked: str
    unsubscribed: str


class AnalyticsPage(AppState):
    loading: bool = True
    period: str = "30"
    metric: str = "opened"
    cells: list[Cell] = []
    figure: dict[str, Any] = {}
    heat: dict[str, Any] = {}
    has_heat: bool = False
    best_hour: str = ""
    title: str = ""
    funnel: list[c.Bar] = []
    campaigns: list[ComparedCampaign] = []
    _days: list[Any] = []
    _before: list[Any] = []

    @rx.event
    async def load(self) -> None:
        """Open the page for the period in its address."""
        await self.require("analytics:read")
        self.period = self.query("days") if self.query("days") in PERIODS else "30"
        async with self.busy():
            await self._read()

    async def _read(self) -> None:
        actor = await self.require("analytics:read")
        days = int(self.period)
        async with db.reading() as session:
            found = await analytics.overview(session, actor, days)
            rows = await analytics.campaigns_table(session, actor, days)
        self.cells = cells(found)
        self._days, self._before = list(found.days), list(found.before)
        sums = found.totals
        steps = [
            ("Sent", sums.sent),
            ("Opened", sums.opened),
            ("Clicked", sums.clicked),
            ("Unsubscribed", sums.unsubscribed),
        ]
        self.funnel = [
            c.Bar(label, 100 * n / sums.sent if sums.sent else 0, text.number(n), text.percent(n, sums.sent))
            for label, n in steps
        ]
        average = sums.opened / sums.sent if sums.sent else 0
        self.campaigns = [_compared(row, average) for row in rows if row.sent]
        self._draw()
        self._draw_heat(found)

    def _draw(self) -> None:
        colors = theme.palette(self.dark)
        self.title = f"{METRICS[self.metric][0]}, by day"
        self.figure = as_dict(
            charts.per_day_compared(
                self._days,
                self._before,
                self.metric,
                color=colors.series[0],
                fill=colors.fill,
                before_color=colors.before,
                layout=theme.chart_layout(
                    self.dark, HEIGHT, xaxis={"tickformat": "%-d %b", "hoverformat": "%a %-d %b"}
                ),
            )
        )

    def _draw_heat(self, found: Overview) -> None:
        known = [
            (share, day, hour)
            for day, row in enumerate(found.heat)
            for hour, share in enumerate(row)
            if share is not None and share > 0
        ]
        self.has_heat = bool(known)
        if not known:
            self.best_hour, self.heat = "", {}
            return
        share, day, hour = max(known)
        self.best_hour = f"Best hour: {_DAYS[day]} {hour:02}:00, {100 * share:.1f}% of opens"
        layout = theme.chart_layout(
            self.dark, HEAT_HEIGHT, yaxis={"autorange": "reversed", "tickformat": "", "nticks": 7}, hovermode="closest"
        )
        self.heat = as_dict(charts.heat_map(found.heat, colors=theme.palette(self.dark).heat, layout=layout))

    @rx.event
    async def choose(self, metric: str) -> None:
        """Show another figure in the chart."""
        await self.require("analytics:read")
        self.metric = metric if metric in METRICS else "opened"
        self._draw()

    @rx.event
    async def choose_period(self, days: str | list[str]) -> Any:
        """7, 30 or 90 days. The address keeps it."""
        await self.require("analytics:read")
        return browser.redirect(routes.with_query(routes.ANALYTICS, days=days if days in PERIODS else "30"))


def _compared(row: CampaignLine, average: float) -> ComparedCampaign:
    points = 100 * (row.opened / row.sent - average)
    return ComparedCampaign(
        row.name,
        routes.campaign(row.id),
        text.number(row.sent),
        text.percent(row.opened, row.sent),
        f"{abs(points):.1f} pts",
        points >= 0,
        text.percent(row.clicked, row.sent),
        text.percent(row.unsubscribed, row.sent),
    )
