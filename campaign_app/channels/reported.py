"""What reports say about an account: servers refused its mail after they, or a relay, had accepted it. Pure.

Kept separately from what was learnt about the account's own server, so that a successful connection test does not hide
it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

PREFIX = "reported_"
WINDOW = timedelta(hours=1)
SHOWN = timedelta(days=1)
SEVERAL = 5
SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Reported:
    """`count` reports since `since` (within an hour), the last one `at`, with the server's text in `words`."""

    count: int
    since: datetime
    at: datetime
    words: str


def read(known: Mapping[str, Any] | None, at: datetime) -> Reported | None:
    """The reports of the last day; None when there are none."""
    try:
        since, last = (datetime.fromisoformat(str((known or {})[f"{PREFIX}{name}"])) for name in ("since", "at"))
        found = Reported(int(str((known or {})[f"{PREFIX}count"])), since, last, str((known or {})[f"{PREFIX}words"]))
    except (KeyError, ValueError):
        return None
    return found if found.at > at - SHOWN else None


def one_more(known: Mapping[str, Any] | None, words: str, at: datetime) -> Reported:
    """The note after one more report. A new count begins when the last one's hour is over."""
    before = read(known, at)
    if before is None or at - before.since > WINDOW:
        return Reported(1, at, at, words[:500])
    return Reported(before.count + 1, before.since, at, words[:500])


def written(note: Reported) -> dict[str, Any]:
    """The stored form."""
    values = {"count": note.count, "since": note.since.isoformat(), "at": note.at.isoformat(), "words": note.words}
    return {f"{PREFIX}{name}": value for name, value in values.items()}


def stops(note: Reported, sent: int) -> bool:
    """Whether so many messages were refused that sending more does harm. `sent`: in that hour and the one before."""
    return note.count >= SEVERAL and note.count >= SHARE * sent
