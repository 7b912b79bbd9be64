"""A status table decides what may follow what; the error carries both."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from campaign_app.core.errors import Conflict

S = TypeVar("S", bound=StrEnum)


class NotAllowed(Conflict):
    """The table has no way from `current` to `target`."""

    code = "transition_not_allowed"

    def __init__(self, message: str, current: StrEnum, target: StrEnum) -> None:
        super().__init__(message)
        self.current = current
        self.target = target


def check(table: Mapping[S, frozenset[S]], current: S, target: S, message: str = "") -> None:
    """Raise NotAllowed unless the table leads from `current` to `target`."""
    if target not in table[current]:
        raise NotAllowed(message or f"A {current} item cannot become {target}.", current, target)
