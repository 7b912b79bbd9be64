"""Send slots that were granted and not used yet. Pure: times are monotonic seconds."""

from collections import deque
from dataclasses import dataclass

LATE = 0.42
LATE_S = 0.005


def tolerance(interval: float) -> float:
    """How many seconds late a slot may be used.

    A second may hold one message, or 1 %, more than the rate. 0.4 of that is the limiter's, to catch up
    (core.rate_limit). 0.42 is for this. The rest is for messages that are late on the way. Below one message a second
    there is always a second between two."""
    if interval > 1:
        return max(LATE_S, min(LATE * interval, 0.9 * (interval - 1)))
    allowed = max(1, int(1 / (100.4 * interval) + 0.008))  # one for each hundred a second, also while it catches up
    return LATE * interval * allowed


@dataclass(slots=True)
class _Block:
    at: float
    interval: float
    left: int


class Slots:
    """Uses slots in their order, each not before its time.

    Slots that were not used in time are dropped: used later, they would exceed the rate of another second.
    """

    def __init__(self) -> None:
        self._blocks: deque[_Block] = deque()
        self._free_until = 0.0
        self._missed = 0
        self._unspent = 0

    def grant(self, at: float, interval: float, count: int) -> None:
        """Add `count` slots from `at` on."""
        self._blocks.append(_Block(at, interval, count))

    def free(self, until: float) -> None:
        """No limit until then."""
        self._free_until = until

    def take(self, now: float) -> bool:
        """Use a slot whose time has come."""
        if now < self._free_until:
            return True
        blocks = self._blocks
        while blocks:
            block = blocks[0]
            if block.at > now:
                return False
            if block.interval:
                late = now - block.at - tolerance(block.interval)
                if late > 0:
                    missed = min(block.left, int(late / block.interval) + 1)
                    block.at += missed * block.interval
                    block.left -= missed
                    self._missed += missed
            if block.left and block.at <= now:
                block.left -= 1
                block.at += block.interval
                if not block.left:
                    blocks.popleft()
                return True
            if block.left:
                return False
            blocks.popleft()
        return False

    def next_at(self, now: float) -> float | None:
        """When the next slot may be used (`now` if one is due); None without slots."""
        if now < self._free_until:
            return now
        return max(now, self._blocks[0].at) if self._blocks else None

    def until(self, now: float) -> float:
        """When the slots will be used up."""
        last = max((block.at + block.interval * (block.left - 1) for block in self._blocks), default=now)
        return max(last, self._free_until, now)

    @property
    def count(self) -> int:
        """Slots that are left."""
        return sum(block.left for block in self._blocks)

    def drop(self) -> int:
        """Drop all. Returns how many there were."""
        count = self.count
        self._blocks.clear()
        self._free_until = 0.0
        return count

    def void(self) -> None:
        """Drop all because the rate has changed; the limiter is told."""
        self._unspent += self.drop()

    def waste(self, count: int) -> None:
        """Slots that were used for nothing: what was taken was not sent."""
        self._unspent += count

    def unused(self) -> tuple[int, int]:
        """(missed, used for nothing) since this was asked last: what the limiter is to take back."""
        found = self._missed, self._unspent
        self._missed = self._unspent = 0
        return found
