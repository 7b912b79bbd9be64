"""Types of the table: who is at fault, for how long, and the fields of a row."""

from dataclasses import dataclass, field
from enum import StrEnum

from campaign_app.channels.base import Party
from campaign_app.channels.email.mail_replies import phrases
from campaign_app.channels.email.mail_replies.phrases import Phrase
from campaign_app.models.delivery import Reason

Status = tuple[int, int, int]
"""An enhanced status code (RFC 3463): class, subject, detail."""

Span = tuple[int, int, int]
"""Status codes of one subject: (subject, first detail, last detail)."""


class Stage(StrEnum):
    """What the text answers: an SMTP command, or no command (it is in a report)."""

    CONNECT = "connect"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"
    REPORT = "report"


class Permanence(StrEnum):
    """How long a refusal is valid."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    THROTTLE = "throttle"  # rate limit: the same message is accepted later, at a lower rate


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table. All its conditions must hold; an empty condition always holds.

    `words`: one of these phrases occurs (in normal form; `…` stands for up to 60 characters). `codes`: the reply's
    code is one of these. `classes`: 4 or 5. `spans`: the enhanced status is in one of these. `stages`: what was
    answered. Without a permanence, the reply's class decides it.
    """

    name: str
    party: Party
    reason: Reason
    permanence: Permanence | None = None
    words: tuple[str, ...] = ()
    codes: frozenset[int] = frozenset()
    classes: frozenset[int] = frozenset({4, 5})
    spans: tuple[Span, ...] = ()
    stages: frozenset[Stage] = frozenset(Stage)
    compiled: tuple[Phrase, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compiled", tuple(map(phrases.compile_phrase, self.words)))

    def fits(self, code: int | None, status: Status | None, text: str, stage: Stage, reply_class: int) -> bool:
        """Whether this row matches a refusal. `text` is in normal form."""
        if reply_class not in self.classes or stage not in self.stages:
            return False
        if self.codes and code not in self.codes:
            return False
        if self.spans and not _within(status, self.spans):
            return False
        return not self.compiled or any(phrases.occurs(phrase, text) for phrase in self.compiled)


def _within(status: Status | None, spans: tuple[Span, ...]) -> bool:
    return status is not None and any(s == status[1] and first <= status[2] <= last for s, first, last in spans)


@dataclass(frozen=True, slots=True)
class Classification:
    """Who is at fault, for how long, and the name of the row that decided it."""

    party: Party
    permanence: Permanence
    rule: str
    reason: Reason

    @property
    def is_dead(self) -> bool:
        """Whether the address does not exist or can never be written to."""
        return (
            self.party is Party.RECIPIENT
            and self.permanence is Permanence.PERMANENT
            and self.reason in {Reason.UNKNOWN_ADDRESS, Reason.ADDRESS_INVALID}
        )
