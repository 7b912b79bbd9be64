"""Groups hours and minutes into slots and days. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from campaign_app.analytics.schemas import DayPoint, TimePoint, Totals
from campaign_app.kit.days import day_of
from campaign_app.models.campaign import CampaignMinute

Hour = tuple[datetime, Mapping[str, int]]
MAX_POINTS: Final = 240
_SLOTS: Final = (1, 5, 15, 60, 180, 720, 1_440)
_METRICS: Final = ("sent", "failed", "opens", "clicks", "opened", "clicked", "unsubscribed")


def slot_minutes(first: datetime, last: datetime) -> int:
    """The narrowest slot that shows the span in at most MAX_POINTS points."""
    span = (last - first).total_seconds() / 60 + 1
    return next((width for width in _SLOTS if span / width <= MAX_POINTS), _SLOTS[-1])


def times(rows: Sequence[CampaignMinute]) -> tuple[list[TimePoint], int]:
    """Points without gaps from the first to the last minute, and the width of a slot in minutes."""
    if not rows:
        return [], 1
    width = slot_minutes(rows[0].minute, rows[-1].minute)
    step = timedelta(minutes=width)
    start = _floor(rows[0].minute, width)
    sums: dict[datetime, dict[str, int]] = defaultdict(lambda: dict.fromkeys(_METRICS, 0))
    for row in rows:
        slot = sums[_floor(row.minute, width)]
        for name in _METRICS:
            slot[name] += getattr(row, name)
    count = int((_floor(rows[-1].minute, width) - start) / step) + 1
    slots = (start + step * number for number in range(min(count, 4 * MAX_POINTS)))
    return [TimePoint(at, **sums[at]) for at in slots], width


def _floor(at: datetime, width: int) -> datetime:
    minute = int(at.timestamp() // 60)
    return datetime.fromtimestamp((minute - minute % width) * 60, at.tzinfo)


def days(hours: Iterable[Hour], first: date, count: int, zone: str) -> list[DayPoint]:
    """One point per day from `first`, in the zone; days without events are zero."""
    sums: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for at, values in hours:
        local = day_of(at, zone)
        for name, value in values.items():
            sums[local][name] += value
    return [
        DayPoint(
            day,
            **{name: sums[day][name] for name in ("sent", "failed", "opened", "clicked", "unsubscribed")},
        )
        for day in (first + timedelta(days=number) for number in range(count))
    ]


def totals(points: Iterable[DayPoint]) -> Totals:
    """The sums over the days."""
    found = list(points)
    return Totals(
        **{
            name: sum(getattr(point, name) for point in found)
            for name in ("sent", "failed", "opened", "clicked", "unsubscribed")
        }
    )


def heat(hours: Iterable[Hour], zone: str) -> list[list[float | None]]:
    """Monday to Sunday by hour: the share of people's first opens in that hour. All None if there are none."""
    place = ZoneInfo(zone)
    counts = [[0] * 24 for _ in range(7)]
    for at, values in hours:
        local = at.astimezone(place)
        counts[local.weekday()][local.hour] += values.get("opened", 0)
    total = sum(map(sum, counts))
    return [[count / total if total else None for count in row] for row in counts]
