"""Which day it is for somebody: the one place that decides what "today", "yesterday" and "tomorrow" mean. Pure."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LIMIT_ZONE = "UTC"
"""An account's limit per day counts days of this zone, wherever people are: the limiter in Redis does."""


def day_of(at: datetime, zone: str) -> date:
    """The date on the wall there at that instant."""
    return at.astimezone(ZoneInfo(zone)).date()


def start_of(day: date, zone: str) -> datetime:
    """The instant at which a day begins there."""
    return datetime.combine(day, time(), ZoneInfo(zone))


def limit_day(at: datetime) -> datetime:
    """When the day began that an account's limit counts at that instant."""
    return start_of(day_of(at, LIMIT_ZONE), LIMIT_ZONE)


def limit_ends(at: datetime) -> datetime:
    """When an account's limit begins anew."""
    return limit_day(at) + timedelta(days=1)


def ago(then: datetime, now: datetime, zone: str) -> int:
    """How many midnights lie between there: 0 today, 1 yesterday, -1 tomorrow."""
    return (day_of(now, zone) - day_of(then, zone)).days


def same_year(then: datetime, now: datetime, zone: str) -> bool:
    """Whether a date needs no year there."""
    return day_of(then, zone).year == day_of(now, zone).year
