"""Structured logs: readable lines on a terminal, JSON where a collector reads them. Secrets never get here.

Logs contain text from unauthenticated clients. For structlog and the standard library alike, a record becomes one
line with escaped control characters and limited length. Further lines of a traceback are marked, so that no text can
look like a separate record.
"""

import logging
import os
import re
import stat
import sys
import traceback
from collections.abc import Iterable, MutableMapping
from contextlib import suppress
from typing import Any, Final

import structlog

from campaign_app.core.config import settings

VALUE: Final = 1_000
MESSAGE: Final = 2_000
LINE: Final = 12_000
FRAMES: Final = 60
_MARK: Final = "    | "
LOG_FILE: Final = "BEACON_LOG_FILE"
"""Set by the launcher for a child whose output goes to this file."""

_HIDDEN = (
    "password",
    "secret",
    "token",
    "cookie",
    "authorization",
    "api_key",
    "dkim_key",
)
# Control characters, line separators, marks that turn the direction of writing, halves of surrogate pairs.
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str, most: int = VALUE) -> str:
    """The text on one line, printable and of limited length."""
    cut = f"… ({len(text)} characters)" if len(text) > most else ""
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text[:most]) + cut


def block(lines: Iterable[str]) -> str:
    """Further lines of a record, each marked; of many only the first and the last."""
    found = [clean(line, VALUE) for line in lines]
    if len(found) > FRAMES:
        half = FRAMES // 2
        found = [*found[:half], f"… ({len(found) - FRAMES} lines)", *found[-half:]]
    return "\n".join(_MARK + line for line in found)


def _hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in event:
        if any(word in name.lower() for word in _HIDDEN):
            event[name] = "***"
    return event


def _clean_values(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if name in {"exception", "stack"}:
            event[name] = block(str(value).splitlines())
        elif isinstance(value, str):
            event[name] = clean(value, MESSAGE if name == "event" else VALUE)
        elif value is not None and not isinstance(value, int | float) and len(shown := repr(value)) > VALUE:
            event[name] = clean(shown)
    return event


class _Record(logging.LogRecord):
    """A record of the standard library that is cleaned whichever handler formats it."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if isinstance(self.exc_info, tuple) and self.exc_info[0] is not None:
            self.exc_text = block("".join(traceback.format_exception(*self.exc_info)).splitlines())
        if self.stack_info:
            self.stack_info = block(self.stack_info.splitlines())

    def getMessage(self) -> str:  # noqa: N802  (the library's name)
        return clean(super().getMessage(), MESSAGE)


class _Printer:
    """Writes structlog's lines. A failure to log (full disk, closed pipe) must not stop the process."""

    def msg(self, message: str) -> None:
        line = message if len(message) <= LINE else f"{message[:LINE]}… ({len(message)} characters)"
        with suppress(OSError, ValueError):
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    log = debug = info = warn = warning = error = critical = fatal = failure = exception = msg


def configure() -> None:
    """Set up logging for this process."""
    level = logging.getLevelNamesMapping().get(settings().log_level.upper(), logging.INFO)
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if settings().log_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            _hide_secrets,
            _clean_values,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Printer(),
    )
    logging.setLogRecordFactory(_Record)
    logging.basicConfig(level=max(level, logging.WARNING), format="%(levelname)s %(name)s %(message)s")


def get(name: str) -> Any:
    """A logger bound to a room's name."""
    return structlog.get_logger(room=name)


def follow_rotation() -> None:
    """Continue in the new log file after the launcher has renamed the previous one."""
    path = os.environ.get(LOG_FILE)
    if not path:
        return
    with suppress(OSError):
        ours = os.fstat(2)
        there = os.stat(path)  # noqa: PTH116  (twice a second: no objects)
        if not stat.S_ISREG(ours.st_mode) or (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino):
            return
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.close(file)
