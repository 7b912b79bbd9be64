"""The charts beside a campaign's recipients."""

import time
from typing import Any, Final

import reflex as rx

from campaign_app.analytics import charts
from campaign_app.analytics import service as analytics
from campaign_app.core import db
from campaign_app.kit import text
from campaign_app.ui import theme
from campaign_app.ui.app_state import AppState
from campaign_app.ui.figures import as_dict
from campaign_app.ui.ids import to_id
from campaign_app.workspace import service as workspace

HEIGHT: Final = 108
REFRESH_SECONDS: Final = 10.0


class CampaignSide(AppState):
    """Opens and clicks of people, and messages sent per slot of time."""

    opened_figure: dict[str, Any] = {}
    sent_figure: dict[str, Any] = {}
    opened_text: str = ""
    sent_title: str = "Sent per minute"
    ready: bool = False
    _read_at: float = 0.0

    @rx.event
    async def load(self) -> None:
        """Draw both charts from the roll-ups."""
        await self.require("campaigns:read")
        await self._read()

    async def _refresh(self) -> bool:
        """Draw again while the campaign runs, at most every REFRESH_SECONDS. Returns whether it was drawn."""
        if time.monotonic() - self._read_at < REFRESH_SECONDS:
            return False
        await self._read()
        return True

    async def _read(self) -> None:
        actor = await self.require("campaigns:read")
        self._read_at = time.monotonic()
        async with db.reading() as session:
            zone = await workspace.zone_of(session, actor)
            found = await analytics.campaign_results(session, actor, to_id(self.campaign_id, "campaign"))
        colors = theme.palette(self.dark)
        layout = theme.chart_layout(
            self.dark, HEIGHT, xaxis={"nticks": 4, "tickangle": 0, **charts.time_axis(found.times)}, yaxis={"nticks": 3}
        )
        self.opened_figure = as_dict(
            charts.running_total(
                found.times, "opened", zone=zone, color=colors.series[0], fill=colors.fill, layout=layout
            )
        )
        self.sent_figure = as_dict(
            charts.over_time(found.times, "sent", zone=zone, color=colors.series[0], layout=layout)
        )
        self.opened_text = f"{text.number(found.opened)} · {text.percent(found.opened, found.sent)}"
        self.sent_title = "Sent per minute" if found.slot_minutes == 1 else f"Sent per {found.slot_minutes} minutes"
        self.ready = bool(found.times)
