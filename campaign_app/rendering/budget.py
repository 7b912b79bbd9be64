"""What one rendering may use: processor time, steps of loops, text that is made, text that is written.

Every operator, filter, comparison, loop step and output of a template asks here first, so that nothing runs for long
between two looks at the clock.
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
"""Texts below this cost less than counting them; how many a template can make is bounded by its nodes and steps."""
RENDER_S = 0.25


class LimitReached(Exception):
    """A template asked for more than a message may use."""


class TimeUsedUp(LimitReached):
    """A rendering took more processor time than a message may take."""


class Budget:
    """What one rendering may still use."""

    __slots__ = ("_look_at", "_since", "made", "steps", "written")

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.made = MAX_MADE
        self.written = MAX_OUTPUT
        self._since = 0.0
        self._look_at = monotonic() + RENDER_S / 2

    def look(self) -> None:
        """Stop what takes too long."""
        if monotonic() > self._look_at:
            self._look_closely()

    def _look_closely(self) -> None:
        """Half of the time has passed on the wall: from now on only this thread's processor time counts.

        A busy machine is not the template's fault; to ask for that clock at each beginning would cost every message.
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
        """Count a text of `length` characters that is going to be made."""
        self.made -= length
        if self.made < 0:
            raise LimitReached("The template makes too much text on the way")
        self.look()

    def write(self, length: int) -> None:
        """Count what goes into the message."""
        self.written -= length
        if self.written < 0:
            raise LimitReached(f"The message grows beyond {MAX_OUTPUT // 1_000_000} MB")


current: ContextVar[Budget | None] = ContextVar("budget", default=None)


def begin() -> "Token[Budget | None]":
    """Start to count; `end` with the token stops it."""
    return current.set(Budget())


def end(token: "Token[Budget | None]") -> None:
    """Stop counting."""
    current.reset(token)


def allow(length: int) -> None:
    """Ask before a text of `length` characters is made."""
    if length < SHORT:
        return
    if length > MAX_TEXT:
        raise LimitReached("A text grows without bound")
    if budget := current.get():
        budget.make(length)


def look() -> None:
    """Stop what takes too long."""
    if budget := current.get():
        budget.look()
