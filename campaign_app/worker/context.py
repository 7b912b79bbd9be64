"""The objects of a worker process that its jobs use, and their start and end."""

import asyncio
import errno
import json
from collections.abc import Mapping
from datetime import UTC, timezone
from time import monotonic
from typing import Any

from redis.exceptions import RedisError

from campaign_app.core import db, logging, rate_limit, redis
from campaign_app.delivery.ledger import journal
from campaign_app.delivery.ledger.outcome_writer import TROUBLE
from campaign_app.delivery.recovery import sweeper
from campaign_app.delivery.reporting.worker_reports import Reporter
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.rendering import isolated

log = logging.get("worker")
_RETRY_S = 2.0
_SAY_AGAIN_S = 30.0
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def _no_journal(error: OSError) -> str:
    what = "There is no room for the journal" if error.errno in _NO_ROOM else "The journal cannot be made"
    return f"{what} in {journal.folder()} ({error.strerror})"


class Context:
    """The engine, the control channel and the progress publisher."""

    zone: timezone = UTC

    def __init__(self) -> None:
        self.engine = Engine()
        self._reporter = Reporter(self.engine)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def values(self) -> Mapping[str, Any]:
        """The content of the jobs' `ctx`."""
        return {"engine": self.engine}

    async def begin(self) -> None:
        """Open the journal (wait for disk space), settle a predecessor's leases, subscribe to control messages."""
        isolated.begin()
        await self._open_journal()
        try:
            await sweeper.sweep(patient=False)
        except (RedisError, *TROUBLE) as error:
            log.warning("first sweep put off", error=repr(error)[:200])
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._listen(), name="control"),
            loop.create_task(self._reporter.run(), name="reporter"),
        ]

    async def _open_journal(self) -> None:
        say_again = 0.0
        while True:
            try:
                self.engine.start()
            except OSError as error:
                if monotonic() >= say_again:
                    say_again = monotonic() + _SAY_AGAIN_S
                    log.error(f"{_no_journal(error)}. Nothing is sent until then; the worker tries again by itself.")
                await asyncio.sleep(_RETRY_S)
            else:
                if say_again:
                    log.info("the journal is made now")
                return

    async def _listen(self) -> None:
        """Receive pauses at once. The limiter covers those missed while Redis is not available."""
        while True:
            try:
                async with redis.client().pubsub() as channel:
                    await channel.subscribe(rate_limit.CONTROL)
                    async for message in channel.listen():
                        if message["type"] == "message":
                            self._hear(message["data"])
            except (RedisError, OSError) as error:
                log.warning("control channel lost", error=type(error).__name__)
                await asyncio.sleep(0.5)

    def _hear(self, data: bytes) -> None:
        try:
            campaign_id = json.loads(data).get("close")
        except (ValueError, AttributeError):
            log.warning("a control message is not JSON")
            return
        if isinstance(campaign_id, int):
            self.engine.close_gate(campaign_id)

    async def drain(self) -> None:
        """Stop sending within seconds; outcomes are written and leases released."""
        if not await self.engine.drain():
            log.warning("the database is away: the journal keeps what could not be written")

    async def end(self) -> None:
        """Close everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await self._reporter.farewell()
        except (RedisError, OSError) as error:
            log.warning("no farewell", error=type(error).__name__)
        await self.engine.close()
        isolated.end()
        await db.dispose()
        await redis.dispose()
