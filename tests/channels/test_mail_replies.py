"""The table of refusals: a corpus of what servers say, and what must hold for whatever else they say."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_app.channels.base import Party
from campaign_app.channels.email.mail_replies import classifier, phrases
from campaign_app.channels.email.mail_replies.classifier import Permanence, Stage, classify
from campaign_app.channels.email.mail_replies.corpus import RECIPIENT, SENDER, Row
from campaign_app.channels.email.mail_replies.phrases import compile_phrase, normal_form, occurs
from campaign_app.channels.email.mail_replies.status import find_code, find_status, parse_status
from campaign_app.channels.email.mail_replies.table import TABLE
from tests.channels import replies

ROWS = replies.rows()
stages = st.sampled_from([Stage.RCPT, Stage.DATA, Stage.DOT, Stage.REPORT])
codes = st.one_of(st.none(), st.integers(400, 599))
corpus_words = st.sampled_from([row.reply for row in ROWS])


@pytest.fixture(autouse=True, scope="module")
def _nothing_remembered() -> None:
    """What another run in this process has decided proves nothing about this one."""
    classifier._decide.cache_clear()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: re.sub(r"[^a-zA-Z0-9.]+", "-", f"{row.stage}-{row.reply[:60]}"))
def test_the_corpus(row: Row) -> None:
    assert replies.as_row(row) == row


def test_the_corpus_is_large_and_meets_every_rule() -> None:
    assert len(ROWS) >= 350
    assert {rule.name for rule in TABLE} - {row.rule for row in ROWS} == set()
    assert len({rule.name for rule in TABLE}) == len(TABLE)


def test_phrases_are_in_normal_form() -> None:
    for rule in TABLE:
        for phrase in rule.words:
            for piece in phrase.split("…"):
                plain = re.sub(r"%\w*%?", "x", piece).strip()
                assert normal_form(plain).strip() == phrases._without_accents(plain), (rule.name, phrase)


@settings(max_examples=200, deadline=None)
@given(codes, st.text(max_size=3_000), stages)
def test_no_text_makes_it_raise(code: int | None, text: str, stage: Stage) -> None:
    made = classify(code, None, text, stage=stage, sender=SENDER, recipient=RECIPIENT)
    assert made.rule
    assert made.reason


@pytest.mark.parametrize(
    "piece",
    [
        "5.1.1 ",
        "sender ",
        "a@",
        "@",
        "<",
        "1.1.1.1",
        "550 ",
        "verify ",
        "unknown ",
        "%ip%",
        "::1:",
        "a.",
        "-",
        "é",
        ".",
    ],
)
def test_nothing_behind_the_limit_is_looked_at(piece: str) -> None:
    long = piece * 200_000
    assert normal_form(long) == normal_form(long[: phrases.MAX_TEXT])
    made, cut = (
        classify(550, None, text, stage=Stage.RCPT, sender=SENDER, recipient=RECIPIENT)
        for text in (long, long[: phrases.MAX_TEXT])
    )
    assert made == cut


@settings(max_examples=200, deadline=None)
@given(corpus_words, st.sampled_from(["", ":", " -", " is", " ..."]), st.booleans(), st.integers(500, 599))
def test_words_that_name_only_the_sender_never_cost_a_recipient(words: str, joint: str, first: bool, code: int) -> None:
    words = re.sub(rf"<?{re.escape(RECIPIENT)}>?|recipient", "it", words, flags=re.IGNORECASE)
    text = f"<{SENDER}>{joint} {words}" if first else f"{words}{joint} <{SENDER}>"
    made = classify(code, None, text, stage=Stage.RCPT, sender=SENDER, recipient=RECIPIENT)
    assert not made.is_dead


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["greylisted", "Greylisting in action", "graylisted"]), corpus_words, st.booleans(), stages)
def test_greylisting_stays_greylisting_whatever_else_is_said(mark: str, words: str, first: bool, stage: Stage) -> None:
    text = f"{mark}; {words}" if first else f"{words[:1_000]} ({mark})"
    made = classify(451, None, text, stage=stage, sender=SENDER, recipient=RECIPIENT)
    assert (made.party, made.permanence, made.is_dead) == (Party.RECIPIENT, Permanence.TRANSIENT, False)


@settings(max_examples=200, deadline=None)
@given(st.integers(400, 499), corpus_words, stages)
def test_what_is_put_off_is_never_dead(code: int, words: str, stage: Stage) -> None:
    words = re.sub(r"^\d{3}", "", words)
    made = classify(code, None, words, stage=stage, sender=SENDER, recipient=RECIPIENT)
    assert made.permanence is not Permanence.PERMANENT
    assert not made.is_dead


@settings(max_examples=200, deadline=None)
@given(corpus_words, st.integers(400, 599))
def test_before_the_recipient_is_named_no_recipient_is_at_fault(words: str, code: int) -> None:
    made = classify(code, None, words, stage=Stage.MAIL, sender=SENDER, recipient=RECIPIENT)
    assert not made.is_dead
    if code >= 500 and made.permanence is Permanence.PERMANENT:
        assert made.party in {Party.ACCOUNT, Party.CONTENT}


@settings(max_examples=200, deadline=None)
@given(st.tuples(*[st.integers(0, 255)] * 4))
def test_an_ip_address_is_no_status(parts: tuple[int, int, int, int]) -> None:
    dotted = ".".join(map(str, parts))
    for text in (f"host [{dotted}] blocked", f"said {dotted}", f"{dotted} refused", f"({dotted})"):
        assert find_status(text) is None


@pytest.mark.parametrize(
    ("text", "code", "status"),
    [
        ("550 5.1.1 no such user", 550, (5, 1, 1)),
        ("550-5.7.26 This mail", 550, (5, 7, 26)),
        ("sorry, no mailbox here by that name (#5.1.1)", None, (5, 1, 1)),
        ("550 5.0.0 <x>: 5.2.2 over quota", 550, (5, 2, 2)),
        ("status=5.1.10.", None, (5, 1, 10)),
        ("Exim 4.94.2 at 10.0.0.1", None, None),
        ("smtp; 421-4.7.0 [192.0.2.1]", 421, (4, 7, 0)),
        ("delivered in 400 ms, 550 kB", 550, None),
        ("5.1.1.20 and 2.0.0 ok", None, None),
    ],
)
def test_codes_are_found_where_they_are_codes(text: str, code: int | None, status: tuple[int, int, int] | None) -> None:
    assert (find_code(text), find_status(text)) == (code, status)


def test_the_normal_form() -> None:
    text = (
        "550-5.1.1 <Bob@D1.example>: User_unknown, isn't at\n550 5.1.1 d1.example [10.0.0.1] or [fe80::1:2] — Größe 9%"
    )
    made = normal_form(text, "news@sender.example", "bob@d1.example")
    assert made == " %recipient% user unknown isnt at %recipientdomain% %ip% or %ip% grosse 9 "
    assert normal_form("sender.example news@sender.example", SENDER, "x@sender.example") == " sender.example %sender% "


def test_phrases_with_a_gap() -> None:
    phrase = compile_phrase("ip … blocked")
    assert occurs(phrase, " your ip is blocked ")
    assert occurs(phrase, " ip blocked ")
    assert not occurs(phrase, " recipient blocked ")
    assert not occurs(phrase, " ip " + "x" * 100 + " blocked ")
    assert not occurs(compile_phrase("spf "), " spfx ")
    assert occurs(compile_phrase("throttl"), " throttled ")


def test_pieces_follow_in_order_each_near_the_one_before() -> None:
    phrase = compile_phrase("ip … is … blocked")
    assert occurs(phrase, " ip x is x blocked ")
    assert not occurs(phrase, " blocked ip x is "), "the last must come behind the others"
    assert not occurs(phrase, " is blocked by ip ")
    gap = "x" * (phrases.GAP - 2)
    assert occurs(phrase, f" ip {gap} is {gap} blocked ")
    assert not occurs(phrase, f" ip {gap}xx is blocked ")
    assert not occurs(phrase, f" ip is {gap}xx blocked ")
    assert occurs(compile_phrase("a … b … b"), " a b b ")
    assert not occurs(compile_phrase("a … b … b"), " a b ")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (" 5.1.1 (no such user)", (5, 1, 1)),
        ("4.0.0", (4, 0, 0)),
        ("x" * 96 + " 5.1.1 and more", None),
        ("", None),
        ("relayed", None),
    ],
)
def test_the_status_field_of_a_report(text: str, status: tuple[int, int, int] | None) -> None:
    assert parse_status(text) == status


def test_an_address_at_the_end_of_a_sentence_is_known_without_its_dot() -> None:
    made = normal_form(f"Unknown user {RECIPIENT}. Bye {SENDER}.", SENDER, RECIPIENT)
    assert made == " unknown user %recipient% bye %sender% "
