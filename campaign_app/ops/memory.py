"""How full Redis is, and whether it would throw away what must not be lost. Pure but for one question."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from campaign_app.core import redis

NEAR: Final = 0.8
FULL: Final = 0.95
_NO_EVICTION: Final = "noeviction"
AT_THE_LIMIT: Final = (
    "At its limit it refuses to store: nothing is queued or sent, and nobody can work in the browser. Nothing is lost, "
    "and everything goes on once there is room"
)


@dataclass(frozen=True, slots=True)
class Memory:
    """In bytes; `limit` 0 is none."""

    used: int
    limit: int
    policy: str

    @property
    def share(self) -> float:
        """How much of the limit is used."""
        return self.used / self.limit if self.limit else 0.0

    @property
    def words(self) -> str:
        """34 MB of 1,024 MB."""
        used = f"{self.used / 1024**2:,.0f} MB"
        return f"{used} of {self.limit / 1024**2:,.0f} MB" if self.limit else f"{used}, no limit"


def read(information: Mapping[str, Any]) -> Memory:
    """From the answer to INFO."""
    limit = int(information.get("maxmemory", 0))
    return Memory(int(information["used_memory"]), limit, str(information.get("maxmemory_policy", "")))


async def of_redis() -> Memory:
    """Now."""
    return read(await redis.client().info("memory"))


def faults(memory: Memory) -> Iterator[tuple[bool, str, str]]:
    """What is not as it should be: whether it stops work now, what it is, and how it is mended."""
    if memory.policy != _NO_EVICTION:
        words = f"Its policy is {memory.policy}: when its memory is full it throws away queued work and limits."
        yield False, words, "redis-cli config set maxmemory-policy noeviction   (and in redis.conf)"
    if not memory.limit:
        words = f"It has no memory limit ({memory.words}): whatever fills it takes the machine with it."
        yield False, words, "redis-cli config set maxmemory 1gb   (and in redis.conf)"
    elif memory.share >= NEAR:
        mend = "give it more: BEACON_REDIS_MEMORY_MB for the own server, maxmemory in redis.conf for another"
        yield memory.share >= FULL, f"{memory.words} are used. {AT_THE_LIMIT}.", mend
