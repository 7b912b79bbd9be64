"""What a server's answer means for one message: the reply table's classification turned into a Result."""

import re
from enum import StrEnum

from campaign_app.channels.base import Outgoing, Party, Result, Verdict
from campaign_app.channels.email.mail_replies.classifier import Classification, Permanence, Stage, classify
from campaign_app.channels.email_smtp.replies import Reply, enhanced, words
from campaign_app.models.delivery import Reason


class Step(StrEnum):
    """The command that a reply answers."""

    RSET = "RSET"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    DOT = "final dot"
    LONE_DOT = "lone dot"
    QUIT = "QUIT"


CLOSING = 421
BAD_SEQUENCE = 503
_NOT_ABOUT_PEOPLE = {500, 501, 502, 503, 504, 554, 555}
_GROUPING = re.compile(rb"pipelin|synchroni[sz]ation", re.IGNORECASE)
_STAGES = {
    Step.RSET: Stage.MAIL,
    Step.MAIL: Stage.MAIL,
    Step.RCPT: Stage.RCPT,
    Step.DATA: Stage.DATA,
    Step.DOT: Stage.DOT,
    Step.LONE_DOT: Stage.DOT,
    Step.QUIT: Stage.MAIL,
}


def accepted(reply: Reply) -> Result:
    """The server accepted the message."""
    return Result(Verdict.ACCEPTED, response=words(reply))


def refused(step: Step, reply: Reply, message: Outgoing | None = None) -> Result:
    """A 4yz or 5yz answer to one step of one message. Who is at fault decides what it costs.

    If the account is at fault, the recipient loses no attempt. A refusal because of the rate is `throttled`.
    """
    found = _classify(step, reply, message)
    throttled = found.permanence is Permanence.THROTTLE
    hangs_up = throttled and reply[0] == CLOSING and step in (Step.MAIL, Step.RSET)
    ours = hangs_up or (found.party is Party.ACCOUNT and not throttled)
    if ours:
        verdict, reason = Verdict.NOT_TRIED, Reason.ACCOUNT
    else:
        verdict = Verdict.PERMANENT if found.permanence is Permanence.PERMANENT else Verdict.TEMPORARY
        reason = found.reason
    return Result(
        verdict,
        reason,
        words(reply),
        account_trouble=ours,
        throttled=throttled,
        party=found.party,
        rule=found.rule,
    )


def _classify(step: Step, reply: Reply, message: Outgoing | None = None) -> Classification:
    code, text = reply
    return classify(
        code,
        enhanced(text),
        text.decode("utf-8", "replace"),
        stage=_STAGES[step],
        sender=message.sender if message else "",
        recipient=message.recipient if message else "",
    )


def speaks_of_grouping(reply: Reply) -> bool:
    """Whether the server's text is about commands sent together."""
    return bool(_GROUPING.search(reply[1]))


def may_mean_grouping(step: Step, reply: Reply) -> bool:
    """Whether a 5yz answer inside a group may be about the group: it blames neither sender nor recipient."""
    if step is Step.MAIL:
        return _classify(step, reply).reason is not Reason.MESSAGE_TOO_LARGE
    status = enhanced(reply[1])
    return reply[0] in _NOT_ABOUT_PEOPLE and (status is None or status[1] in (0, 5))
