"""What one rendering may use: steps of loops, seconds, length of any text."""

import time
from contextvars import ContextVar

MAX_TEXT = 1_000_000
MAX_STEPS = 20_000
MAX_SECONDS = 1.0
_WORTH_A_LOOK = 4_096


class LimitReached(Exception):
    """A template asked for more than a message may use."""


class Budget:
    """What one rendering may still use."""

    __slots__ = ("deadline", "steps")

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.deadline = time.monotonic() + MAX_SECONDS

    def step(self) -> None:
        """Count one step of any loop."""
        self.steps -= 1
        if self.steps < 0:
            raise LimitReached(f"A loop ran more than {MAX_STEPS:,} times")
        if self.steps % 64 == 0:
            self.check_time()

    def check_time(self) -> None:
        """Stop what takes too long."""
        if time.monotonic() > self.deadline:
            raise LimitReached(f"Making the message took longer than {MAX_SECONDS:g} s")


current: ContextVar[Budget | None] = ContextVar("budget", default=None)


def allow(length: int) -> None:
    """Ask before a text of `length` characters is made."""
    if length > MAX_TEXT:
        raise LimitReached("A text grows without bound")
    if length > _WORTH_A_LOOK and (budget := current.get()):
        budget.check_time()
