"""How many connections a server bears: fewer when it pushes back, one more after a while of peace. Pure."""

_SHRINK_AT = 3.0
_RELIEF = 0.1  # so that fewer than one push-back in ten messages changes nothing
_RECOVER_S = 5.0
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0


class Pushback:
    """`limit` moves between 1 and `most`; at 1, further push-back pauses the taking. Times in seconds of any clock."""

    __slots__ = ("_changed_at", "_pause_s", "limit", "most", "paused_until", "pressure")

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = most
        self.pressure = 0.0
        self.paused_until = 0.0
        self._pause_s = 0.0
        self._changed_at = 0.0

    def accepted(self) -> None:
        """A message was taken. Call it only while `pressure` is not zero."""
        self.pressure = max(0.0, self.pressure - _RELIEF)
        if not self.pressure:
            self._pause_s = 0.0

    def throttled(self, now: float) -> None:
        """The server asked to slow down."""
        self.pressure += 1.0
        self._changed_at = now
        if self.pressure < _SHRINK_AT:
            return
        self.pressure = 1.0
        if self.limit > 1:
            self.limit //= 2
        else:
            self._pause_s = min(_LONGEST_PAUSE_S, self._pause_s * 2 or _FIRST_PAUSE_S)
            self.paused_until = now + self._pause_s

    def no_more_than(self, connections: int, now: float) -> None:
        """The server refuses a further connection while `connections` are open."""
        self.limit = max(1, min(self.limit, connections))
        self._changed_at = now

    def recover(self, now: float) -> None:
        """Allow one more connection after five seconds without push-back."""
        if self.limit < self.most and now - self._changed_at >= _RECOVER_S:
            self.limit += 1
            self._changed_at = now


def backoff(failures: int) -> float:
    """Seconds to wait after so many connections in a row could not be used."""
    return min(_LONGEST_PAUSE_S, 2.0 ** min(failures - 1, 10)) if failures else 0.0
