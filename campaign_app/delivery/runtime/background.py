"""Work that runs beside the sending."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from campaign_app.core import logging

log = logging.get("delivery")


class BackgroundTasks:
    """Tasks of one worker. What goes wrong in one is logged."""

    def __init__(self) -> None:
        self.running: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something beside."""
        task = asyncio.get_running_loop().create_task(work)
        self.running.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self.running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background work failed", error=repr(error)[:500])

    async def close(self, timeout_s: float = 2.0) -> None:
        """Wait so long for what runs, and cancel the rest."""
        pending = [task for task in self.running if not task.done()]
        if pending:
            _, late = await asyncio.wait(pending, timeout=timeout_s)
            for task in late:
                task.cancel()
