"""Keyset paging: a cursor is the sort value and id of the last row seen, so page 10,000 costs what page 1 does."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

T = TypeVar("T")
MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of one page and the cursors around it (None at an end). `total` is None when counting would be slow.

    `total_is_minimum`: there are at least `total` ("10,000+").
    """

    rows: Sequence[T]
    next_cursor: str | None = None
    previous_cursor: str | None = None
    total: int | None = None
    total_is_minimum: bool = False


def encode_cursor(value: Any, row_id: int, *, backwards: bool = False) -> str:
    """An opaque cursor from a row's sort value and id."""
    if isinstance(value, datetime):
        value = {"at": value.isoformat()}
    return base64.urlsafe_b64encode(json.dumps([value, row_id, backwards]).encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[Any, int, bool] | None:
    """(sort value, id, backwards) of a cursor; None when it is not one of ours."""
    try:
        value, row_id, backwards = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(value, dict):
            value = datetime.fromisoformat(value["at"])
        return value, int(row_id), bool(backwards)
    except (ValueError, TypeError, KeyError):
        return None
