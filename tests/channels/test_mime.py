"""Messages read back by the standard library exactly as they were meant, whatever people type."""

import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_app.channels.base import Envelope
from campaign_app.channels.email import message_ids
from campaign_app.channels.email_smtp import mime
from campaign_app.channels.email_smtp.composer import Mail, MimeComposer
from campaign_app.rendering.templating import Rendered
from tests.channels.helpers import account

UNSUBSCRIBE = {
    "List-Unsubscribe": "<https://beacon.example/u/token>, <mailto:u@example.com>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
one_line = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029"), max_size=200)
short = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=80)


def content(**changes) -> Mail:
    fields = {
        "recipient": "jo@example.org", "recipient_name": "Jo Person", "subject": "Hello", "html": "<p>Hi</p>",
        "text": "Hi", "message_id": "1.abc@example.com", "headers": UNSUBSCRIBE,
    }  # fmt: skip
    return Mail(**(fields | changes))


def compose(eight_bit: bool = True, from_name: str = "", reply_to: str = "", **changes) -> tuple[bytes, EmailMessage]:
    data = MimeComposer(account(1), from_name=from_name, reply_to=reply_to, eight_bit=eight_bit).compose_mail(
        content(**changes)
    )
    return data, message_from_bytes(data, policy=policy.SMTP)


def lines_of(text: str) -> str:
    return re.sub("\r\n|\r|\n", "\r\n", text)


def payload(part: EmailMessage) -> str:
    return part.get_payload(decode=True).decode()


def check_wire(data: bytes, eight_bit: bool) -> None:
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", data), "a bare CR or LF"
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert eight_bit or data.isascii()
    assert b"\0" not in data
    head = data[: data.index(b"\r\n\r\n")]
    assert head.isascii()


@settings(deadline=None)
@given(anything, anything, st.booleans())
def test_bodies_survive(html: str, text: str, eight_bit: bool) -> None:
    data, parsed = compose(eight_bit, html=html, text=text)
    check_wire(data, eight_bit)
    if html and text:
        plain, rich = parsed.iter_parts()
        assert parsed.get_content_type() == "multipart/alternative"
        assert (plain.get_content_type(), rich.get_content_type()) == ("text/plain", "text/html")
        assert payload(plain) == lines_of(text)
        assert payload(rich) == lines_of(html)
    else:
        assert payload(parsed).removesuffix("\r\n") == lines_of(html or text).removesuffix("\r\n")


@settings(deadline=None)
@given(one_line, short)
def test_headers_survive(subject: str, name: str) -> None:
    data, parsed = compose(subject=subject, recipient_name=name)
    check_wire(data, True)
    assert parsed["Subject"] == subject
    (to,) = parsed["To"].addresses
    assert to.addr_spec == "jo@example.org"
    # the newer parser of the standard library puts a space between encoded words of a name; the older one does not
    shown, _ = parseaddr(message_from_bytes(data)["To"])
    assert str(make_header(decode_header(shown))) == name.strip()
    assert not parsed.defects


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_no_header_can_be_smuggled_in(text: str) -> None:
    evil = f"x{text}\r\nBcc: someone@example.com"
    for field in ("subject", "recipient_name", "message_id"):
        with pytest.raises(ValueError, match=r"line break|Message-ID"):
            compose(**{field: evil})
    with pytest.raises(ValueError, match="address"):
        compose(recipient=evil)
    for headers in ({"X-A": evil}, {evil: "x"}):
        with pytest.raises(ValueError, match=r"line break|header name"):
            compose(headers=headers)


def test_the_whole_message() -> None:
    data, parsed = compose(from_name="Müller & Söhne", reply_to="answers@example.com", subject="Grüße, {{x}}")
    assert parsed["From"].addresses[0] == Address("Müller & Söhne", addr_spec="news@example.com")
    assert parsed["Reply-To"] == "answers@example.com"
    assert parsed["Message-ID"] == "<1.abc@example.com>"
    assert parsed["MIME-Version"] == "1.0"
    assert parsed["Date"].datetime.tzinfo is not None
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert parsed["List-Unsubscribe"] == UNSUBSCRIBE["List-Unsubscribe"]
    assert data.count(b"7bit") == 2


@pytest.mark.parametrize(
    ("html", "eight_bit", "encoding"),
    [
        ("plain", False, "7bit"),
        ("ü", True, "8bit"),
        ("ü", False, "quoted-printable"),
        ("x" * 999, True, "quoted-printable"),
    ],
)
def test_the_lightest_encoding_that_fits(html: str, eight_bit: bool, encoding: str) -> None:
    _, parsed = compose(eight_bit, html=html, text="")
    assert parsed["Content-Transfer-Encoding"] == encoding
    assert payload(parsed) == html + "\r\n" or payload(parsed) == html


@settings(deadline=None)
@given(st.lists(st.integers(0, 1_200), max_size=6))
def test_long_lines_are_found(lengths: list[int]) -> None:
    body = b"\r\n".join(b"x" * length for length in lengths)
    assert mime.has_long_line(body) == any(length > 998 for length in lengths)


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"", b".", b"..", b".x", b"x.", b"x"]), max_size=8))
def test_dots_are_doubled_and_read_back(lines: list[bytes]) -> None:
    sent = mime.stuffed(b"\r\n".join(lines))
    assert sent.endswith(b"\r\n")
    assert b"\r\n.\r\n" not in b"\r\n" + sent
    read = b"\r\n".join(line.removeprefix(b".") if line.startswith(b".") else line for line in sent.split(b"\r\n"))
    assert read.removesuffix(b"\r\n") == b"\r\n".join(lines).removesuffix(b"\r\n")


@pytest.mark.parametrize(
    ("given_address", "sent"),
    [("jo@bücher.example", "jo@xn--bcher-kva.example"), ("jo@例え.jp", "jo@xn--r8jz45g.jp"), ("a+b@c.d", "a+b@c.d")],
)
def test_international_domains(given_address: str, sent: str) -> None:
    _, parsed = compose(recipient=given_address)
    assert parsed["To"].addresses[0].addr_spec == sent


@pytest.mark.parametrize(
    "address", ["", "jo", "jo@", "@x.y", "a b@c.d", "jø@example.org", "a@b@c", "a@\u0640.\u0640", "<a@b.c>"]
)
def test_addresses_that_cannot_be_sent_to(address: str) -> None:
    with pytest.raises(ValueError, match=r"address|domain|letters"):
        compose(recipient=address)


def test_half_characters_are_refused() -> None:
    for field in ("html", "subject", "recipient_name"):
        with pytest.raises(ValueError, match="surrogates"):
            compose(**{field: "x\ud800"})


def test_a_campaign_s_message_names_its_delivery_and_leaves_with_one_click(var_dir: Path) -> None:
    envelope = Envelope(77, "jo@example.org", "Jo Person", "https://beacon.example/u/abc", "abc")
    data = MimeComposer(account(1)).compose(envelope, Rendered("Hello", "<p>Hi</p>", "Hi"))
    parsed = message_from_bytes(data, policy=policy.SMTP)
    assert parsed["List-Unsubscribe"] == "<https://beacon.example/u/abc>"
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert parsed["X-Beacon-Delivery"] == "abc"
    assert message_ids.read(parsed["Message-ID"]) == 77
    check_wire(data, eight_bit=True)
