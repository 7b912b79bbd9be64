"""Figures of a campaign as its page shows them. Pure: counters and times in, text out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from campaign_app.kit import days, text
from campaign_app.models.campaign import Pauser

_AFTER_SENT = ("sent", "delivered", "read", "replied")


@dataclass
class Shares:
    """How many recipients have each status; `queued` are still to be sent."""

    total: int = 0
    sent: int = 0
    skipped: int = 0
    uncertain: int = 0
    failed: int = 0
    bounced: int = 0
    sending: int = 0
    queued: int = 0

    @property
    def settled(self) -> int:
        """Recipients with an outcome."""
        return self.sent + self.skipped + self.uncertain + self.failed + self.bounced


def shares(counters: Mapping[str, int], in_flight: int = 0) -> Shares:
    """The parts of the bar. Messages in flight count as sending, not as queued."""
    waiting = counters.get("pending", 0)
    sending = min(waiting, in_flight)
    return Shares(
        total=counters.get("total", 0),
        sent=sum(counters.get(name, 0) for name in _AFTER_SENT),
        skipped=counters.get("skipped", 0),
        uncertain=counters.get("uncertain", 0),
        failed=counters.get("failed", 0),
        bounced=counters.get("bounced", 0),
        sending=sending,
        queued=waiting - sending,
    )


def percent(parts: Shares) -> str:
    """Whole percent of the recipients with an outcome; 100% only when all have one."""
    if not parts.total:
        return "0%"
    return f"{min(99, 100 * parts.settled // parts.total) if parts.settled < parts.total else 100}%"


def rate(per_minute: float) -> str:
    """31 per minute · 4,200 per minute · – when nothing is being sent."""
    return f"{text.number(round(per_minute))} per minute" if per_minute >= 1 else text.NONE


def clock(moment: datetime, now: datetime, zone: str) -> str:
    """A future or past time in short form: about 11:34, with the day when it is not today."""
    local = moment.astimezone(ZoneInfo(zone))
    if days.ago(moment, now, zone) == 0:
        return f"{local:%H:%M}"
    return f"{local:%a} {local.day} {local:%b} {local:%H:%M}"


def by(pauser: Pauser | None, name: str) -> str:
    """Who paused a campaign, for the end of "Paused 11:34". A person's name is never read as a part of the system."""
    if pauser is Pauser.PERSON:
        return f" by {name}" if name else ""
    return f", {pauser.label}" if pauser else ""


def short(moment: datetime, now: datetime, zone: str) -> str:
    """09:02 today, else the day: 2 Oct."""
    if days.ago(moment, now, zone) == 0:
        return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"
    return text.day(moment, now, zone)


def took(started: datetime | None, finished: datetime | None) -> str:
    """Took 2 h 17 min."""
    if started is None or finished is None:
        return ""
    return f"Took {text.duration((finished - started).total_seconds())}"
