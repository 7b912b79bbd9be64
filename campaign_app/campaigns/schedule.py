"""Schedule of a campaign: local times, sending windows, estimate of the finishing time. No I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campaign_app.core.errors import Invalid
from campaign_app.kit.days import LIMIT_ZONE

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HORIZON = timedelta(days=400)
FULL_SPEED_PER_MINUTE = 30_000.0  # speed of one worker without limits; only for the estimate
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A time in UTC. `note`: what a clock change did to it, for the person who chose it."""

    at: datetime
    note: str = ""


def zone_of(name: str) -> ZoneInfo:
    """The time zone with this name.

    Raises:
        Invalid: there is no such zone.
    """
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(f"There is no time zone called {name}.", {"time_zone": "Unknown time zone"}) from None


def resolve_local(wall: datetime, zone: str) -> LocalTime:
    """The UTC time of a local time. A time that the clocks skip moves forward; of two the first is taken."""
    tz = zone_of(zone)
    naive = wall.replace(tzinfo=None)
    first = naive.replace(tzinfo=tz, fold=0).astimezone(UTC)
    second = naive.replace(tzinfo=tz, fold=1).astimezone(UTC)
    if first == second:
        return LocalTime(first)
    if first.astimezone(tz).replace(tzinfo=None) != naive:  # a gap: fold=0 uses the offset before it
        shown = first.astimezone(tz)
        return LocalTime(
            first,
            f"{naive:%H:%M} does not exist on {naive:%-d %b %Y} in {zone}: the clocks go forward. "
            f"It starts at {shown:%H:%M} instead.",
        )
    return LocalTime(
        first,
        f"{naive:%H:%M} happens twice on {naive:%-d %b %Y} in {zone}: the clocks go back. It starts the first time.",
    )


def to_local(at: datetime, zone: str) -> datetime:
    """The local time of a UTC time, naive, for a form field."""
    return at.astimezone(zone_of(zone)).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Windows:
    """Sending windows per weekday (Monday 0), in minutes from midnight. An end beyond 24 h is on the next day."""

    zone: str = "UTC"
    days: Mapping[int, Sequence[tuple[int, int]]] = field(default_factory=dict)

    @property
    def always(self) -> bool:
        """Whether there are no windows, so that messages may be sent at any time."""
        return not self.days


def _minutes(text: Any, day: str) -> int:
    try:
        hours, minutes = (int(part) for part in str(text).split(":"))
    except ValueError:
        hours, minutes = -1, 0
    total = hours * 60 + minutes
    if not (0 <= minutes < 60 and 0 <= total <= _MINUTES_A_DAY):
        raise Invalid(f"“{text}” on {day} is not a time such as 09:00.", {"windows": f"{day}: write times as 09:00"})
    return total


def parse_windows(raw: Mapping[str, Any] | Windows | None) -> Windows:
    """Read a campaign's `windows`. An end at or before its start is on the next day.

    Raises:
        Invalid: a time, a weekday or the zone cannot be read, or no day has a window.
    """
    if isinstance(raw, Windows):
        return raw
    if not raw or not raw.get("days"):
        return Windows(zone=str((raw or {}).get("zone") or "UTC"))
    zone = str(raw.get("zone") or "UTC")
    zone_of(zone)
    days: dict[int, list[tuple[int, int]]] = {}
    for key, spans in raw["days"].items():
        if str(key) not in {"0", "1", "2", "3", "4", "5", "6"}:
            raise Invalid(f"“{key}” is not a weekday.", {"windows": "Weekdays are 0 (Monday) to 6 (Sunday)"})
        for start_text, end_text in spans:
            start, end = _minutes(start_text, DAY_NAMES[int(key)]), _minutes(end_text, DAY_NAMES[int(key)])
            if start == _MINUTES_A_DAY:
                raise Invalid("A window cannot begin at 24:00.", {"windows": "Begin at 00:00 of the next day"})
            days.setdefault(int(key), []).append((start, end if end > start else end + _MINUTES_A_DAY))
    if not days:
        raise Invalid("No weekday has a sending window, so nothing would ever be sent.", {"windows": "Add a window"})
    return Windows(zone=zone, days={day: tuple(sorted(spans)) for day, spans in days.items()})


def _instant(midnight: datetime, minutes: int, tz: ZoneInfo) -> datetime:
    """The UTC time of local minutes after midnight. Local arithmetic is needed: days have 23 to 25 hours."""
    return (midnight + timedelta(minutes=minutes)).replace(tzinfo=tz).astimezone(UTC)


