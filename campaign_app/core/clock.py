"""The only place that reads the clock."""

import time
from datetime import UTC, datetime
from functools import partial

steady = partial(time.clock_gettime, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
"""Seconds of a clock that cannot be set and also counts while the machine sleeps; time.monotonic does not."""


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)
