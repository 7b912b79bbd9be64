"""How many commands may go out in one write (RFC 2920), and how a server that fails on groups is detected. Pure."""

from collections.abc import Callable
from enum import Enum, IntEnum, auto
from typing import Protocol

from campaign_app.channels.email_smtp.settings import Pipelining

_STRIKES = 2


class Mode(IntEnum):
    """SERIAL: each command waits. ENVELOPE: MAIL RCPT DATA together. FULL: they also follow the body before them."""

    SERIAL = 0
    ENVELOPE = 1
    FULL = 2


class Evidence(Enum):
    """Evidence that a server does not support groups although it offers them."""

    WORDS = auto()  # its reply says so
    CONFUSION = auto()  # its replies do not fit the commands
    SILENCE = auto()  # it answers part of the group and then stops
    DROP = auto()  # it closes the connection, which also has other causes


class Talker(Protocol):
    """The part of a dialogue that probing needs."""

    @property
    def in_group(self) -> Mode:
        """The grouping whose answers are outstanding."""

    @property
    def finished(self) -> bool:
        """Whether the dialogue is over."""


class Grouping:
    """How the connections of one sender may group commands. Each larger grouping is first tried on one connection.

    A connection that ends during a group proves little. The next message is sent in the proven mode. Only if that
    succeeds where the group failed does a second failed group prove that groups do not work. `broken` then holds the
    server's text, or ours.
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
        """The extensions that a new connection offers."""
        if not pipelining:
            self.allowed = self._proven = Mode.SERIAL
        elif not self.broken:
            self.allowed = self._wanted

    def mode_for(self, talker: Talker) -> Mode:
        """The mode that this connection may use now."""
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
        """Whether the server has answered such a group correctly."""
        return mode <= self._proven

    def worked(self, mode: Mode) -> None:
        """The server answered a group correctly (SERIAL: single commands)."""
        self._suspected = False
        if mode > self._proven:
            self._proven = mode
            self._strikes = 0

    def failed(self, mode: Mode, evidence: Evidence, why: str) -> bool:
        """Weigh a failure. Returns True when grouping is given up because of it."""
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
