"""Processes that hung and were killed by their watchdog, for the operations page and `doctor`."""

import json
from collections.abc import Awaitable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, cast

from campaign_app.core import redis

_KEY: Final = "beacon:hangs"
_KEPT: Final = 50


@dataclass(frozen=True, slots=True)
class Hang:
    """A process that did not answer for `silent_s`; `where` is what it was doing, "" when unknown."""

    at: datetime
    role: str
    host: str
    pid: int
    silent_s: float
    where: str


@dataclass(frozen=True, slots=True)
class Hangs:
    """The number of hangs so far, and the latest ones, newest first."""

    count: int = 0
    latest: tuple[Hang, ...] = ()


async def record(hangs: Sequence[Hang]) -> None:
    """Store them in Redis, where every host sees them."""
    pipe = redis.client().pipeline(transaction=True)
    for hang in hangs:
        pipe.lpush(_KEY, json.dumps({**asdict(hang), "at": hang.at.isoformat()}))
        pipe.incr(f"{_KEY}:count")
    pipe.ltrim(_KEY, 0, _KEPT - 1)
    await pipe.execute()


async def known() -> Hangs:
    """The recorded hangs."""
    client = redis.client()
    raws = cast("list[bytes]", await cast("Awaitable[Any]", client.lrange(_KEY, 0, _KEPT - 1)))
    rows = [json.loads(raw) for raw in raws]
    latest = tuple(Hang(**{**row, "at": datetime.fromisoformat(row["at"])}) for row in rows)
    return Hangs(int(await client.get(f"{_KEY}:count") or 0), latest)
