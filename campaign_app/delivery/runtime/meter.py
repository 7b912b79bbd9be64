"""The rate of messages over the last seconds. Pure: times are monotonic seconds."""

from collections import deque

LAST_KEPT = 20
WINDOW_S = 5.0
_TENTH_S = 0.1


class Meter:
    """Messages per minute over the last seconds, counted by tenths of a second. Times are monotonic seconds."""

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self._window = window_s
        self._points: deque[list[float]] = deque()  # [from, count]
        self._sum = 0.0
        self._since: float | None = None

    def add(self, count: int, at: float) -> None:
        """Count messages."""
        points = self._points
        self._sum += count
        if points and at - points[-1][0] < _TENTH_S:
            points[-1][1] += count
            return
        if self._since is None or not points:
            self._since = at
        points.append([at, count])
        self._forget(at)

    def _forget(self, at: float) -> None:
        points, begins = self._points, at - self._window
        while points and points[0][0] < begins:
            self._sum -= points.popleft()[1]

    def per_minute(self, at: float) -> float:
        """The present rate; a meter that has just begun looks at what it has seen."""
        self._forget(at)
        if not self._points or self._since is None:
            return 0.0
        return 60.0 * self._sum / min(self._window, max(at - self._since, 1.0))
