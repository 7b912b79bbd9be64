"""The words of the table: at what a server refused, for how long, and what a row holds."""

from dataclasses import dataclass
from enum import StrEnum

from campaign_app.channels.base import Party
from campaign_app.models.delivery import Reason

Status = tuple[int, int, int]
"""An enhanced status code (RFC 3463): class, subject, detail."""


class Stage(StrEnum):
    """What the words answer: a command of SMTP, or no command at all (they stand in a report)."""

    CONNECT = "connect"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"
    REPORT = "report"


class Permanence(StrEnum):
    """How long a refusal holds."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    THROTTLE = "throttle"  # too much, too fast: the same message is taken later, at a lower rate


@dataclass(frozen=True, slots=True)
class Classification:
    """Who is at fault, for how long, and the name of the row that decided."""

    party: Party
    permanence: Permanence
    rule: str
    reason: Reason

    @property
    def is_dead(self) -> bool:
        """Whether the address itself does not exist or cannot be written to, now and later."""
        return (
            self.party is Party.RECIPIENT
            and self.permanence is Permanence.PERMANENT
            and self.reason in {Reason.UNKNOWN_ADDRESS, Reason.ADDRESS_INVALID}
        )
