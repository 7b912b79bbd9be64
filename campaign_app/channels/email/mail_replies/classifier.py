"""Decides who is at fault for a refusal, and for how long. Pure. The rows are in `table`."""

from functools import lru_cache

from campaign_app.channels.base import Party
from campaign_app.channels.email.mail_replies import phrases
from campaign_app.channels.email.mail_replies.status import find_code, find_status, is_specific, quoted
from campaign_app.channels.email.mail_replies.table import TABLE
from campaign_app.channels.email.mail_replies.vocabulary import Classification, Permanence, Rule, Stage, Status
from campaign_app.models.delivery import Reason

__all__ = ["Classification", "Party", "Permanence", "Stage", "classify", "outcome"]

NAMES_THE_SENDER = "names-the-sender"


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

    `code` is the reply's code (421, 550 …). `status` is the enhanced status code when it is known separately. Both are
    also searched for in the text. `sender` and `recipient` are the addresses of the envelope: text that names one of
    them is about that one. A refusal without any code, as in some reports, counts as permanent.
    """
    text = quoted(text[: phrases.MAX_TEXT])
    found = find_status(text)
    if found is None or (status is not None and is_specific(status) and not is_specific(found)):
        found = status
    code = code or find_code(text)
    reply_class = code // 100 if code else found[0] if found else 5
    return _decide(code, found, phrases.normal_form(text, sender, recipient), stage, 4 if reply_class == 4 else 5)


@lru_cache(maxsize=4_096)
def _decide(code: int | None, status: Status | None, text: str, stage: Stage, reply_class: int) -> Classification:
    rule = next(rule for rule in TABLE if rule.fits(code, status, text, stage, reply_class))
    decided = outcome(rule, reply_class)
    if decided.is_dead and phrases.SENDER in text and phrases.RECIPIENT not in text:
        return Classification(Party.ACCOUNT, Permanence.PERMANENT, NAMES_THE_SENDER, Reason.ACCOUNT)
    return decided


def outcome(rule: Rule, reply_class: int) -> Classification:
    """What a row means for a refusal of this class (4 or 5)."""
    permanence = rule.permanence or (Permanence.TRANSIENT if reply_class == 4 else Permanence.PERMANENT)
    reason = rule.reason
    if permanence is not Permanence.PERMANENT and reason not in {Reason.ACCOUNT, Reason.MAILBOX_FULL}:
        reason = Reason.TEMPORARY
    return Classification(rule.party, permanence, rule.name, reason)
