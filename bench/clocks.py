"""The wall clock of a worker's host jumps an hour forwards, two back, and to the right time again, in mid-send."""

import time
from typing import Any

from bench.limits import worst_second
from bench.play import Play

HOUR_S = 3_600
JUMPS = (HOUR_S, -HOUR_S, 0)


def jumps(play: Play) -> dict[str, Any]:
    """On PostgreSQL a second host's clock stays right. Nobody is in doubt, limits hold, nothing waits for a minute."""
    several = play.here.database == "postgresql"
    rate = max(10, round(play.recipients / play.given.clock_seconds))
    faults = {"temporary_share": 0.02} if several else {}
    play.open(slow_ms=5, rate_per_minute=60 * rate, **faults)
    file = play.here.stack.var / "clock"
    file.write_text("0")
    play.start_worker("worker1", module=("bench.skewed", str(file)))
    if several:
        play.start_worker("worker2", own_folder=True)
    play.launch()
    for number, shift in enumerate(JUMPS, start=1):
        play.share(number / (len(JUMPS) + 1))
        file.write_text(str(shift))
        time.sleep(0.2)
    found = play.verdict()
    return {
        **found,
        "bound": 0,
        "jumps_s": list(JUMPS),
        "leases_settled": play.logs("lease settled"),
        "rate_per_second": rate,
        "worst_second": worst_second([at for at, _ in play.sandbox.times()]),
    }
