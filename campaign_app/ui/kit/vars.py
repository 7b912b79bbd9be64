"""Typed operations on state vars.

To mypy, `Page.rows` is the list that a handler sees. In a component it is a Var that the browser computes. These
functions accept either and declare their result, so that components need no operator that the declared type does not
have.
"""

from typing import Any, Final, cast

import reflex as rx

TRUE: Final = rx.Var.create(True)


def _var(value: object) -> Any:
    return rx.Var.create(value)


def length(items: object) -> rx.Var[int]:
    """How many items a list, a dict or a text has."""
    return cast("rx.Var[int]", _var(items).length())


def is_empty(items: object) -> rx.Var[bool]:
    """Whether a list, a dict or a text has no items."""
    return same(length(items), 0)


def has_items(items: object) -> rx.Var[bool]:
    """Whether a list, a dict or a text has any items."""
    return more_than(length(items), 0)


def more_than(number: object, limit: object) -> rx.Var[bool]:
    return cast("rx.Var[bool]", _var(number) > limit)


def same(one: object, other: object) -> rx.Var[bool]:
    return cast("rx.Var[bool]", _var(one) == _var(other))


def is_set(value: object) -> rx.Var[bool]:
    """Whether a text is not empty."""
    return cast("rx.Var[bool]", _var(value) != "")


def not_(condition: object) -> rx.Var[bool]:
    return cast("rx.Var[bool]", ~_var(condition))


def all_of(*conditions: object) -> rx.Var[bool]:
    first, *rest = (_var(one) for one in conditions)
    for one in rest:
        first = first & one
    return cast("rx.Var[bool]", first)


def any_of(*conditions: object) -> rx.Var[bool]:
    first, *rest = (_var(one) for one in conditions)
    for one in rest:
        first = first | one
    return cast("rx.Var[bool]", first)


def choose(condition: object, then: object, otherwise: object) -> rx.Var[str]:
    """One of two texts. For components, `rx.cond` declares its result."""
    chosen: object = rx.cond(condition, _var(then), _var(otherwise))
    return cast("rx.Var[str]", chosen)


def by_case(value: object, *cases: Any) -> rx.Component:
    """One of several components: (value, component) pairs, then the one for all other values."""
    return cast("rx.Component", rx.match(value, *cases))


def contains(items: object, item: object) -> rx.Var[bool]:
    """Whether a list or a dict holds `item`."""
    return cast("rx.Var[bool]", _var(items).contains(item))


def joined(items: object, separator: str) -> rx.Var[str]:
    """The texts of a list in one."""
    return cast("rx.Var[str]", _var(items).join(separator))


def as_text(value: object) -> rx.Var[str]:
    """A number as text, for keys of rows."""
    return cast("rx.Var[str]", _var(value).to_string())


def entry(items: object, key: str) -> rx.Var[str]:
    """The text under `key` in a dict of texts; "" when there is none."""
    return cast("rx.Var[str]", _var(items).get(key, ""))
