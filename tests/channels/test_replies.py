"""Replies parse the same however they are cut; junk stops, what came before it counts."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_app.channels.email_smtp.replies import MAX_LINE, MAX_LINES, ReplyParser, enhanced, words

codes = st.integers(200, 599)
texts = st.binary(max_size=40).map(lambda b: b.replace(b"\r", b"").replace(b"\n", b""))
replies = st.lists(st.tuples(codes, st.lists(texts, min_size=1, max_size=4)), max_size=6)


def encode(code: int, lines: list[bytes]) -> bytes:
    head = b"".join(b"%d-%b\r\n" % (code, line) for line in lines[:-1])
    return head + b"%d %b\r\n" % (code, lines[-1])


@given(replies, st.lists(st.integers(0, 400), max_size=30))
def test_any_cut_gives_the_same_replies(sent: list, cuts: list[int]) -> None:
    data = b"".join(encode(*reply) for reply in sent)
    parser = ReplyParser()
    got = []
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    for start, end in pairwise(places):
        got += parser.feed(data[start:end])
    assert got == [(code, b"\n".join(lines)) for code, lines in sent]
    assert parser.is_empty
    assert not parser.error


@given(st.binary(max_size=300), st.integers(1, 7))
def test_junk_never_raises_and_cutting_does_not_matter(data: bytes, size: int) -> None:
    whole, pieces = ReplyParser(), ReplyParser()
    expected = whole.feed(data)
    got = [reply for i in range(0, len(data), size) for reply in pieces.feed(data[i : i + size])]
    assert got == expected
    assert bool(pieces.error) == bool(whole.error)


def test_replies_before_junk_count() -> None:
    parser = ReplyParser()
    assert parser.feed(b"250 kept\r\n\x16\x03\x01junk\r\n250 never\r\n") == [(250, b"kept")]
    assert "not an SMTP reply" in parser.error
    assert parser.feed(b"250 more\r\n") == []


@pytest.mark.parametrize(
    "data",
    [
        b"250-a\r\n251 b\r\n",
        b"199 x\r\n",
        b"600 x\r\n",
        b"2500 x\r\n",
        b"HTTP/1.1 400 Bad\r\n",
        b"250 " + b"x" * MAX_LINE + b"\r\n",
        b"x" * (MAX_LINE + 1),
        b"250-a\r\n" * (MAX_LINES + 1),
        b"\r\n",
    ],
)
def test_protocol_errors(data: bytes) -> None:
    parser = ReplyParser()
    parser.feed(data)
    assert parser.error


def test_lenient_where_servers_are_sloppy() -> None:
    parser = ReplyParser()
    assert parser.feed(b"250\r\n250 bare\n") == [(250, b""), (250, b"bare")]


def test_enhanced_codes_and_words() -> None:
    assert enhanced(b"5.1.1 no such user") == (5, 1, 1)
    assert enhanced(b"5.1.1.2 version") is None
    assert enhanced(b"queued as 5.1.1") is None
    assert words((550, b"5.1.1 no\nsuch\x00 user \xff")) == "550 5.1.1 no such  user \ufffd"
    assert words((250, b"")) == "250"
    assert len(words((250, b"x" * 900))) == 500
