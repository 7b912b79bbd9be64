"""Tells mypy what `@rx.event` makes of a method: an EventHandler, which a component calls with Vars or values.

Reflex declares it as a class whose `__new__` returns something else. mypy ignores such a `__new__` and takes every
handler for an instance of that class.
"""

from collections.abc import Callable
from typing import Any, Final

from mypy.nodes import TypeInfo
from mypy.plugin import FunctionContext, Plugin
from mypy.types import Instance, Type

_MODULE: Final = "reflex_base.event"
_DECORATOR: Final = f"{_MODULE}.EventNamespace"


class ReflexEvents(Plugin):
    """Gives the decorator its type."""

    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        """See mypy."""
        return _handler if fullname == _DECORATOR else None


def _handler(context: FunctionContext) -> Type:
    checker: Any = context.api
    found = checker.modules[_MODULE].names["EventHandler"].node
    return Instance(found, []) if isinstance(found, TypeInfo) else context.default_return_type


def plugin(_version: str) -> type[Plugin]:
    """The entry point that mypy looks for."""
    return ReflexEvents
