"""Who is at fault when a mail server refuses, and for how long. Pure; the rows are in `rules`."""

from campaign_app.channels.base import Party
from campaign_app.channels.mail_replies import rules
from campaign_app.channels.mail_replies.vocabulary import Classification, Permanence, Stage, Status

__all__ = ["Classification", "Party", "Permanence", "Stage", "classify"]


def classify(
    code: int | None,
    status: Status | None,
    text: str,
    *,
    stage: Stage,
    sender: str = "",
    recipient: str = "",
) -> Classification:
    """What a refusal means.

    `code` is the reply's (421, 550 …), `status` the enhanced one where it is known apart from the text. `sender` and
    `recipient` are the envelope's addresses: words that name one of them are about that one.
    """
    del sender, recipient
    return rules.decide(code, status, text, stage)
