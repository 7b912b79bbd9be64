"""Signatures against the vectors of RFC 8463 and a verifier that shares no code with the signer."""

import base64
import hashlib
import re

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_app.channels.email import dkim
from campaign_app.channels.email_smtp.composer import MimeComposer
from tests.channels.helpers import account
from tests.channels.test_mime import content

# RFC 8463 appendix A
VECTOR = b"""DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r
 d=football.example.com; i=@football.example.com;\r
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r
 subject : date : message-id : from : subject : date;\r
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r
From: Joe SixPack <joe@football.example.com>\r
To: Suzie Q <suzie@shopping.example.net>\r
Subject: Is dinner ready?\r
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r
Message-ID: <20030712040037.46341.5F8J@football.example.com>\r
\r
Hi.\r
\r
We lost the game.  Are you hungry yet?\r
\r
Joe.\r
"""
VECTOR_RECORD = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def relax(header: str) -> str:
    name, value = header.split(":", 1)
    return name.strip().lower() + ":" + re.sub(r"[ \t]+", " ", value.replace("\r\n", "")).strip()


def verify(message: bytes, record: str) -> None:
    """Raise unless the first DKIM-Signature of a message fits the TXT record. Written from RFC 6376, 3.7 and 6.1."""
    head, _, body = message.decode("latin-1").partition("\r\n\r\n")
    headers = re.split(r"\r\n(?![ \t])", head)
    signature = next(h for h in headers if h.lower().startswith("dkim-signature:"))
    tags = dict(re.findall(r"(\w+)\s*=\s*([^;]*)", signature.split(":", 1)[1]))
    tags = {k: re.sub(r"\s+", "" if k in "bh" or k == "bh" else " ", v) for k, v in tags.items()}
    lines = [re.sub(r"[ \t]+", " ", line).rstrip(" \t") for line in body.split("\r\n")]
    while lines and lines[-1] == "":
        lines.pop()
    canonical = "".join(f"{line}\r\n" for line in lines)
    assert base64.b64encode(hashlib.sha256(canonical.encode("latin-1")).digest()).decode() == tags["bh"].strip()
    rest = [h for h in headers if h is not signature]
    signed = ""
    for name in tags["h"].split(":"):
        found = [h for h in rest if h.split(":", 1)[0].strip().lower() == name.strip().lower()]
        if found:
            signed += relax(found[-1]) + "\r\n"
            rest.remove(found[-1])
    signed += relax(re.sub(r"(;\s*b=)[^;]*", r"\1", signature, count=1))
    key = dict(part.strip().split("=", 1) for part in record.split(";"))
    public = base64.b64decode(key["p"])
    value = base64.b64decode(tags["b"])
    data = signed.encode("latin-1")
    if key["k"] == "ed25519":
        Ed25519PublicKey.from_public_bytes(public).verify(value, hashlib.sha256(data).digest())
    else:
        loaded = serialization.load_der_public_key(public)
        assert isinstance(loaded, rsa.RSAPublicKey)
        loaded.verify(value, data, padding.PKCS1v15(), hashes.SHA256())


KEYS = {kind: dkim.generate_key(kind) for kind in dkim.KeyKind}


def signed(kind: dkim.KeyKind, **changes) -> bytes:
    config = account(1, dkim_domain="example.com", dkim_selector="s1", dkim_key=KEYS[kind])
    return MimeComposer(config, reply_to="answers@example.com").compose_mail(content(**changes))


def record(kind: dkim.KeyKind) -> str:
    return dkim.dns_record("example.com", "s1", KEYS[kind]).text


def test_the_verifier_accepts_the_vector_of_the_standard() -> None:
    verify(VECTOR, VECTOR_RECORD)
    with pytest.raises(InvalidSignature):
        verify(VECTOR.replace(b"dinner", b"supper"), VECTOR_RECORD)


def test_canonical_forms_of_the_standard() -> None:
    # RFC 6376, 3.4.5
    assert dkim.relaxed_header(b"A: X\r\n") == b"a:X"
    assert dkim.relaxed_header(b"B : Y\t\r\n\tZ  \r\n") == b"b:Y Z"
    assert dkim.relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n") == b" C\r\nD E\r\n"
    assert dkim.relaxed_body(b"\r\n\r\n") == b""


@pytest.mark.parametrize("kind", list(dkim.KeyKind))
def test_signatures_hold_and_cover_what_matters(kind: dkim.KeyKind) -> None:
    message = signed(kind, subject="Grüße " * 30, html="<p>Größe</p>\n  <b>x</b>\t\n\n\n")
    verify(message, record(kind))
    head = message[: message.index(b"\r\nFrom:")]
    covered = set(re.search(rb"h=([^;]*);", head)[1].decode().split(":"))
    assert covered == {name.decode() for name in dkim.SIGNED_HEADERS}
    for old, new in (
        (b"List-Unsubscribe-Post: List", b"List-Unsubscribe-Post: Lost"),
        (b"/u/token", b"/u/other"),
        (b"To: Jo", b"To: Al"),
        (b"Message-ID: <1", b"Message-ID: <2"),
        (b"MIME-Version: 1.0", b"MIME-Version: 1.1"),
        (b"\r\nFrom:", b"\r\nFrom: evil@example.com\r\nFrom:"),
    ):
        assert old in message
        with pytest.raises(InvalidSignature):
            verify(message.replace(old, new, 1), record(kind))
    with pytest.raises(AssertionError):
        verify(message.replace(b"<b>x", b"<b>y"), record(kind))


@settings(deadline=None)
@given(st.text(max_size=200), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=100))
def test_any_text_is_signed_right(html: str, subject: str) -> None:
    try:
        message = signed(dkim.KeyKind.ED25519, html=html, subject=subject)
    except UnicodeEncodeError:
        return
    verify(message, record(dkim.KeyKind.ED25519))


def test_records_and_keys() -> None:
    found = dkim.dns_record("example.com", "s1", KEYS[dkim.KeyKind.RSA])
    assert found.name == "s1._domainkey.example.com"
    assert found.text.startswith("v=DKIM1; k=rsa; p=")
    assert dkim.same_record(found.text.replace("; ", " ;\t") + "; t=s", found.text)
    assert not dkim.same_record("v=DKIM1; p=", found.text)
    small = rsa.generate_private_key(65_537, 1_024)
    assert dkim.load_key(pem(small))


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey, password: bytes = b"") -> str:
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        pem(ec.generate_private_key(ec.SECP256R1())),
        pem(Ed25519PrivateKey.generate(), b"secret"),
        "-----BEGIN é",
    ],
)
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match=r"PEM|RSA"):
        dkim.load_key(text)
