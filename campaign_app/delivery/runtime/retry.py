"""When a message is tried again: a table of seconds. Pure."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

JITTER = 0.2


def next_attempt(
    table: Sequence[float], attempts: int, at: datetime, retry_after: float | None = None, chance: float | None = None
) -> datetime | None:
    """When attempt number `attempts` + 1 is due after one that ended `at`; None when the table is used up.

    The table's seconds vary by ± 20 % (`chance`, 0 to 1), so that messages which failed together are not retried
    together. `retry_after` is the least that the provider asked for.
    """
    if attempts > len(table):
        return None
    spread = 1 + JITTER * (2 * (random.random() if chance is None else chance) - 1)
    return at + timedelta(seconds=max(table[attempts - 1] * spread, retry_after or 0.0))
