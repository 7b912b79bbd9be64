"""Structured logs: readable lines on a terminal, JSON where a collector reads them. Secrets never get here."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from campaign_app.core.config import settings

_HIDDEN = (
    "password",
    "secret",
    "token",
    "cookie",
    "authorization",
    "api_key",
    "dkim_key",
)


def _hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in event:
        if any(word in name.lower() for word in _HIDDEN):
            event[name] = "***"
    return event


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
            structlog.processors.format_exc_info,
            _hide_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=max(level, logging.WARNING), format="%(levelname)s %(name)s %(message)s")


def get(name: str) -> Any:
    """A logger bound to a room's name."""
    return structlog.get_logger(room=name)
