"""arq's worker with two changes: cron lines continue after the clock was set, and it takes no jobs without database.

arq stores when each line is due next. After a clock change of an hour back it would wait for that hour; after an hour
forwards (or a process that was stopped for as long) it would run every missed line one after the other.
"""

from datetime import timedelta
from typing import Any

from campaign_app.core import clock, logging
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.worker.picking import Picker

JUMP_S = 2.0
STANDSTILL_S = 30.0
log = logging.get("worker")


class SteadyWorker(Picker):
    """Checks the clock at every heartbeat, several times a second."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._seen = (clock.now(), clock.steady())

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        """See arq. Takes no job that it cannot do, because another host could do it."""
        engine: Engine = self.ctx["engine"]
        if not engine.database_health.away and engine.writer.failing_since is None:
            await super().start_jobs(job_ids)

    async def heart_beat(self) -> None:
        """See arq."""
        before, steady_before = self._seen
        now, steady = self._seen = clock.now(), clock.steady()
        passed = steady - steady_before
        jump = (now - before - timedelta(seconds=passed)).total_seconds()
        if abs(jump) > JUMP_S or passed > STANDSTILL_S:
            log.warning("the clock was set, or time stood still", jump_s=round(jump, 1), passed_s=round(passed, 1))
            for line in self.cron_jobs or ():
                line.next_run = None  # computed again from the current time
        await super().heart_beat()
