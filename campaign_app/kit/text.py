"""How numbers, durations and dates read in the interface (English; section 8 of the design language)."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from campaign_app.kit import days

NONE: Final = "–"
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def storable(text: str) -> str:
    """The text without NUL and lone surrogates, which databases and files refuse."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def number(value: int) -> str:
    """4,218 · 12,480 · from one million 1.2 M."""
    return f"{value / 1_000_000:.1f} M" if abs(value) >= 1_000_000 else f"{value:,}"


def percent(part: float, whole: float) -> str:
    """One decimal, or an en dash when there is nothing to divide by."""
    return f"{100 * part / whole:.1f}%" if whole else "–"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 recipient`, `4,218 recipients`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """12 s · 52 min · 2 h 17 min · 3 days."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{round(whole / _MINUTE)} min"
    if whole < 2 * _DAY:
        hours, rest = divmod(round(whole / _MINUTE), 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{round(whole / _DAY)} days"


def ago(then: datetime | None, now: datetime, zone: str) -> str:
    """Now · 44 min ago · 2 h ago · Yesterday · 15 Nov · 30 Oct 2025. Empty: an en dash."""
    if then is None:
        return "–"
    passed = (now - then).total_seconds()
    if abs(passed) < _MINUTE:
        return "Now"
    if 0 < passed < _HOUR:
        return f"{int(passed // _MINUTE)} min ago"
    before = days.ago(then, now, zone)
    if passed > 0 and before == 0:
        return f"{int(passed // _HOUR)} h ago"
    if before == 1:
        return "Yesterday"
    return day(then, now, zone)


def day(then: datetime, now: datetime, zone: str) -> str:
    """15 Nov, with the year when it is another one."""
    local = days.day_of(then, zone)
    text = f"{local.day} {local:%b}"
    return text if days.same_year(then, now, zone) else f"{text} {local.year}"


def exact(then: datetime, zone: str) -> str:
    """The exact instant with its zone, for tooltips: 17 Nov 2026, 09:02:11 CET."""
    local = then.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %Y, %H:%M:%S %Z}"
