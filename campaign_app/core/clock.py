"""The one place that asks what time it is."""

import time
from datetime import UTC, datetime
from functools import partial

steady = partial(time.clock_gettime, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
"""Seconds that nobody can set, and that go on while the machine sleeps (time.monotonic stands still then)."""


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)
