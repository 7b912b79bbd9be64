"""arq's worker with fewer Redis requests about running jobs, and with several jobs started at once.

A job that runs stays in arq's queue until it ends, and each poll asks three things about every job that it finds
there. Sending jobs run for seconds: fifty campaigns would cost thousands of questions a second. And each question waits
for the loop that the first campaigns keep busy: started one by one, the fortieth campaign began too late to keep up.
"""

import asyncio
from time import monotonic
from typing import Any

from arq.worker import Worker

ELSEWHERE_S = 1.0
AT_ONCE = 16  # fewer than the pool has connections


class Picker(Worker):
    """Leaves out jobs of its own that run, and for a second those that another worker was seen to have."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._elsewhere: dict[bytes, float] = {}

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        """See Worker."""
        now = monotonic()
        if self._elsewhere:
            self._elsewhere = {job: until for job, until in self._elsewhere.items() if until > now}
        new = [job for job in job_ids if job not in self._elsewhere and job.decode() not in self.tasks]
        start = super().start_jobs
        for first in range(0, len(new), AT_ONCE):
            starts = [start([job]) for job in new[first : first + AT_ONCE]]
            ended = await asyncio.gather(*starts, return_exceptions=True)
            for error in filter(None, ended):  # only after all have ended: who catches it reads `tasks`
                raise error
        for job in new:
            if job.decode() not in self.tasks and self.job_counter < self.max_jobs:
                self._elsewhere[job] = now + ELSEWHERE_S
