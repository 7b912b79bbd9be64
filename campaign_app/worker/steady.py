"""arq's worker, steady when the clock is set: its cron lines go on from the new time. Away from the database it rests.

arq remembers when each line is due next. An hour back, and it would wait for that hour; an hour forwards (or a process
that stood still for as long), and it would run every missed turn one by one.
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
    """Looks at the clock with every beat, several times a second."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._seen = (clock.now(), clock.steady())

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        """See arq. Who cannot do a job must not take it: a sweep that fails here is missing on the hosts that could."""
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
                line.next_run = None  # found anew from now on
        await super().heart_beat()
