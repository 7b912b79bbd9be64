"""Sending windows as seven rows of a form and in stored form. Pure."""

import re
from dataclasses import dataclass, replace
from typing import Any

from campaign_app.campaigns.schedule import DAY_NAMES

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass
class WindowDay:
    """A weekday (Monday 0) and its window."""

    number: int
    label: str
    on: bool
    opens: str
    closes: str


def days_of(windows: dict[str, Any]) -> list[WindowDay]:
    """Seven rows. Days without a window propose 09:00 to 18:00. Of several windows per day, the outer edges count."""
    stored = windows.get("days") or {}

    def row(number: int) -> WindowDay:
        spans = stored.get(str(number)) or []
        opens, closes = (spans[0][0], spans[-1][1]) if spans else ("09:00", "18:00")
        return WindowDay(number, DAY_NAMES[number], bool(spans), opens, closes)

    return [row(number) for number in range(7)]


def stored_windows(days: list[WindowDay], zone: str) -> dict[str, Any]:
    """The shape of `Campaign.windows`."""
    return {"zone": zone, "days": {str(day.number): [[day.opens, day.closes]] for day in days if day.on}}


def with_time(day: WindowDay, edge: str, value: str) -> WindowDay:
    """`day` with another edge. An invalid time changes nothing."""
    if edge not in {"opens", "closes"} or not _CLOCK.fullmatch(value):
        return day
    changed: dict[str, Any] = {edge: value}
    return replace(day, **changed)
