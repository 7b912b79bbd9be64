"""How many connections a server accepts: fewer after push-back, one more after a quiet time. Pure.

The engine decides how many messages per second it accepts (core.learnt_rate), because it controls all workers of an
account.
"""

import re

_IN_VAIN = 3  # signals without success between them: the number of connections may be the cause, whatever the text says
_FIRST_WAIT_S = 5.0
_LONGEST_WAIT_S = 300.0
_LONGEST_BACKOFF_S = 60.0
_OF_CONNECTIONS = re.compile(r"connection|concurren|session", re.IGNORECASE)


class Pushback:
    """`limit` moves between 1 and `most`. A message keeps the `step` at which it was taken. Refusals of messages taken
    before the last step belong to the same signal. Times are in seconds of any clock.
    """

    __slots__ = ("_changed_at", "_wait_s", "in_vain", "limit", "most", "step")

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = most
        self.step = 0
        self.in_vain = 0
        self._wait_s = _FIRST_WAIT_S
        self._changed_at = 0.0

    def accepted(self) -> None:
        """A message was accepted. Call it only while `in_vain` is not zero."""
        self.in_vain = 0

    def throttled(self, taken_at: int, words: str, now: float) -> None:
        """The server asked to slow down for a message taken at step `taken_at`."""
        if taken_at < self.step:
            return
        self.step += 1
        self.in_vain += 1
        if speaks_of_connections(words) or self.in_vain >= _IN_VAIN:
            self.in_vain = 0
            self._shrink(self.limit // 2, now)

    def no_more_than(self, connections: int, now: float) -> None:
        """The server refuses another connection while `connections` are open."""
        self._shrink(min(self.limit, connections), now)

    def _shrink(self, limit: int, now: float) -> None:
        if self._changed_at:
            self._wait_s = min(_LONGEST_WAIT_S, self._wait_s * 2)
        self.limit = max(1, limit)
        self._changed_at = now

    def recover(self, now: float) -> None:
        """Allow one more connection after a time without push-back: first 5 s, longer after each failed try."""
        if self.limit < self.most and now - self._changed_at >= self._wait_s:
            self.limit += 1
            self._changed_at = now


def speaks_of_connections(words: str) -> bool:
    """Whether a server's text is about connections, not messages."""
    return bool(_OF_CONNECTIONS.search(words))


def backoff(failures: int) -> float:
    """Seconds to wait after this many unusable connections in a row."""
    return min(_LONGEST_BACKOFF_S, 2.0 ** min(failures - 1, 10)) if failures else 0.0
