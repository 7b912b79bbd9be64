"""The language of segment rules: fields, operators, and the check of a tree of rules.

A tree is {"op": "and"|"or"|"not", "rules": [tree, …]} or a leaf {"field": …, "op": …, "value": …}.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from campaign_app.audience.errors import RulesInvalid

Rules = dict[str, Any]
MAX_DEPTH: Final = 8
MAX_LEAVES: Final = 100
MAX_VALUES: Final = 1_000
MAX_TEXT: Final = 500
ATTRIBUTE: Final = "attribute:"
_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Kind(StrEnum):
    """The type of a field. It decides which operators the field has."""

    TEXT = "text"
    ATTRIBUTE = "attribute"
    DATE = "date"
    LIST = "list"
    TAG = "tag"
    ENGAGEMENT = "engagement"


class Value(StrEnum):
    """The type of an operator's value."""

    NONE = "none"
    TEXT = "text"
    TEXTS = "texts"
    NUMBER = "number"
    DAY = "day"
    DAYS = "days"
    IDS = "ids"
    ID = "id"


@dataclass(frozen=True, slots=True)
class Operator:
    """A comparison. `negates`: the operator of which it is the opposite."""

    label: str
    value: Value
    negates: str = ""


_TEXT: Final = {
    "is": Operator("is", Value.TEXT),
    "is_not": Operator("is not", Value.TEXT, "is"),
    "contains": Operator("contains", Value.TEXT),
    "not_contains": Operator("does not contain", Value.TEXT, "contains"),
    "begins_with": Operator("begins with", Value.TEXT),
    "ends_with": Operator("ends with", Value.TEXT),
    "in": Operator("is one of", Value.TEXTS),
    "not_in": Operator("is none of", Value.TEXTS, "in"),
    "is_empty": Operator("is empty", Value.NONE),
    "is_not_empty": Operator("is not empty", Value.NONE, "is_empty"),
}
_NUMBER: Final = {
    "eq": Operator("= (number)", Value.NUMBER),
    "gt": Operator("> (number)", Value.NUMBER),
    "gte": Operator("≥ (number)", Value.NUMBER),
    "lt": Operator("< (number)", Value.NUMBER),
    "lte": Operator("≤ (number)", Value.NUMBER),
}
_DATE: Final = {
    "on": Operator("is on", Value.DAY),
    "before": Operator("is before", Value.DAY),
    "after": Operator("is after", Value.DAY),
    "in_last_days": Operator("in the last days", Value.DAYS),
    "not_in_last_days": Operator("not in the last days", Value.DAYS, "in_last_days"),
}
OPERATORS: Final[dict[Kind, dict[str, Operator]]] = {
    Kind.TEXT: _TEXT,
    Kind.ATTRIBUTE: {**_TEXT, **_NUMBER, **_DATE},
    Kind.DATE: _DATE,
    Kind.LIST: {
        "in": Operator("is in", Value.IDS),
        "not_in": Operator("is not in", Value.IDS, "in"),
    },
    Kind.TAG: {
        "in": Operator("is", Value.TEXTS),
        "not_in": Operator("is not", Value.TEXTS, "in"),
    },
    Kind.ENGAGEMENT: {
        "campaign": Operator("in campaign", Value.ID),
        "not_campaign": Operator("not in campaign", Value.ID, "campaign"),
        "in_last_days": Operator("in the last days", Value.DAYS),
        "not_in_last_days": Operator("not in the last days", Value.DAYS, "in_last_days"),
        "ever": Operator("ever", Value.NONE),
        "never": Operator("never", Value.NONE, "ever"),
    },
}
FIELDS: Final[dict[str, tuple[str, Kind]]] = {
    "email": ("E-mail", Kind.TEXT),
    "domain": ("E-mail domain", Kind.TEXT),
    "phone": ("Phone", Kind.TEXT),
    "first_name": ("First name", Kind.TEXT),
    "last_name": ("Last name", Kind.TEXT),
    "company": ("Company", Kind.TEXT),
    "time_zone": ("Time zone", Kind.TEXT),
    "language": ("Language", Kind.TEXT),
    "created_at": ("Added", Kind.DATE),
    "updated_at": ("Changed", Kind.DATE),
    "list": ("List", Kind.LIST),
    "tag": ("Tag", Kind.TAG),
    "received": ("Was sent a message", Kind.ENGAGEMENT),
    "opened": ("Opened a message", Kind.ENGAGEMENT),
    "clicked": ("Clicked a link", Kind.ENGAGEMENT),
}


