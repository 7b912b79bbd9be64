"""The wall clock of a worker's host jumps an hour forwards, two back, and to the right time again, while it sends."""

import time
from typing import Any

from bench.limits import worst_second
from bench.scenario import Scenario

HOUR_S = 3_600
JUMPS = (HOUR_S, -HOUR_S, 0)


def jumps(scenario: Scenario) -> dict[str, Any]:
    """On PostgreSQL a second host's clock stays right. Nobody is in doubt, limits hold, nothing waits for a minute."""
    several = scenario.installation.database == "postgresql"
    rate = max(10, round(scenario.recipients / scenario.given.clock_seconds))
    faults = {"temporary_share": 0.02} if several else {}
    scenario.open(slow_ms=5, rate_per_minute=60 * rate, **faults)
    file = scenario.installation.stack.var / "clock"
    file.write_text("0")
    scenario.start_worker("worker1", module=("bench.skewed", str(file)))
    if several:
        scenario.start_worker("worker2", own_folder=True)
    scenario.launch()
    for number, shift in enumerate(JUMPS, start=1):
        scenario.share(number / (len(JUMPS) + 1))
        file.write_text(str(shift))
        time.sleep(0.2)
    found = scenario.verdict()
    return {
        **found,
        "bound": 0,
        "jumps_s": list(JUMPS),
        "leases_settled": scenario.logs("lease settled"),
        "rate_per_second": rate,
        "worst_second": worst_second([at for at, _ in scenario.sandbox.times()]),
    }