def open_spans(
    windows: Mapping[str, Any] | Windows | None, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The open times between `start` and `end`, in order and without overlap."""
    parsed = parse_windows(windows)
    if parsed.always:
        if start < end:
            yield start, end
        return
    tz = zone_of(parsed.zone)
    midnight = datetime.combine(start.astimezone(tz).date() - _DAY, time())
    reached = start
    while (day_start := _instant(midnight, 0, tz)) < end + _DAY:
        for first, last in parsed.days.get(midnight.weekday(), ()):
            opens, closes = max(_instant(midnight, first, tz), reached), min(_instant(midnight, last, tz), end)
            if opens < closes:
                yield opens, closes
                reached = closes
        if day_start > end:
            return
        midnight += _DAY


def is_open(windows: Mapping[str, Any] | Windows | None, now: datetime) -> bool:
    """Whether messages may be sent at this time."""
    return next_open(windows, now) == now


def next_open(windows: Mapping[str, Any] | Windows | None, now: datetime) -> datetime | None:
    """The first time from `now` on at which messages may be sent; None when there is none within two weeks."""
    span = next(open_spans(windows, now, now + 15 * _DAY), None)
    return span[0] if span else None


def closes_at(windows: Mapping[str, Any] | Windows | None, now: datetime) -> datetime | None:
    """When the window that is open now closes; None when no window is open or none closes."""
    parsed = parse_windows(windows)
    if parsed.always:
        return None
    closes: datetime | None = None
    for opens, ends in open_spans(parsed, now, now + 15 * _DAY):
        if opens > (closes or now):
            return closes
        closes = ends
    return None  # open for two weeks without a break


@dataclass(frozen=True, slots=True)
class PaceLimits:
    """Everything that slows a campaign down. Rates are messages per minute; None means no limit."""

    rate_per_minute: float | None = None
    account_per_minute: float | None = None
    account_per_day: int | None = None
    account_sent_today: int = 0
    batch_size: int | None = None
    batch_delay_ms: int = 0
    full_speed_per_minute: float = FULL_SPEED_PER_MINUTE

    def per_second(self) -> tuple[float, str]:
        """The steady rate inside an open window, and the limit that determines it."""
        rates = [(self.full_speed_per_minute, "speed")]
        if self.rate_per_minute:
            rates.append((float(self.rate_per_minute), "campaign rate"))
        if self.account_per_minute:
            rates.append((float(self.account_per_minute), "account rate"))
        rate, name = min(rates)
        per_second = rate / 60
        if self.batch_size and self.batch_delay_ms > 0:
            slowed = self.batch_size / (self.batch_size / per_second + self.batch_delay_ms / 1000)
            return slowed, "batch delay" if slowed < 0.9 * per_second else name
        return per_second, name


@dataclass(frozen=True, slots=True)
class Estimate:
    """`hours`: (start of the hour, messages). `finishes_at` None: not within 400 days. `limited_by`: for people."""

    finishes_at: datetime | None
    hours: tuple[tuple[datetime, int], ...]
    limited_by: str


def _next_hour(at: datetime, tz: ZoneInfo) -> datetime:
    shift = at.astimezone(tz).utcoffset() or timedelta()
    into = (at + shift - datetime(2000, 1, 3, tzinfo=UTC)) % _HOUR
    return at + (_HOUR - into)


def _next_midnight(at: datetime, tz: ZoneInfo) -> datetime:
    return _instant(datetime.combine(at.astimezone(tz).date() + _DAY, time()), 0, tz)


def estimate(
    count: int,
    start: datetime,
    limits: PaceLimits,
    windows: Mapping[str, Any] | Windows | None = None,
    *,
    zone: str = "UTC",
    day_zone: str = LIMIT_ZONE,
) -> Estimate:
    """Estimate hour by hour how `count` messages are sent under all limits.

    Hours are those of `zone`. The account's daily limit is counted in `day_zone`.
    """
    tz, day_tz = zone_of(zone), zone_of(day_zone)
    rate, limited_by = limits.per_second()
    left = float(count)
    hours: dict[datetime, float] = {}
    budget: float | None = None
    day_end = start
    for opens, closes in open_spans(windows, start, start + HORIZON):
        at = opens
        while at < closes and left > 1e-6:
            if limits.account_per_day is not None and at >= day_end:
                used = limits.account_sent_today if day_end == start else 0
                budget, day_end = float(max(0, limits.account_per_day - used)), _next_midnight(at, day_tz)
            until = min(closes, _next_hour(at, tz), day_end if budget is not None else closes)
            sent = min(left, rate * (until - at).total_seconds(), left if budget is None else budget)
            hour = _next_hour(at, tz) - _HOUR
            if sent > 0:
                hours[hour] = hours.get(hour, 0.0) + sent
            left -= sent
            if budget is not None:
                budget -= sent
                limited_by = "account's day" if budget <= 1e-6 < left else limited_by
            if left <= 1e-6:
                at += timedelta(seconds=sent / rate)
                return Estimate(at, _whole(hours), _slowest(limited_by, windows, start, at))
            at = until
    return Estimate(start if count == 0 else None, _whole(hours), limited_by)


def _slowest(limited_by: str, windows: Any, start: datetime, end: datetime) -> str:
    opened = sum((closes - opens).total_seconds() for opens, closes in open_spans(windows, start, end))
    closed = (end - start).total_seconds() - opened
    return "sending windows" if closed > opened and limited_by != "account's day" else limited_by


def _whole(hours: Mapping[datetime, float]) -> tuple[tuple[datetime, int], ...]:
    """Whole messages per hour. The running total is rounded, not each hour, so that the sum stays right."""
    rows, total, given = [], 0.0, 0
    for hour, sent in hours.items():
        total += sent
        upto = round(total)
        rows.append((hour, upto - given))
        given = upto
    return tuple(row for row in rows if row[1])
