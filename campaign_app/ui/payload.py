"""What a browser may pass to a handler: exactly its arguments, with their types, in sizes that can be stored."""

import math
from enum import StrEnum
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from reflex_base.event import EventHandler

from campaign_app.core.errors import Invalid
from campaign_app.kit.text import storable

_INT_64: Final = 1 << 63
_DEPTH: Final = 40


def checked(handler: EventHandler, payload: Any) -> dict[str, Any]:
    """The arguments for a handler, with its types and without characters that databases cannot store.

    Raises:
        Invalid: an argument is missing, unknown, of another type, or too large.
    """
    if not isinstance(payload, dict):
        raise _refused("no arguments")
    types = _types(handler)
    if unknown := set(payload) - set(types):
        raise _refused(f"an unknown argument {sorted(unknown)[0]!r:.40}")
    if missing := [name for name, (_, is_needed) in types.items() if is_needed and name not in payload]:
        raise _refused(f"no {missing[0]}")
    return {name: _argument(name, types[name][0], value) for name, value in payload.items()}


E = TypeVar("E", bound=StrEnum)


def choice(kind: type[E], given: str) -> E:
    """One of the values that a field offers.

    Raises:
        Invalid: it does not offer this value.
    """
    try:
        return kind(given)
    except ValueError:
        raise _refused("a choice that there is not") from None


def _argument(name: str, kind: TypeAdapter[Any], value: Any) -> Any:
    try:
        taken = _clean(kind.validate_python(_clean(value)))
        if isinstance(value, bool) and type(taken) is int:
            raise ValueError("a yes is no number")
        return taken
    except (ValidationError, ValueError, RecursionError):
        raise _refused(f"a {name} of another kind") from None


def _clean(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int) and not -_INT_64 <= value < _INT_64:
        raise ValueError("beyond 64 bits")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("no number")
    if depth > _DEPTH:
        raise ValueError("too deep")
    if isinstance(value, list):
        return [_clean(one, depth + 1) for one in value]
    if isinstance(value, dict):
        return {storable(str(key)): _clean(one, depth + 1) for key, one in value.items()}
    return value


Types = dict[str, tuple[TypeAdapter[Any], bool]]
_known: dict[Any, Types] = {}


def _types(handler: EventHandler) -> Types:
    """Each argument's type, and whether it is required."""
    if handler.fn not in _known:
        hints = handler._get_type_hints()
        _known[handler.fn] = {
            one.name: (TypeAdapter(hints.get(one.name, Any)), one.default is one.empty)
            for one in list(handler._parameters.values())[1:]
        }
    return _known[handler.fn]


def _refused(what: str) -> Invalid:
    return Invalid(
        f"The page sent {what}, which this step does not take. Nothing was changed. Reload the page and try again.",
        title="This step did not work",
    )
