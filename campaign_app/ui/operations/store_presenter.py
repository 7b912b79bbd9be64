"""Texts of the operations page about queues, stores and hung processes. Pure."""

from datetime import datetime, timedelta
from typing import Final

from campaign_app.core.queue import Depth
from campaign_app.kit import text
from campaign_app.ops import memory
from campaign_app.ops.hangs import Hangs
from campaign_app.ops.schemas import Stores

_RECENT: Final = timedelta(hours=24)


def milliseconds(value: float) -> str:
    """2 ms · less than 1 ms."""
    return f"{value:.0f} ms" if value >= 1 else "less than 1 ms"


def queue(depth: Depth | None) -> str:
    """3 waiting, 2 running, 1 for later."""
    if depth is None:
        return text.NONE
    counts = ((depth.waiting, "waiting"), (depth.running, "running"), (depth.later, "for later"))
    return ", ".join(f"{text.number(count)} {word}" for count, word in counts)


def redis(stores: Stores) -> str:
    """Its response time and how full it is."""
    if stores.redis_ms is None:
        return "Does not answer"
    full = f", {stores.memory.words} used" if stores.memory else ""
    return f"Answers in {milliseconds(stores.redis_ms)}{full}"


def redis_faults(stores: Stores) -> list[tuple[str, str]]:
    """Problems with its memory, and how to fix them."""
    return [(words, mend) for _, words, mend in memory.faults(stores.memory)] if stores.memory else []


def hung(hangs: Hangs, at: datetime, zone: str) -> str:
    """None · 3, last 14 min ago."""
    if not hangs.count:
        return "None"
    return f"{text.number(hangs.count)}, last {text.ago(hangs.latest[0].at, at, zone)}"


def hang_note(hangs: Hangs, at: datetime, zone: str) -> tuple[str, str] | None:
    """The last hang while it is recent: what hung, and what is known about it."""
    if not hangs.latest or at - hangs.latest[0].at > _RECENT:
        return None
    last = hangs.latest[0]
    where = f" It stood in {last.where}." if last.where else " Where it stood is not known."
    return (
        f"The {last.role} process {last.pid} on {last.host} hung and was replaced ({text.exact(last.at, zone)})",
        f"It did not answer for {text.duration(last.silent_s)}.{where} The stacks of all its threads are in its log.",
    )
