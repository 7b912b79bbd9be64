"""How full Redis is, and whether it may evict data that must not be lost. Pure except for one query."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from campaign_app.core import redis

NEAR: Final = 0.8
FULL: Final = 0.95
_NO_EVICTION: Final = "noeviction"
AT_THE_LIMIT: Final = (
    "At its limit Redis stores nothing more: nothing is queued or sent, and nobody can work in the browser. Nothing is "
    "lost, and everything continues when there is room again"
)


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of Redis in bytes; `limit` 0 means no limit."""

    used: int
    limit: int
    policy: str

    @property
    def share(self) -> float:
        """The used share of the limit."""
        return self.used / self.limit if self.limit else 0.0

    @property
    def words(self) -> str:
        """34 MB of 1,024 MB."""
        used = f"{self.used / 1024**2:,.0f} MB"
        return f"{used} of {self.limit / 1024**2:,.0f} MB" if self.limit else f"{used}, no limit"


def read(information: Mapping[str, Any]) -> Memory:
    """The memory figures in the answer to INFO."""
    limit = int(information.get("maxmemory", 0))
    return Memory(int(information["used_memory"]), limit, str(information.get("maxmemory_policy", "")))


async def of_redis() -> Memory:
    """Now."""
    return read(await redis.client().info("memory"))


def faults(memory: Memory) -> Iterator[tuple[bool, str, str]]:
    """Wrong settings and lack of memory: (whether it stops work now, what is wrong, how to fix it)."""
    if memory.policy != _NO_EVICTION:
        words = f"Its policy is {memory.policy}: when its memory is full, Redis evicts queued jobs and limits."
        yield False, words, "redis-cli config set maxmemory-policy noeviction   (and in redis.conf)"
    if not memory.limit:
        words = f"It has no memory limit ({memory.words}): Redis can use up the memory of the whole machine."
        yield False, words, "redis-cli config set maxmemory 1gb   (and in redis.conf)"
    elif memory.share >= NEAR:
        mend = "give it more: BEACON_REDIS_MEMORY_MB for Beacon's own server, maxmemory in redis.conf for another one"
        yield memory.share >= FULL, f"{memory.words} are used. {AT_THE_LIMIT}.", mend
