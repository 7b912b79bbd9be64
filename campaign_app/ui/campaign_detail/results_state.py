"""Results of a campaign: funnel, time, reasons, links, domains."""

from dataclasses import dataclass
from typing import Any, Final

import reflex as rx

from campaign_app.analytics import charts
from campaign_app.analytics import service as analytics
from campaign_app.analytics.schemas import Results
from campaign_app.core import db
from campaign_app.kit import text
from campaign_app.ui import components as c
from campaign_app.ui import theme
from campaign_app.ui.app_state import AppState
from campaign_app.ui.figures import as_dict
from campaign_app.ui.ids import to_id
from campaign_app.workspace import service as workspace

HEIGHT: Final = 206


@dataclass
class ReasonLine:
    """One reason and the number of deliveries that it stopped."""

    status: str
    label: str
    count: str


@dataclass
class LinkLine:
    """One link of the message."""

    url: str
    people: str
    clicks: str
    rate: str


@dataclass
class DomainLine:
    """One mailbox domain."""

    domain: str
    sent: str
    opened: str
    clicked: str
    failed: str


class CampaignResults(AppState):
    loading: bool = True
    funnel: list[c.Bar] = []
    time_figure: dict[str, Any] = {}
    has_times: bool = False
    machine_text: str = ""
    people_share: float = 100.0
    reasons: list[ReasonLine] = []
    links: list[LinkLine] = []
    domains: list[DomainLine] = []
    tracks_opens: bool = True
    has_links: bool = True
    has_domains: bool = True

    @rx.event
    async def load(self) -> None:
        await self.require("campaigns:read")
        async with self.busy():
            await self._read()

    async def _read(self) -> None:
        actor = await self.require("campaigns:read")
        async with db.reading() as session:
            zone = await workspace.zone_of(session, actor)
            found = await analytics.campaign_results(session, actor, to_id(self.campaign_id, "campaign"))
        self._show(found, zone)

    def _show(self, found: Results, zone: str) -> None:
        self.funnel = [
            c.Bar(step.label, round(100 * step.share, 2), text.number(step.count), text.percent(step.share, 1))
            for step in found.funnel
        ]
        colors = theme.palette(self.dark)
        metrics = [
            ("sent", "Sent", colors.series[3]),
            ("opens", "Opens", colors.series[0]),
            ("clicks", "Clicks", colors.series[1]),
        ]
        layout = theme.chart_layout(self.dark, HEIGHT, xaxis=charts.time_axis(found.times))
        self.time_figure = as_dict(charts.together(found.times, metrics, zone=zone, layout=layout))
        self.has_times = bool(found.times)
        self.tracks_opens, self.has_links = found.can.tracks_opens, found.can.has_links
        self.has_domains = found.has_domains
        self._show_machines(found)
        self.reasons = [ReasonLine(row.status, row.label, text.number(row.count)) for row in found.reasons]
        self.links = [
            LinkLine(row.url, text.number(row.people), text.number(row.clicks), text.percent(row.people, found.sent))
            for row in found.links
        ]
        self.domains = [
            DomainLine(
                row.domain,
                text.number(row.sent),
                text.percent(row.opened, row.sent),
                text.percent(row.clicked, row.sent),
                text.number(row.failed + row.bounced),
            )
            for row in found.domains
        ]

    def _show_machines(self, found: Results) -> None:
        opens = sum(point.opens for point in found.times)
        everything = opens + found.machine_opens
        self.people_share = 100 * opens / everything if everything else 0
        self.machine_text = (
            f"{text.percent(opens, everything)} of {text.number(everything)} opens came from people. "
            f"{text.number(found.machine_opens)} opens and {text.number(found.machine_clicks)} clicks of mail scanners "
            "and privacy proxies are left out of every rate."
        )
