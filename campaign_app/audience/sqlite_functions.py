"""SQL functions that SQLite lacks, registered on every connection of this process."""

import re
from typing import Any

from sqlalchemy import Engine, event

from campaign_app.kit.folding import fold

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{0,15})?")
_DAY = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
NUMBER_PATTERN = rf"^{_NUMBER.pattern}$"
DAY_PATTERN = rf"^{_DAY.pattern}"


def as_number(text: str | None) -> float | None:
    """A plain number such as -12.5, or None when it is none."""
    return float(text) if text and _NUMBER.fullmatch(text) else None


def as_day(text: str | None) -> str | None:
    """The day at the start of an ISO date, or None when there is none."""
    found = _DAY.match(text) if text else None
    return found.group() if found else None


def _fold(text: str | None) -> str | None:
    return None if text is None else fold(text)


def _lend(connection: Any, _record: Any) -> None:
    if not hasattr(connection, "create_function"):
        return
    for name, function in (("beacon_fold", _fold), ("beacon_number", as_number), ("beacon_day", as_day)):
        connection.create_function(name, 1, function)


def attach() -> None:
    """Register the functions on all engines, also on those created later."""
    if not event.contains(Engine, "connect", _lend):
        event.listen(Engine, "connect", _lend)
