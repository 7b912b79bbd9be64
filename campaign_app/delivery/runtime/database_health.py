"""Whether this worker reaches the database. A worker that does not must leave the jobs to others."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import sqlalchemy as sa

from campaign_app.core import db, logging
from campaign_app.delivery.ledger.outcome_writer import TROUBLE

PROBE_S = 1.0
_PATIENCE_S = 5.0
log = logging.get("delivery")


class DatabaseHealth:
    """`away`: from the first failure until a query is answered again."""

    def __init__(self, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        self._spawn = spawn
        self.away = False

    def lost(self, what: str, error: BaseException) -> None:
        """Something failed because the database was away."""
        log.warning(f"database away, {what} put off", error=repr(error)[:200])
        self.suspect()

    def suspect(self) -> None:
        """Something failed: find out whether the database is away."""
        if not self.away:
            self.away = True
            self._spawn(self._probe())

    async def _probe(self) -> None:
        while self.away:
            try:
                async with asyncio.timeout(_PATIENCE_S), db.reading() as session:
                    await session.execute(sa.text("SELECT 1"))
            except TROUBLE:
                await asyncio.sleep(PROBE_S)
            else:
                self.away = False
                log.info("database back")
