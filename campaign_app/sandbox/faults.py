"""Configurable faults: special addresses that always have the same result, and shares for all others."""

import math
import random
import re
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, Field, field_validator

from campaign_app.channels.email.mail_replies.classifier import Stage
from campaign_app.sandbox import twins

SLOW_ADDRESS_MS = 2_000

UNKNOWN = b"550 5.1.1 No such user here"
FULL = b"552 5.2.2 Mailbox full"
BLOCKED = b"550 5.7.1 Message refused by policy"
GREYLISTED = b"451 4.7.1 Greylisted, try again later"
LATER = b"451 4.3.0 Mailbox temporarily unavailable"
SLOW_DOWN = b"451 4.7.1 Rate limit exceeded, try again later"
THROTTLED = b"421 4.7.0 Too many connections, try again later"


class Ending(StrEnum):
    """The result of a message's final dot."""

    ACCEPT = "accept"
    DROP_BEFORE = "drop before the answer, not accepted"
    DROP_AFTER = "drop before the answer, accepted"
    TEMPORARY = "4xx"
    PERMANENT = "5xx"


SPECIAL: dict[str, str] = {
    "refused": "550 5.1.1, the mailbox does not exist",
    "full": "552 5.2.2, the mailbox is full",
    "blocked": "550 5.7.1, refused by policy",
    "busy": "451 4.7.1 at the first attempt, accepted at the next (greylisting)",
    "later": "451 4.3.0 every time",
    "slow": "accepted, answered after 2 s",
    "dropbefore": "connection closed at the final dot, not accepted",
    "dropafter": "accepted, connection closed before the answer",
    "bounce": "accepted, returned later with a DSN (RFC 3464)",
    "complain": "accepted, marked as spam later (ARF, RFC 5965)",
    "open": "accepted, always opened",
    "click": "accepted, always opened and clicked",
    "unsubscribe": "accepted, always unsubscribed with one click (RFC 8058)",
}
_LOCAL = re.compile(rf"({'|'.join(SPECIAL)})(?:\d*|\+.*)$")


def special(address: str) -> str:
    """The behaviour an address asks for by its local part (`refused@`, `refused7@`, `refused+x@`), else empty."""
    found = _LOCAL.match(address.partition("@")[0])
    return found.group(1) if found else ""


class Bucket:
    """A token bucket: `per_second` pass, up to a second's worth at once. Times in seconds of any clock."""

    def __init__(self) -> None:
        self._left: float | None = None
        self._at = 0.0

    def takes_one(self, per_second: float, now: float) -> bool:
        """Whether one more may pass now."""
        most = max(1.0, per_second)
        left = most if self._left is None else min(most, self._left + (now - self._at) * per_second)
        self._left, self._at = (left - 1 if left >= 1 else left), now
        return left >= 1


class Faults(BaseModel):
    """Settings of the fault injection. Shares are between 0 and 1; `refuse` holds address patterns with * and ?.

    `per_second` messages are taken, the others are put off with 451 4.7.1; 0 = any number.
    `reply` names a real server's text (a provider's, or a rule's with `+3` for its third one), which a `reply_share` of
    all hear at the step where servers say it.
    `hold`: no answer to a final dot until it is switched off again.
    """

    slow_ms: int = Field(default=0, ge=0, le=60_000)
    temporary_share: float = Field(default=0.0, ge=0, le=1)
    permanent_share: float = Field(default=0.0, ge=0, le=1)
    stage: Literal["rcpt", "data"] = "rcpt"
    refuse: list[str] = Field(default_factory=list, max_length=100)
    drop_before_dot: float = Field(default=0.0, ge=0, le=1)
    drop_after_dot: float = Field(default=0.0, ge=0, le=1)
    unavailable: bool = False
    reply: str = Field(default="", max_length=100)
    reply_share: float = Field(default=1.0, ge=0, le=1)
    per_second: float = Field(default=0.0, ge=0, le=10_000)
    hold: bool = False

    @field_validator("reply")
    @classmethod
    def _is_known(cls, name: str) -> str:
        row = twins.find(name) if name else None
        if name and (row is None or row.stage is Stage.REPORT):
            raise ValueError("no server's reply has this name")
        return name

    def recipient_answer(self, address: str, kind: str, attempt: int, chance: random.Random) -> bytes | None:
        """The refusal of a RCPT, or None when the recipient is accepted. `attempt` counts from 1."""
        if answer := _special_answer(kind, attempt):
            return answer
        if any(fnmatchcase(address, pattern.lower()) for pattern in self.refuse):
            return UNKNOWN
        if self.stage != "rcpt" or not (self.permanent_share or self.temporary_share):
            return None
        return {Ending.PERMANENT: UNKNOWN, Ending.TEMPORARY: LATER}.get(self._by_share(chance))

    def ending(self, kind: str, chance: random.Random) -> Ending:
        """The result for a message at its final dot."""
        if kind in {"dropbefore", "dropafter"}:
            return Ending.DROP_BEFORE if kind == "dropbefore" else Ending.DROP_AFTER
        if self.drop_before_dot or self.drop_after_dot:
            throw = chance.random()
            if throw < self.drop_before_dot:
                return Ending.DROP_BEFORE
            if throw < self.drop_before_dot + self.drop_after_dot:
                return Ending.DROP_AFTER
        return self._by_share(chance) if self.stage == "data" else Ending.ACCEPT

    def delay_s(self, kind: str) -> float:
        """How long the answer to a final dot is kept back, in seconds; infinite while answers are held."""
        if self.hold:
            return math.inf
        return max(self.slow_ms, SLOW_ADDRESS_MS if kind == "slow" else 0) / 1000

    def _by_share(self, chance: random.Random) -> Ending:
        throw = chance.random()
        if throw < self.permanent_share:
            return Ending.PERMANENT
        if throw < self.permanent_share + self.temporary_share:
            return Ending.TEMPORARY
        return Ending.ACCEPT


def _special_answer(kind: str, attempt: int) -> bytes | None:
    if kind == "busy":
        return GREYLISTED if attempt == 1 else None
    return {"refused": UNKNOWN, "full": FULL, "blocked": BLOCKED, "later": LATER}.get(kind)
