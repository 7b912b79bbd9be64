"""When a campaign will finish, as text and as bars by hour. Pure."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from campaign_app.campaigns import schedule
from campaign_app.kit import days, text
from campaign_app.ui import theme

_HOUR: Final = timedelta(hours=1)
_MOST_HOURS: Final = 36
_MOST_TICKS: Final = 8
LIMIT_WORDS: Final[Mapping[str, str]] = {
    "speed": "nothing slows it down",
    "campaign rate": "the campaign's rate decides",
    "account rate": "the account's rate decides",
    "account's day": "the account's daily limit decides",
    "batch delay": "the pause between batches decides",
    "sending windows": "the sending windows decide",
}


def moment(at: datetime, now: datetime, zone: str) -> str:
    """today, 11:18 · tomorrow, 09:00 · Fri 27 Nov, 07:00."""
    local = at.astimezone(ZoneInfo(zone))
    day = {0: "today", -1: "tomorrow"}.get(days.ago(at, now, zone)) or f"{local:%a} {local.day} {local:%b}"
    year = "" if days.same_year(at, now, zone) else f" {local.year}"
    return f"{day}{year}, {local:%H:%M}"


def finish_words(finishes_at: datetime | None, now: datetime, zone: str) -> str:
    """Finishes today, about 11:18."""
    if finishes_at is None:
        return "Does not finish within 400 days"
    if finishes_at - now < timedelta(minutes=1):
        return "Finishes within a minute"
    return f"Finishes {moment(finishes_at, now, zone).replace(', ', ', about ')}"


def rate_words(count: int, started: datetime, finished: datetime | None, limited_by: str) -> str:
    """4,218 messages, about 31 per minute: the campaign's rate decides."""
    messages = text.plural(count, "message")
    why = LIMIT_WORDS.get(limited_by, "")
    minutes = (finished - started).total_seconds() / 60 if finished else 0
    rate = f", about {text.number(round(count / minutes))} per minute" if minutes >= 1 and count / minutes >= 1 else ""
    return f"{messages}{rate}{f': {why}' if why else ''}"


def chart(
    hours: Sequence[tuple[datetime, int]], windows: Mapping[str, Any], zone: str, *, dark: bool, height: int = 148
) -> dict[str, Any]:
    """Bars with the number above and closed hours as bands. Bars are days when it takes longer than 36 hours."""
    if not hours:
        return {}
    tz = ZoneInfo(zone)
    first, last = hours[0][0], hours[-1][0]
    by_day = (last - first) / _HOUR > _MOST_HOURS
    colors = theme.palette(dark)
    sums: dict[datetime, int] = {}
    for hour, count in hours:
        local = hour.astimezone(tz).replace(tzinfo=None)
        slot = local.replace(hour=0, minute=0) if by_day else local
        sums[slot] = sums.get(slot, 0) + count
    width = timedelta(days=1) if by_day else _HOUR
    middles = [slot + width / 2 for slot in sums]
    labels = [text.number(count) for count in sums.values()] if len(sums) <= 8 else None
    bars = go.Bar(
        x=middles,
        y=list(sums.values()),
        text=labels,
        textposition="outside",
        cliponaxis=False,
        marker={"color": colors.series[0]},
        width=width.total_seconds() * 1000 * 0.7,
        hovertemplate="%{y:,} messages<extra></extra>",
    )
    span = (min(sums) - width, max(sums) + 2 * width)
    shapes = [] if by_day else _bands(windows, span, tz, colors.band)
    axis: dict[str, Any] = {"range": list(span), "tickformat": "%-d %b" if by_day else "%H:%M"}
    if (span[1] - span[0]) / width <= _MOST_TICKS:
        axis["dtick"] = width.total_seconds() * 1000
    layout = theme.chart_layout(
        dark, height, xaxis=axis, yaxis={"visible": False}, margin={"l": 8, "t": 20}, shapes=shapes
    )
    figure: dict[str, Any] = json.loads(go.Figure(bars, layout).to_json())
    return figure


def _bands(
    windows: Mapping[str, Any], span: tuple[datetime, datetime], tz: ZoneInfo, color: str
) -> list[dict[str, Any]]:
    start, end = (edge.replace(tzinfo=tz) for edge in span)
    bands, closed_from = [], start
    for opens, closes in schedule.open_spans(windows, start, end):
        if opens > closed_from:
            bands.append((closed_from, opens))
        closed_from = closes
    if closed_from < end:
        bands.append((closed_from, end))
    return [
        {
            "type": "rect",
            "x0": f"{opens.astimezone(tz).replace(tzinfo=None):%Y-%m-%d %H:%M}",
            "x1": f"{closes.astimezone(tz).replace(tzinfo=None):%Y-%m-%d %H:%M}",
            "y0": 0,
            "y1": 1,
            "yref": "paper",
            "fillcolor": color,
            "line": {"width": 0},
            "layer": "below",
        }
        for opens, closes in bands
    ]
