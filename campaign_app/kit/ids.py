"""Ids that come from requests."""

from typing import Annotated, Final

from pydantic import Field

_LARGEST: Final = (1 << 63) - 1
Id = Annotated[int, Field(ge=1, le=_LARGEST)]
"""An id in a route. Values that no column can store are refused before any query."""


def number(given: str) -> int | None:
    """The whole number that a text is; None when it is none, or larger than any id."""
    if not (given.isascii() and given.isdigit() and len(given) < 20):
        return None
    value = int(given)
    return value if value <= _LARGEST else None
