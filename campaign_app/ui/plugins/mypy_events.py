"""Tells mypy that `@rx.event` turns a method into an EventHandler, which components call with Vars or values.

Reflex declares the decorator as a class whose `__new__` returns something else. mypy ignores such a `__new__` and
takes every handler for an instance of that class.
"""

from collections.abc import Callable
from typing import Any, Final

from mypy.nodes import ARG_POS, TypeInfo
from mypy.plugin import FunctionContext, Plugin
from mypy.types import AnyType, CallableType, Instance, Type, TypeOfAny

_MODULE: Final = "reflex_base.event"
_DECORATOR: Final = f"{_MODULE}.EventNamespace"


class ReflexEvents(Plugin):
    """Gives the decorator its type."""

    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        return _handler if fullname == _DECORATOR else None


def _handler(context: FunctionContext) -> Type:
    checker: Any = context.api
    found = checker.modules[_MODULE].names["EventHandler"].node
    if not isinstance(found, TypeInfo):
        return context.default_return_type
    if context.args[0]:
        return Instance(found, [])
    method = AnyType(TypeOfAny.explicit)  # @rx.event(…) returns the decorator
    return CallableType([method], [ARG_POS], [None], Instance(found, []), checker.named_type("builtins.function"))


def plugin(_version: str) -> type[Plugin]:
    """The entry point that mypy looks for."""
    return ReflexEvents
