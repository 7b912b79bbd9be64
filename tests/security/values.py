"""Values that no page sends: of every type, in sizes that break what is behind."""

from typing import Any, Final

MARKED: Final = "<reflex.Var>x</reflex.Var>"
"""Reflex's own decoder loops for ever over this."""

VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    2**63,
    10**300,
    1e308,
    "",
    MARKED,
    "a\x00b\ud800c",
    "9" * 5_000,
    "²٣३",
    "%s{}{{7*7}}'\"<script>",
    "x" * 100_000,
    [],
    [None, [[["deep"]]], {"a": 1}],
    {},
    {"id": -1, "name": MARKED, "email": "a\x00@b", "act": "save", "new-email": [1], "field": {"x": []}},
)
