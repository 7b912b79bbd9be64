"""Wraps every job: adds its name to logs and logs each error once, with its stack."""

import functools
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

import structlog

from campaign_app.core import logging
from campaign_app.core.errors import AppError
from campaign_app.delivery.ledger.outcome_writer import TROUBLE

if TYPE_CHECKING:
    from arq.typing import WorkerCoroutine

log = logging.get("worker")
JobFunction = Callable[..., Awaitable[Any]]


def logged(function: JobFunction) -> "WorkerCoroutine":
    """The function with logged failures. An AppError ends the job without a stack."""

    @functools.wraps(function)
    async def run(ctx: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        started = time.monotonic()
        with structlog.contextvars.bound_contextvars(job=function.__name__):
            try:
                return await function(ctx, *args, **kwargs)
            except AppError as error:
                log.warning("job stopped", why=error.message, code=error.code)
            except Exception as error:
                log.exception("job failed", seconds=round(time.monotonic() - started, 2), arguments=kwargs)
                if isinstance(error, TROUBLE) and "engine" in ctx:
                    ctx["engine"].database_health.suspect()
                raise

    return cast("WorkerCoroutine", run)
