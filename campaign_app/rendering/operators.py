"""The operators of templates. They take only numbers and texts, so that each operation ends at once.

Lists and tables can be looped over, joined, indexed and searched, but not compared, multiplied or written: Python does
that in one step that cannot be interrupted, and a list may contain itself many times.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from jinja2 import Undefined, pass_eval_context
from jinja2.nodes import EvalContext

from campaign_app.rendering import budget
from campaign_app.rendering.budget import MAX_BITS, MAX_ITEMS, MAX_STEPS, MAX_TEXT, SHORT, LimitReached, allow

_MIXED = "Lists and tables cannot be used in calculations or comparisons. Loop over them, or use one of their items"
_WRITTEN = 'A list or table cannot be written as text. Use join(", "), a loop, or one of its items'


def is_scalar(value: Any) -> bool:
    """Whether a value is a text, a number, a date or nothing."""
    return value is None or isinstance(value, str | int | float | Undefined | date)


def scalar(value: Any) -> Any:
    """Return `value` if it may be used in comparisons and calculations.

    Raises:
        LimitReached: it is a list, or a text or number that is too large.
    """
    if type(value) is str and len(value) < SHORT:
        return value
    budget.look()
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise LimitReached("A text is too long to work with")
        return value
    if not is_scalar(value):
        raise LimitReached(_MIXED)
    return number_guard(value)


def searchable(value: Any) -> Any:
    """Return `value` if it may be searched with `in`.

    Raises:
        LimitReached: it is too long.
    """
    if isinstance(value, Mapping | list | tuple | range):
        budget.look()
        if len(value) > MAX_ITEMS:
            raise LimitReached(f"A list is longer than {MAX_ITEMS:,} items")
        return value
    return scalar(value)


def number_guard(value: Any) -> Any:
    """Return `value` unless it is a number that is too large."""
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise LimitReached("A number grows without limit")
    return value


def written(value: Any) -> Any:
    """Count `value` as output and return it.

    Raises:
        LimitReached: it is a list, or too long.
    """
    found = budget.current.get()
    if isinstance(value, str):
        if found is not None:
            found.write(len(value))
            found.look()
        return value
    if not is_scalar(value):
        raise LimitReached(_WRITTEN)
    return number_guard(value)


@pass_eval_context  # keeps Jinja2 from computing constants while it compiles, where nothing is counted
def finalize(_context: EvalContext, value: Any) -> Any:
    """Called by Jinja2 for every output of a template."""
    if type(value) is str and len(value) < SHORT:
        return value
    return written(value)


def steps(items: Any) -> Iterable[Any]:
    """The items of a loop, counted."""
    if isinstance(items, Undefined) or items is None:
        return
    if not isinstance(items, Iterable):
        raise LimitReached("Only lists can be looped over")
    count = (budget.current.get() or budget.Budget()).step
    for item in items:
        count()
        yield item


def range_(*bounds: Any) -> range:
    """`range(…)` of at most MAX_STEPS numbers."""
    numbers = [int(number_guard(scalar(bound))) for bound in bounds]
    found = range(*numbers)
    if len(found) > MAX_STEPS:
        raise LimitReached(f"range({', '.join(map(str, numbers))}) is longer than {MAX_STEPS:,} steps")
    return found


def joined(*parts: Any) -> str:
    """`a ~ b ~ c`."""
    texts = [part if type(part) is str else str(scalar(part)) for part in parts]
    allow(sum(map(len, texts)))
    return "".join(texts)


def _multiply(left: Any, right: Any) -> Any:
    text, times = (left, right) if isinstance(left, str) else (right, left)
    if isinstance(text, str) and isinstance(times, int):
        allow(len(text) * max(times, 0))
    return left * right


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        allow(len(left) + len(right))
    return left + right


def _power(left: Any, right: Any) -> Any:
    if not isinstance(right, int | float) or abs(right) > 64:
        raise LimitReached("Powers above 64 cannot be used")
    found = left**right
    if isinstance(found, complex):
        raise LimitReached("The root of a negative number cannot be written")
    return found


def _remainder(left: Any, right: Any) -> Any:
    if isinstance(left, str):
        raise LimitReached("Text cannot be formatted with %")
    return left % right


BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "*": _multiply,
    "+": _add,
    "-": lambda left, right: left - right,
    "/": lambda left, right: left / right,
    "//": lambda left, right: left // right,
    "%": _remainder,
    "**": _power,
}


def calculate(operator: str, left: Any, right: Any) -> Any:
    """Arithmetic with limits.

    Raises:
        LimitReached: the values are not allowed or too large.
    """
    return number_guard(BINARY[operator](scalar(left), scalar(right)))


def cut(value: Any, start: Any, stop: Any, step: Any) -> Any:
    """`value[start:stop:step]` of texts and lists; an empty result for other values."""
    budget.look()
    if not isinstance(value, str | list | tuple | range):
        return ""
    found = value[slice(*(None if bound is None else number_guard(scalar(bound)) for bound in (start, stop, step)))]
    if isinstance(found, str):
        allow(len(found))
    return found


def item(value: Any, key: Any) -> Any:
    """`value[key]` of tables, lists and texts. Raises LookupError or TypeError when it does not exist."""
    budget.look()
    if not is_scalar(key):
        raise LimitReached("Only a name or a number can be used in [ ]")
    return value[key]


def _whole(value: Any) -> Any:
    if not isinstance(value, int | float):
        raise LimitReached("Only numbers are odd, even or divisible")
    return number_guard(value)


def _text(value: Any) -> str:
    return str(scalar(value))


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, other: compare(scalar(value), scalar(other))


_equal = _compared(lambda value, other: value == other)
TESTS: Mapping[str, Callable[..., bool]] = {
    "defined": lambda value: not isinstance(value, Undefined),
    "undefined": lambda value: isinstance(value, Undefined),
    "none": lambda value: value is None,
    "true": lambda value: value is True,
    "false": lambda value: value is False,
    "number": lambda value: isinstance(value, int | float),
    "string": lambda value: isinstance(value, str),
    "sequence": lambda value: isinstance(value, str | list | tuple | range | Mapping),
    "mapping": lambda value: isinstance(value, Mapping),
    "odd": lambda value: _whole(value) % 2 == 1,
    "even": lambda value: _whole(value) % 2 == 0,
    "divisibleby": lambda value, by: _whole(value) % _whole(by) == 0,
    "lower": lambda value: _text(value).islower(),
    "upper": lambda value: _text(value).isupper(),
    "in": lambda value, where: scalar(value) in searchable(where),
    "eq": _equal,
    "equalto": _equal,
    "ne": _compared(lambda value, other: value != other),
    "lt": _compared(lambda value, other: value < other),
    "le": _compared(lambda value, other: value <= other),
    "gt": _compared(lambda value, other: value > other),
    "ge": _compared(lambda value, other: value >= other),
}
