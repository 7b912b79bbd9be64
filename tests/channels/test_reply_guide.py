"""The guide to replies is made from the table, is current, and says what the code does."""

import pytest

from campaign_app import reply_guide
from campaign_app.channels.base import Outgoing, Party, Result, Verdict
from campaign_app.channels.email.mail_replies import corpus
from campaign_app.channels.email.mail_replies.classifier import Stage
from campaign_app.channels.email.mail_replies.corpus import Row
from campaign_app.channels.email.mail_replies.meanings import MEANINGS
from campaign_app.channels.email.mail_replies.table import TABLE
from campaign_app.channels.email_smtp.verdicts import Step, refused
from campaign_app.reply_guide import Act
from tests.channels import replies

STEPS = {Stage.MAIL: Step.MAIL, Stage.RCPT: Step.RCPT, Stage.DATA: Step.DATA, Stage.DOT: Step.DOT}
MESSAGE = Outgoing(1, corpus.SENDER, corpus.RECIPIENT, b"")
ANSWERS = [row for row in corpus.rows() if row.stage in STEPS]


def test_the_guide_is_current() -> None:
    assert reply_guide.FILE.read_text() == reply_guide.text(), "run: .venv/bin/python -m campaign_app.reply_guide"


def test_every_row_has_a_meaning_and_stands_in_the_guide_once() -> None:
    assert MEANINGS.keys() == {rule.name for rule in TABLE}
    lines = reply_guide.text().splitlines()
    for rule in TABLE:
        (line,) = [line for line in lines if line.startswith(f"| `{rule.name}` |")]
        assert MEANINGS[rule.name] in line
        assert line.count("`") == 4
    assert all(meaning.endswith(".") for meaning in MEANINGS.values())


def done(result: Result) -> Act:
    """What the engine does about a result (`delivery.line`), as the guide calls it."""
    if result.throttled:
        return Act.SLOW_DOWN
    if result.account_trouble:
        assert result.verdict is Verdict.NOT_TRIED
        return Act.ACCOUNT
    if result.verdict is Verdict.TEMPORARY:
        return Act.RETRY
    assert result.verdict is Verdict.PERMANENT
    return Act.SUPPRESS if result.is_dead else Act.FAIL


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: f"{row.rule}-{row.reply[:30]}")
def test_the_guide_says_what_is_done(row: Row) -> None:
    code, words = row.code_and_words()
    assert code is not None
    act = reply_guide.act_on(replies.classified(row))
    assert done(refused(STEPS[row.stage], (code, words.encode()), MESSAGE)) is act
    rule = next((rule for rule in TABLE if rule.name == row.rule), None)
    assert rule is None or act.value in reply_guide._reaction(rule)


def test_each_party_has_a_section() -> None:
    titles = [line for line in reply_guide.text().splitlines() if line.startswith("## ")]
    assert len(titles) == 1 + len(reply_guide._PARTIES)
    assert reply_guide._PARTIES.keys() == {rule.party for rule in TABLE} == set(Party) - {Party.NOBODY}
