"""What a provider or a receiver reports about messages, independent of the wire format."""

from dataclasses import dataclass

from campaign_app.models.delivery import EventKind, Reason


@dataclass(frozen=True, slots=True)
class Fact:
    """What a report says about one recipient.

    `dead`: the address itself is at fault and must not be tried again. `about_us`: the server refused the sender, not
    the recipient. `rule`: the row of the reply table that says so (channels.email.mail_replies).
    """

    kind: EventKind
    recipient: str = ""
    dead: bool = False
    about_us: bool = False
    reason: Reason = Reason.NONE
    response: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Facts, and what identifies the message: our token (rendering.links), or the delivery found by its channel."""

    facts: tuple[Fact, ...]
    token: str = ""
    delivery_id: int | None = None
