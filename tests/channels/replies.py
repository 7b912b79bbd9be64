"""The table of replies and reports with what is made of them: `python -m tests.channels.replies`.

Ends with 1 when a row of the corpus or a report of tests/data/cases is not read as it should be.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from campaign_app.channels.email.mail_replies.classifier import Classification, classify
from campaign_app.channels.email.mail_replies.corpus import RECIPIENT, SENDER, Row, rows
from campaign_app.channels.email.reports import read

DATA = Path(__file__).parents[1] / "data"
REPORTS = {  # file → kind, part of the recipient, whose matter, dead, rule; None: nothing is made of it
    "report-aup.eml": ("bounce", "aup709027@d1.example", "account", "-", "sender-refused"),
    "report-delayed.eml": ("delay", "delayed709027@d1.example", "recipient", "-", ""),
    "report-ip4.eml": ("bounce", "ip4709027@d1.example", "recipient", "dead", "unknown-recipient-5.1.x"),
    "report-ipdead.eml": ("bounce", "ipdead709027@d1.example", "account", "-", "blocklist"),
    "report-jmrp.eml": ("complain", "jmrp709027@d1.example", "recipient", "-", ""),
    "report-ooo.eml": None,
    "report-ooo2.eml": None,
    "report-qmail.eml": ("bounce", "qmail709027@d1.example", "recipient", "dead", "unknown-recipient-5.1.x"),
    "report-quota.eml": ("bounce", "quota709027@d1.example", "account", "-", "account-quota"),
    "report-softkeep.eml": ("bounce", "softkeep709027@d1.example", "recipient", "-", "mailbox-full"),
    "report-status51x.eml": ("bounce", "status51x709027@d1.example", "account", "-", "sender-verification"),
    "report-xtext.eml": ("bounce", "bob+news709027@d1.example", "recipient", "dead", "unknown-recipient-5.1.x"),
}


def classified(row: Row) -> Classification:
    """What is made of a row: a reply's code is known apart from its words, a report's is not."""
    code, words = row.code_and_words()
    return classify(code, None, words, stage=row.stage, sender=SENDER, recipient=RECIPIENT)


def as_row(row: Row) -> Row:
    """The row as the classifier would have written it."""
    made = classified(row)
    dead = "dead" if made.is_dead else "-"
    return row._replace(party=made.party.value, permanence=made.permanence.value, dead=dead, rule=made.rule)


def reported(name: str) -> tuple[str, str, str, str, str] | None:
    """What is made of a report of the cases."""
    report = read((DATA / "cases" / name).read_bytes())
    if report is None:
        return None
    (fact,) = report.facts
    party = "account" if fact.about_us else "recipient"
    return (fact.kind.value, fact.recipient, party, "dead" if fact.dead else "-", fact.rule)


def _lines() -> Iterator[tuple[bool, str]]:
    for row in rows():
        made = as_row(row)
        words = f"{made.stage:8}{made.party:10}{made.permanence:10}{made.dead:5}{made.rule:26}{row.reply[:100]}"
        yield made == row, words
    for name, wanted in REPORTS.items():
        got = reported(name)
        yield got == wanted, f"{name:22}{' '.join(f'{part:10}' for part in got) if got else 'nothing: automatic'}"


def main() -> int:
    """Print the table; how many lines are wrong decides the exit code."""
    wrong = total = 0
    for right, words in _lines():
        total += 1
        wrong += not right
        print(f"{'' if right else '✗ '}{words}")
    print(f"{total} texts, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
