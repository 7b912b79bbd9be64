"""Rows as figures. Pure: the caller, who knows the theme, passes colours and layout."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from campaign_app.analytics.schemas import DayPoint, TimePoint

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HEAT_STOPS = (0.0, 0.15, 0.35, 0.6, 0.8, 1.0)


def per_day(points: Sequence[DayPoint], metric: str, *, color: str, layout: Mapping[str, Any]) -> go.Figure:
    """Bars: one count per day."""
    days, values = [point.day for point in points], [getattr(point, metric) for point in points]
    return go.Figure(go.Bar(x=days, y=values, marker={"color": color}, hovertemplate="%{y:,}<extra></extra>"), layout)


def per_day_compared(
    points: Sequence[DayPoint],
    before: Sequence[DayPoint],
    metric: str,
    *,
    color: str,
    fill: str,
    before_color: str,
    layout: Mapping[str, Any],
) -> go.Figure:
    """A line for the days of this period, and a dotted line for the period before."""
    days = [point.day for point in points]
    now_line = go.Scatter(
        x=days,
        y=[getattr(point, metric) for point in points],
        mode="lines",
        line={"color": color, "width": 2},
        fill="tozeroy",
        fillcolor=fill,
        name="This period",
        hovertemplate="%{y:,}<extra>This period</extra>",
    )
    before_line = go.Scatter(
        x=days,
        y=[getattr(point, metric) for point in before][: len(days)],
        mode="lines",
        line={"color": before_color, "width": 1.5, "dash": "dot"},
        name="Before",
        hovertemplate="%{y:,}<extra>Before</extra>",
    )
    return go.Figure([before_line, now_line] if before else [now_line], layout)


def over_time(
    points: Sequence[TimePoint], metric: str, *, zone: str, color: str, layout: Mapping[str, Any]
) -> go.Figure:
    """Bars: one count per slot."""
    times = _local(points, zone)
    values = [getattr(point, metric) for point in points]
    return go.Figure(go.Bar(x=times, y=values, marker={"color": color}, hovertemplate="%{y:,}<extra></extra>"), layout)


def running_total(
    points: Sequence[TimePoint], metric: str, *, zone: str, color: str, fill: str, layout: Mapping[str, Any]
) -> go.Figure:
    """A line: the total up to each point."""
    sums, total = [], 0
    for point in points:
        total += getattr(point, metric)
        sums.append(total)
    line = go.Scatter(
        x=_local(points, zone),
        y=sums,
        mode="lines",
        line={"color": color, "width": 2},
        fill="tozeroy",
        fillcolor=fill,
        hovertemplate="%{y:,}<extra></extra>",
    )
    return go.Figure(line, layout)


def _local(points: Sequence[TimePoint], zone: str) -> list[Any]:
    place = ZoneInfo(zone)
    return [point.at.astimezone(place).replace(tzinfo=None) for point in points]


def time_axis(points: Sequence[TimePoint]) -> dict[str, str]:
    """Format of the times along the axis: the hour within a day, else the day."""
    long = bool(points) and (points[-1].at - points[0].at).total_seconds() > 36 * 3_600
    return {"tickformat": "%-d %b" if long else "%H:%M", "hoverformat": "%a %-d %b %H:%M"}


def together(
    points: Sequence[TimePoint],
    metrics: Sequence[tuple[str, str, str]],
    *,
    zone: str,
    layout: Mapping[str, Any],
) -> go.Figure:
    """Several counts over time as lines; `metrics` are (attribute, label, colour), the first as bars."""
    times = _local(points, zone)
    traces: list[Any] = []
    for index, (metric, label, color) in enumerate(metrics):
        values = [getattr(point, metric) for point in points]
        hover = f"%{{y:,}}<extra>{label}</extra>"
        if index == 0:
            traces.append(go.Bar(x=times, y=values, marker={"color": color}, name=label, hovertemplate=hover))
        else:
            line = {"color": color, "width": 2}
            traces.append(go.Scatter(x=times, y=values, mode="lines", line=line, name=label, hovertemplate=hover))
    return go.Figure(traces, layout)


def heat_map(
    shares: Sequence[Sequence[float | None]], *, colors: Sequence[str], layout: Mapping[str, Any]
) -> go.Figure:
    """When people open: weekdays down, hours across, `shares` 0–1 or None."""
    hours = [f"{hour:02}:00" for hour in range(24)]
    text = [
        [f"{_DAYS[day]} {hours[hour]}, {100 * (share or 0):.1f}% of opens" for hour, share in enumerate(row)]
        for day, row in enumerate(shares)
    ]
    return go.Figure(
        go.Heatmap(
            z=[[share if share is not None else 0.0 for share in row] for row in shares],
            x=hours,
            y=list(_DAYS),
            xgap=3,
            ygap=3,
            colorscale=[[stop, color] for stop, color in zip(_HEAT_STOPS, colors, strict=True)],
            showscale=False,
            text=text,
            hovertemplate="%{text}<extra></extra>",
        ),
        layout,
    )
