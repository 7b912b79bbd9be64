"""Runs a job by its name in the rendering process and returns its result or error. Plain data only."""

import json
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from campaign_app.rendering.errors import RenderError

_modules: dict[str, None] = {}


def know(module: str) -> None:
    """Register a channel's module of jobs, so that the process loads it at its start."""
    _modules[module] = None


def modules() -> Sequence[str]:
    return tuple(_modules)


def answer(job: str, *arguments: Any) -> list[Any]:
    """The result or error of a job (`module:function`), as JSON values."""
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
    """The encoded answer for an error."""
    return json.dumps(_said(error)).encode()


def too_large() -> list[Any]:
    """The answer in place of one that is too large to send."""
    return _said(RenderError("The message is too large"))
