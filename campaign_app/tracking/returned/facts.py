"""What returned mail says."""

from dataclasses import dataclass

from campaign_app.models.delivery import EventKind, Reason

MAX_RECIPIENTS = 100


@dataclass(frozen=True, slots=True)
class Fact:
    """What a message says of one recipient.

    `dead`: the address itself is at fault and must not be tried again. `about_us`: the server refused the sender, not
    the recipient. `rule`: the row of the table that says so (channels.mail_replies).
    """

    kind: EventKind
    recipient: str = ""
    dead: bool = False
    about_us: bool = False
    reason: Reason = Reason.NONE
    response: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class MailReport:
    """Facts, and every text in which a trace of our message may stand."""

    facts: tuple[Fact, ...]
    token: str
    traces: str
