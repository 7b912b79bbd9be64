"""The figures of a period compared with the previous one: value, change, and whether that is good. Pure."""

from dataclasses import dataclass
from typing import Final

from campaign_app.analytics.schemas import Overview, Totals
from campaign_app.kit import text

# key → label, whether it is a share of sent, whether more is better
METRICS: Final[dict[str, tuple[str, bool, bool]]] = {
    "sent": ("Sent", False, True),
    "opened": ("Opened by people", True, True),
    "clicked": ("Clicked", True, True),
    "unsubscribed": ("Unsubscribed", True, False),
    "failed": ("Failed", False, False),
}


@dataclass
class Cell:
    """One cell of the stat strip."""

    key: str
    label: str
    value: str
    delta: str
    trend: str
    rising: bool


def cells(found: Overview) -> list[Cell]:
    """All metrics of the period."""
    return [_cell(key, found.totals, found.totals_before) for key in METRICS]


def _cell(key: str, now: Totals, before: Totals) -> Cell:
    label, is_share, more_is_better = METRICS[key]
    if is_share:
        value = text.percent(getattr(now, key), now.sent)
        change = _points(getattr(now, key), now.sent, getattr(before, key), before.sent)
        words = "" if change is None else f"{abs(change):.1f} pts"
    else:
        value = text.number(getattr(now, key))
        old = getattr(before, key)
        change = 100 * (getattr(now, key) - old) / old if old else None
        words = "" if change is None else f"{abs(change):.1f}%"
    if change is None:
        return Cell(key, label, value, "", "", True)
    if abs(change) < 0.05:
        return Cell(key, label, value, "No change", "same", True)
    rising = change > 0
    return Cell(key, label, value, words, "better" if rising == more_is_better else "worse", rising)


def _points(part: int, whole: int, part_before: int, whole_before: int) -> float | None:
    if not whole or not whole_before:
        return None
    return 100 * part / whole - 100 * part_before / whole_before