def kind_of(name: str) -> Kind | None:
    if name.startswith(ATTRIBUTE):
        return Kind.ATTRIBUTE if _KEY.fullmatch(name.removeprefix(ATTRIBUTE)) else None
    return FIELDS[name][1] if name in FIELDS else None


def operator_of(leaf: Rules) -> Operator:
    kind = kind_of(leaf["field"])
    assert kind is not None
    return OPERATORS[kind][leaf["op"]]


def is_group(rules: Rules) -> bool:
    return "field" not in rules


def check(rules: Any) -> Rules:
    """Return the rules if they are valid.

    Raises:
        RulesInvalid: with a path such as "rules.0.value" per mistake.
    """
    mistakes: dict[str, str] = {}
    leaves = _check(rules, "", 1, mistakes)
    if leaves > MAX_LEAVES:
        mistakes.setdefault("", f"A segment has at most {MAX_LEAVES} rules; this one has {leaves}.")
    if mistakes:
        path, message = next(iter(mistakes.items()))
        raise RulesInvalid(f"{message} ({path or 'the whole segment'})", mistakes)
    checked: Rules = rules
    return checked


def _check(rules: Any, path: str, depth: int, mistakes: dict[str, str]) -> int:
    """Collect the mistakes of a tree; return the number of its leaves."""
    if not isinstance(rules, dict):
        mistakes[path] = "A rule is missing."
        return 0
    if not is_group(rules):
        _check_leaf(rules, path, mistakes)
        return 1
    inner = rules.get("rules")
    at = f"{path}." if path else ""
    if rules.get("op") not in {"and", "or", "not"}:
        mistakes[f"{at}op"] = "A group joins its rules by and, or, not."
    if depth > MAX_DEPTH:
        mistakes[path] = f"Groups can be nested {MAX_DEPTH} deep."
        return 0
    if not isinstance(inner, list) or not inner:
        mistakes[f"{at}rules"] = "Add at least one rule."
        return 0
    if rules.get("op") == "not" and len(inner) != 1:
        mistakes[f"{at}rules"] = "“Not” takes exactly one rule or group."
    if len(inner) > MAX_LEAVES:
        mistakes[f"{at}rules"] = f"A segment has at most {MAX_LEAVES} rules."
        return 0
    return sum(_check(rule, f"{at}rules.{position}", depth + 1, mistakes) for position, rule in enumerate(inner))


def _check_leaf(leaf: Rules, path: str, mistakes: dict[str, str]) -> None:
    at = f"{path}." if path else ""
    kind = kind_of(leaf["field"]) if isinstance(leaf["field"], str) else None
    if kind is None:
        mistakes[f"{at}field"] = "Choose a field."
        return
    operator = OPERATORS[kind].get(leaf["op"]) if isinstance(leaf.get("op"), str) else None
    if operator is None:
        mistakes[f"{at}op"] = "Choose a comparison that fits the field."
        return
    problem = value_problem(operator.value, leaf.get("value"))
    if problem:
        mistakes[f"{at}value"] = problem


def value_problem(wanted: Value, value: Any) -> str:
    """What is wrong with an operator's value; "" when nothing is."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    match wanted:
        case Value.NONE:
            return ""
        case Value.TEXT:
            return "" if _is_text(value) else f"Enter a text of at most {MAX_TEXT} characters."
        case Value.TEXTS:
            fits = _is_list(value) and all(_is_text(v) for v in value)
            return "" if fits else "Enter one or more values."
        case Value.NUMBER:
            fits = (whole or isinstance(value, float)) and abs(value) < 1e15
            return "" if fits else "Enter a number."
        case Value.DAY:
            return "" if isinstance(value, str) and _day(value) else "Enter a day as YYYY-MM-DD."
        case Value.DAYS:
            return "" if whole and 1 <= value <= 3_650 else "Enter a number of days from 1 to 3,650."
        case Value.ID:
            return "" if whole else "Choose a campaign."
        case Value.IDS:
            fits = _is_list(value) and all(isinstance(v, int) and not isinstance(v, bool) for v in value)
            return "" if fits else "Choose one or more lists."


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= MAX_VALUES


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and "\x00" not in value


def _day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
