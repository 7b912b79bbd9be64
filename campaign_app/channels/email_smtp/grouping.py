"""How many commands may go out in one write (RFC 2920), and how a server that breaks on it is found out. Pure."""

from collections.abc import Callable
from enum import Enum, IntEnum, auto
from typing import Protocol

from campaign_app.channels.email_smtp.settings import Pipelining

_STRIKES = 2


class Mode(IntEnum):
    """SERIAL: each command waits. ENVELOPE: MAIL RCPT DATA together. FULL: those behind the body before them."""

    SERIAL = 0
    ENVELOPE = 1
    FULL = 2


class Evidence(Enum):
    """What speaks against a server's claim that it can take groups."""

    WORDS = auto()  # it says so
    CONFUSION = auto()  # its answers do not fit the commands
    SILENCE = auto()  # it answers a part of the group and then nothing
    DROP = auto()  # it closes; this happens for other reasons too


class Talker(Protocol):
    """A dialogue, as far as the probing goes."""

    @property
    def in_group(self) -> Mode:
        """The grouping whose answers are outstanding."""

    @property
    def finished(self) -> bool:
        """Whether it is over."""


class Grouping:
    """What one sender's connections may do. Each larger grouping is tried on one connection until it has worked once.

    A connection that ends in a group says little by itself: the next message goes as it is known to work, and only if
    it passes where the group failed, a second group that fails convicts the server.
    `broken` holds the server's words, or ours, once the server was seen to break on groups.
    """

    def __init__(self, wanted: str, on_broken: Callable[[Mode, str], None]) -> None:
        self._wanted = _WANTED[Pipelining(wanted)]
        self._on_broken = on_broken
        self._proven = Mode.SERIAL
        self._strikes = 0
        self._suspected = False
        self._prober: Talker | None = None
        self.allowed = Mode.SERIAL
        self.broken = ""

    def offered(self, pipelining: bool) -> None:
        """What EHLO said on a new connection."""
        if not pipelining:
            self.allowed = self._proven = Mode.SERIAL
        elif not self.broken:
            self.allowed = self._wanted

    def mode_for(self, talker: Talker) -> Mode:
        """How this connection may talk now."""
        allowed, proven = self.allowed, self._proven
        if allowed <= proven:
            return allowed
        other = self._prober
        if self._suspected or (
            other is not None and other is not talker and not other.finished and other.in_group > proven
        ):
            return proven
        self._prober = talker
        return Mode(proven + 1)

    def is_proven(self, mode: Mode) -> bool:
        """Whether the server has answered such a group as it should."""
        return mode <= self._proven

    def worked(self, mode: Mode) -> None:
        """The server answered a group (SERIAL: single commands) as it should."""
        self._suspected = False
        if mode > self._proven:
            self._proven = mode
            self._strikes = 0

    def failed(self, mode: Mode, evidence: Evidence, why: str) -> bool:
        """Weigh what happened; True when grouping is given up because of it."""
        if mode is Mode.SERIAL or (self.is_proven(mode) and evidence is not Evidence.WORDS):
            return False
        if evidence is Evidence.DROP:
            if self._suspected:  # the same incident on another connection
                return False
            self._strikes += 1
            self._suspected = self._strikes < _STRIKES
            if self._suspected:
                return False
        lower = Mode.ENVELOPE if mode is Mode.FULL and self._proven is Mode.ENVELOPE else Mode.SERIAL
        if lower < self.allowed:
            self.allowed = self._wanted = lower
            self._proven = min(self._proven, lower)
            self._strikes = 0
            self._suspected = False
            self.broken = why
            self._on_broken(lower, why)
        return True


_WANTED = {Pipelining.AUTO: Mode.FULL, Pipelining.ENVELOPE: Mode.ENVELOPE, Pipelining.OFF: Mode.SERIAL}
