"""The rendering process calls a job by its name and hands over its result, or what is wrong. Plain data only."""

import json
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from campaign_app.rendering.errors import RenderError

_modules: dict[str, None] = {}


def know(module: str) -> None:
    """Have a channel's jobs loaded before the first of them is wanted."""
    _modules[module] = None


def modules() -> Sequence[str]:
    """The modules that `know` was told of."""
    return tuple(_modules)


def answer(job: str, *arguments: Any) -> list[Any]:
    """The result of a job (`module:function`), or what is wrong, as JSON knows it."""
    module, _, name = job.partition(":")
    try:
        return ["ok", getattr(import_module(module), name)(*arguments)]
    except RenderError as error:
        return _said(error)
    except MemoryError:
        return _said(RenderError("Making the message needs too much memory"))


def _said(error: RenderError) -> list[Any]:
    return ["error", error.code, error.plain, error.part, error.line]


def refused(error: RenderError) -> bytes:
    """An answer that says what is wrong."""
    return json.dumps(_said(error)).encode()


def too_large() -> list[Any]:
    """The answer in place of one that is too large to be handed over."""
    return _said(RenderError("The message is too large"))
