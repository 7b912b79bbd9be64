"""Limits of one rendering: processor time, loop steps, intermediate text, output.

Every operator, filter, comparison, loop step and output of a template is counted here first, so that the clock is
checked often.
"""

from contextvars import ContextVar, Token
from time import monotonic, thread_time

MAX_TEXT = 100_000
MAX_MADE = 10_000_000
MAX_OUTPUT = 2_000_000
MAX_STEPS = 20_000
MAX_ITEMS = 20_000
MAX_BITS = 256
SHORT = 256
"""Texts below this length are not counted. Their number is limited by the template's nodes and loop steps."""
RENDER_S = 0.25


class LimitReached(Exception):
    """A template exceeded a limit."""


class TimeUsedUp(LimitReached):
    """A rendering took more processor time than allowed."""


class Budget:
    """What is left of one rendering's limits."""

    __slots__ = ("_look_at", "_since", "made", "steps", "written")

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.made = MAX_MADE
        self.written = MAX_OUTPUT
        self._since = 0.0
        self._look_at = monotonic() + RENDER_S / 2

    def look(self) -> None:
        """Check the time; raise TimeUsedUp when it is used up."""
        if monotonic() > self._look_at:
            self._look_closely()

    def _look_closely(self) -> None:
        """Check this thread's processor time, from half of the allowed time on.

        Elapsed time would blame the template for a busy machine. Reading processor time from the start would slow down
        every message.
        """
        used = thread_time()
        if not self._since:
            self._since = used
        left = RENDER_S / 2 - (used - self._since)
        if left <= 0:
            raise TimeUsedUp(f"The template takes too long: more than {RENDER_S * 1000:.0f} ms for one person")
        self._look_at = monotonic() + left

    def step(self) -> None:
        """Count one step of any loop."""
        self.steps -= 1
        if self.steps < 0:
            raise LimitReached(f"A loop ran more than {MAX_STEPS:,} times")
        self.look()

    def make(self, length: int) -> None:
        """Count a text of `length` characters before it is created."""
        self.made -= length
        if self.made < 0:
            raise LimitReached("The template creates too much text while it runs")
        self.look()

    def write(self, length: int) -> None:
        """Count output."""
        self.written -= length
        if self.written < 0:
            raise LimitReached(f"The message grows beyond {MAX_OUTPUT // 1_000_000} MB")


current: ContextVar[Budget | None] = ContextVar("budget", default=None)


def begin() -> "Token[Budget | None]":
    """Start counting. Pass the returned token to `end`."""
    return current.set(Budget())


def end(token: "Token[Budget | None]") -> None:
    current.reset(token)


def allow(length: int) -> None:
    """Check and count a text of `length` characters before it is created."""
    if length < SHORT:
        return
    if length > MAX_TEXT:
        raise LimitReached("A text grows without limit")
    if budget := current.get():
        budget.make(length)


def look() -> None:
    """Check the time of the current rendering."""
    if budget := current.get():
        budget.look()
