"""Dates in a person's time zone: the only place that decides what "today", "yesterday" and "tomorrow" mean. Pure."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LIMIT_ZONE = "UTC"
"""An account's limit per day counts days of this zone, wherever people are: the limiter in Redis does."""


def day_of(at: datetime, zone: str) -> date:
    """The local date at that instant."""
    return at.astimezone(ZoneInfo(zone)).date()


def start_of(day: date, zone: str) -> datetime:
    """The instant at which a day begins in that zone."""
    return datetime.combine(day, time(), ZoneInfo(zone))


def limit_day(at: datetime) -> datetime:
    """The beginning of the day that an account's daily limit counts at that instant."""
    return start_of(day_of(at, LIMIT_ZONE), LIMIT_ZONE)


def limit_ends(at: datetime) -> datetime:
    """When an account's daily limit starts again."""
    return limit_day(at) + timedelta(days=1)


def ago(then: datetime, now: datetime, zone: str) -> int:
    """Number of midnights between in that zone: 0 today, 1 yesterday, -1 tomorrow."""
    return (day_of(now, zone) - day_of(then, zone)).days


def same_year(then: datetime, now: datetime, zone: str) -> bool:
    """Whether both instants are in the same year in that zone."""
    return day_of(then, zone).year == day_of(now, zone).year
