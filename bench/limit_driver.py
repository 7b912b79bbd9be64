"""One process that uses send slots as a worker does, without sending: the product's pacer, slots and limiter.

python -m bench.limit_driver --campaign 1 --per-minute 60000 --seconds 10 --out FILE
Prints a line when it is ready; begins at the instant (time.monotonic) that it reads from its standard input.
"""

import argparse
import asyncio
import time
from array import array
from collections import deque
from pathlib import Path
from typing import Any, cast

import uvloop

from campaign_app.core import redis
from campaign_app.core.rate_limit import Limiter, Limits
from campaign_app.delivery.runtime.campaign_runner import CampaignRunner, RunnerState
from campaign_app.delivery.runtime.pacer import Pacer
from campaign_app.delivery.runtime.slots import Slots


class Supply:
    """What a pacer asks of a runner: there is always something to send."""

    wants = 500
    state = RunnerState.SENDING

    def __init__(self, limits: Limits) -> None:
        self.campaign_id = limits.campaign_id
        self.limits = limits
        self.slots = Slots()
        self.leases: deque[Any] = deque([True])

    def wait_until(self, _at: Any) -> int:
        """A long wait would end the batch; here the pacer only asks again."""
        return 0


async def none_today(_account_id: int) -> int:
    """There is no limit per day here."""
    return 0


async def drive(limits: Limits, start: float, seconds: float) -> "array[float]":
    """The instants (monotonic, the same for all processes of a machine) at which a slot was used."""
    supply, used, woken = Supply(limits), array("d"), asyncio.Event()
    runner = cast(CampaignRunner, supply)
    pacer = Pacer(Limiter(), runner, woken.set, limits_of=lambda _runner: limits, sent_today=none_today)
    await asyncio.sleep(max(0.0, start - time.monotonic()))
    pacer.start()
    while (now := time.monotonic()) < start + seconds:
        while supply.slots.take(now):
            used.append(now)
            now = time.monotonic()
        woken.clear()
        following = supply.slots.next_at(now)
        wait = 0.05 if following is None else max(0.0, following - now)
        if following is None:
            try:
                await asyncio.wait_for(woken.wait(), wait)
            except TimeoutError:
                pacer.start()
        else:
            await asyncio.sleep(wait)
    await pacer.stop()
    await redis.dispose()
    return used


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaign", type=int, required=True)
    parser.add_argument("--per-minute", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    limits = Limits(given.campaign, 1, per_minute=given.per_minute)
    print("ready", flush=True)
    used = uvloop.run(drive(limits, float(input()), given.seconds))
    with given.out.open("wb") as file:
        used.tofile(file)


if __name__ == "__main__":
    main()
