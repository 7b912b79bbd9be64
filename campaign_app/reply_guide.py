"""`docs/replies.md`: what mail servers say, what it means and what Beacon does, made from the classifier's table.

`python -m campaign_app.reply_guide` writes the file again after the table was changed; a test compares them.
"""

import re
from collections.abc import Iterator
from enum import StrEnum

from campaign_app.channels import reported
from campaign_app.channels.base import Party
from campaign_app.channels.email.mail_replies import corpus
from campaign_app.channels.email.mail_replies.classifier import Classification, Permanence, outcome
from campaign_app.channels.email.mail_replies.meanings import MEANINGS
from campaign_app.channels.email.mail_replies.table import TABLE
from campaign_app.channels.email.mail_replies.vocabulary import Rule
from campaign_app.core import learnt_rate
from campaign_app.core.config import ROOT, Settings
from campaign_app.delivery.launch import refusals
from campaign_app.delivery.runtime import account_queue, circuit
from campaign_app.kit.text import duration

FILE = ROOT / "docs" / "replies.md"
_URL = re.compile(r"https?://\S+")
_LONGEST = 150


class Act(StrEnum):
    """What a refusal while sending leads to."""

    SLOW_DOWN = "slow down"
    ACCOUNT = "account"
    RETRY = "retry"
    SUPPRESS = "suppress"
    FAIL = "fail"


def act_on(found: Classification) -> Act:
    """What Beacon does about a refusal of this kind."""
    if found.permanence is Permanence.THROTTLE:
        return Act.SLOW_DOWN
    if found.party is Party.ACCOUNT:
        return Act.ACCOUNT
    if found.permanence is Permanence.TRANSIENT:
        return Act.RETRY
    return Act.SUPPRESS if found.is_dead else Act.FAIL


def _acts() -> dict[Act, str]:
    tries = len(Settings.model_fields["retry_seconds"].default)
    first, last = (duration(circuit.BACKOFF_S[n]) for n in (0, -1))
    hopeless = duration(learnt_rate.GIVE_UP_S)
    return {
        Act.SLOW_DOWN: "The account's rate goes down, for all its campaigns and workers. The message waits for its "
        f"turn and no attempt is counted. After {hopeless} without one acceptance the account's campaigns pause.",
        Act.ACCOUNT: "No attempt is counted and no address is touched. "
        f"{account_queue.TROUBLE_AT} in a row: the account rests, its campaigns pause with the server's words, and it "
        f"is tried again after {first}, later after up to {last}. When it works, they go on by themselves.",
        Act.RETRY: f"The message is tried again later, {tries} times at most, then it fails. The address stays.",
        Act.SUPPRESS: "The message fails. The address is suppressed once the campaign's first "
        f"{refusals.FIRST} outcomes have passed the safety brake, unless the workspace has switched that off.",
        Act.FAIL: "The message fails. The address stays.",
    }


_PARTIES = {
    Party.RECIPIENT: ("The recipient", "The address or the mailbox is the reason."),
    Party.ACCOUNT: ("The sender or the account", "No recipient is at fault, whatever the code says."),
    Party.CONTENT: ("The message", "Another message to the same address may be taken."),
    Party.SERVER: ("A server or the way to it", "Nobody's fault in particular."),
}


_BEGINNING = """# What mail servers say, and what Beacon does

Made by `python -m campaign_app.reply_guide` from the table of the classifier: do not edit. The rows are asked in the
order of the table, and the first that fits decides. Words come before codes, because servers often give a code that
says something else. The sandbox says each example, most of them to `reply-NAME@`
([the sandbox](operations.md#the-sandbox)).

## What Beacon does

| | While sending |
|---|---|"""
_BRAKE = """
**Safety brake.** The same final refusal {run} times in a row among a campaign's first {few} messages, or for more than
{most} of its first {first}, pauses the campaign. A person has to look and resume it."""
_REPORTS = """
**Reports.** Mail that was accepted and comes back is read by the same table. *suppress* suppresses the address at once.
*account* is noted on the account and touches no address; several within {window} (at least {several}) stop its
campaigns. Everything else is shown on the recipient as returned. The report of a delay is only shown. A complaint
always suppresses."""
_SECTION = """
## {title}

{about}

| Name | What it means | Beacon | Example |
|---|---|---|---|"""


def text() -> str:
    """The whole guide."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _BEGINNING
    yield from (f"| {act} | {words} |" for act, words in _acts().items())
    brake = {"run": refusals.IN_A_ROW, "few": refusals.FIRST_FEW, "most": refusals.MOST, "first": refusals.FIRST}
    yield _BRAKE.format(**brake)
    yield _REPORTS.format(window=duration(reported.WINDOW.total_seconds()), several=reported.SEVERAL)
    for party, (title, about) in _PARTIES.items():
        yield _SECTION.format(title=title, about=about)
        yield from (_row(rule) for rule in TABLE if rule.party is party)


def _row(rule: Rule) -> str:
    return f"| `{rule.name}` | {MEANINGS[rule.name]} | {_reaction(rule)} | {_example(rule)} |"


def _reaction(rule: Rule) -> str:
    acts = {number: act_on(outcome(rule, number)) for number in sorted(rule.classes)}
    if len(set(acts.values())) == 1:
        return next(iter(acts.values())).value
    return ", ".join(f"{number}xx: {act}" for number, act in acts.items())


def _example(rule: Rule) -> str:
    row = next(row for row in corpus.rows() if row.rule == rule.name)
    words = " ".join(_URL.sub("…", row.reply).replace("|", "\\|").replace("`", "'").split())
    return f"`{words if len(words) <= _LONGEST else words[:_LONGEST].rsplit(' ', 1)[0] + ' …'}`"


def write() -> None:
    """Bring the file up to date."""
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    write()
