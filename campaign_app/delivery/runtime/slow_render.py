"""Whether a campaign's messages take too long to render. Then it pauses, because all others in the worker wait.

A message that takes longer than `budget.RENDER_S` is interrupted (TooSlow). This is about many that stay just below.
"""

from time import monotonic, thread_time

SLOW_S = 0.02
IN_A_ROW = 10
TOO_SLOW = f"The template takes too long: more than {SLOW_S * 1000:.0f} ms for {IN_A_ROW} people in a row"


class SlowRenderWatch:
    """Reads the wall clock, and the processor's clock, which costs more, only after a slow message."""

    __slots__ = ("_began", "_row", "_used")

    def __init__(self) -> None:
        self._row = 0
        self._began = self._used = 0.0

    def start(self) -> None:
        """A message is being made."""
        if self._row:
            self._used = thread_time()
        self._began = monotonic()

    def is_too_slow(self) -> bool:
        """Whether IN_A_ROW messages in a row were slow."""
        if monotonic() - self._began < SLOW_S:
            self._row = 0
            return False
        if self._row and thread_time() - self._used < SLOW_S:  # the machine was busy with something else
            return False
        self._row += 1
        return self._row >= IN_A_ROW
