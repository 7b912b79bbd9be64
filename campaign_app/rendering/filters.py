"""The filters of messages. Each is fast and has no side effects. Every text that one creates is counted."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from math import isfinite
from typing import Any
from urllib.parse import quote

from jinja2 import Undefined
from markupsafe import Markup, escape

from campaign_app.rendering.budget import MAX_ITEMS, LimitReached, allow
from campaign_app.rendering.operators import number_guard, scalar

_DATES: Mapping[str, str] = {
    "short": "%-d %b",
    "medium": "%-d %b %Y",
    "long": "%-d %B %Y",
    "weekday": "%A",
    "time": "%H:%M",
}


_CSS_UNSAFE = re.compile(r"[\x00-\x20\"'()\\<>]")


def is_empty(value: Any) -> bool:
    """Whether a value is undefined, None or blank text."""
    return value is None or isinstance(value, Undefined) or (isinstance(value, str) and not value.strip())


def default(value: Any, instead: Any = "", _boolean: bool = True) -> Any:
    """`{{ first_name|default("there") }}`. It also replaces an empty field, which is what people expect."""
    return instead if is_empty(value) else value


def _text(value: Any) -> str:
    if type(value) is str:
        return scalar(value) if value.strip() else ""
    return "" if is_empty(value) else str(scalar(value))


def _text_of(argument: Any) -> str:
    return argument if isinstance(argument, str) else str(scalar(argument))


def _bounded(text: str) -> str:
    allow(len(text))
    return text


def replace(value: Any, old: str, new: str) -> str:
    """Every `old` by `new`."""
    text, old, new = _text(value), _text_of(old), _text_of(new)
    allow(len(text) + text.count(old) * max(0, len(new) - len(old)))
    return text.replace(old, new)


def join(value: Any, between: str = "") -> str:
    """The items of a list as one text."""
    if is_empty(value):
        return ""
    if isinstance(value, str):
        return join(list(_text(value)), between)
    if not isinstance(value, Iterable):
        return _text(value)
    items: list[str] = []
    between = _text_of(between)
    for item in value:
        if len(items) >= MAX_ITEMS:
            raise LimitReached(f"A list is longer than {MAX_ITEMS:,} items")
        items.append(item if type(item) is str else str(scalar(item)))
    allow(sum(map(len, items)) + len(items) * len(between))
    return between.join(items)


def date_(value: Any, form: str = "long") -> str:
    """`{{ renewal|date("medium") }}`: short, medium, long, weekday, time, or a pattern such as %d.%m.%Y."""
    if is_empty(value):
        return ""
    found = value
    if not isinstance(value, date | datetime):
        try:
            found = datetime.fromisoformat(_text(value).strip())
        except ValueError:
            return _text(value)
    form = _text_of(form)
    pattern = _DATES.get(form, form)
    if len(pattern) > 64:
        raise LimitReached("A date pattern is at most 64 characters long")
    try:
        return str(found.strftime(pattern))
    except ValueError:
        return _text(value)


def _parse(value: Any) -> float | None:
    try:
        found = float(str(scalar(value)).replace(",", "").strip()[:64])
    except ValueError:
        return None
    return found if isfinite(found) else None


def number(value: Any, decimals: int = 0) -> str:
    """4,218 or 1,234.50. A value that is no number stays unchanged."""
    found = _parse(value)
    return _text(value) if found is None else f"{found:,.{max(0, min(int(decimals), 6))}f}"


def money(value: Any, currency: str = "EUR") -> str:
    """412.80 EUR. A value that is no number stays unchanged."""
    return _text(value) if _parse(value) is None else _bounded(f"{number(value, 2)} {_text_of(currency)}")


def truncate(value: Any, length: int = 80, end: str = "…") -> str:
    """At most `length` characters, cut at a word."""
    text, length = _text(value), max(1, int(length))
    if len(text) <= length:
        return text
    end = _text_of(end)
    cut = text[: max(1, length - len(end))]
    return _bounded((cut.rsplit(" ", 1)[0] if " " in cut else cut) + end)


def title(value: Any) -> str:
    """Anna-Maria O'Neil from anna-maria o'neil: words begin with a capital letter, other letters stay."""
    out, fresh = [], True
    for letter in _text(value):
        out.append(letter.upper() if fresh else letter)
        fresh = not (letter.isalnum() or letter in ".,")
    return _bounded("".join(out))


def to_int(value: Any, instead: int = 0) -> int:
    """A whole number, or `instead`."""
    found = _parse(value)
    return instead if found is None else number_guard(int(found))


def to_float(value: Any, instead: float = 0.0) -> float:
    """A number, or `instead`."""
    found = _parse(value)
    return instead if found is None else found


def rounded(value: Any, decimals: int = 0) -> float | int:
    """Rounded to `decimals` places."""
    found = round(to_float(value), max(0, min(int(decimals), 6)))
    return found if decimals else int(found)


def length(value: Any) -> int:
    """The number of characters or items."""
    return 0 if is_empty(value) else len(value)


def first(value: Any) -> Any:
    """The first item or character."""
    return "" if is_empty(value) or not len(value) else value[0]


def last(value: Any) -> Any:
    """The last item or character."""
    return "" if is_empty(value) or not len(value) else value[-1]


def split(value: Any, between: str = " ") -> list[str]:
    """The parts of a text, at most MAX_ITEMS."""
    text = _text(value)
    allow(len(text))
    parts = text.split(_text_of(between) or None, MAX_ITEMS)
    if len(parts) > MAX_ITEMS:
        raise LimitReached(f"A text has more than {MAX_ITEMS:,} parts")
    return parts


def _escaped(value: Any) -> Markup:
    return escape(_bounded(_text(value)))


def css_address(value: Any, in_sheet: bool = False) -> str:
    """A whole address for `url(…)`: characters that would end it are percent-encoded. Sheets have no `&amp;`."""
    text = _CSS_UNSAFE.sub(lambda found: quote(found[0], safe=""), _text(value).strip())
    allow(len(text))
    return Markup(text) if in_sheet else text  # noqa: S704  (< and > are encoded)


FILTERS: dict[str, Callable[..., Any]] = {
    "default": default,
    "d": default,
    "upper": lambda value: _bounded(_text(value).upper()),
    "lower": lambda value: _bounded(_text(value).lower()),
    "capitalize": lambda value: _bounded(_text(value).capitalize()),
    "title": title,
    "trim": lambda value: _text(value).strip(),
    "truncate": truncate,
    "replace": replace,
    "join": join,
    "split": split,
    "first": first,
    "last": last,
    "length": length,
    "count": length,
    "int": to_int,
    "float": to_float,
    "round": rounded,
    "number": number,
    "money": money,
    "date": date_,
    "urlencode": lambda value: _bounded(quote(_text(value), safe="")),
    "css_address": css_address,
    "escape": _escaped,
    "e": _escaped,
}
