"""Pieces of an RFC 5322 message as bytes: headers, addresses, bodies. Pure."""

import base64
import binascii
import re
import secrets
from email.headerregistry import Address
from functools import lru_cache

import idna

CRLF = b"\r\n"
MAX_LINE = 998
_FOLD = 76
_CHUNK = 45  # octets of UTF-8 that fit an encoded word of 75 characters in base64

_HEADER_NAME = re.compile(r"[!-9;-~]{1,76}")
_PLAIN = re.compile(r"(?!.*=\?)[!-~](?:[!-~]| (?=[!-~]))*")
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?: [A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*")
_ADDRESS = re.compile(r"[^\s<>\"(),:;@\[\]\\\x00-\x1f\x7f]{1,64}@[^\s<>\"(),:;@\[\]\\\x00-\x1f\x7f]{1,255}")
_LINE_END = re.compile(r"\r\n|\r|\n")


def refuse_line_breaks(name: str, value: str) -> None:
    """Raise ValueError when a header value could start another header."""
    if "\r" in value or "\n" in value or "\0" in value:
        raise ValueError(f"The {name} holds a line break.")


@lru_cache(maxsize=4096)
def _ascii_domain(domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise ValueError(f"The domain {domain} cannot be written for the mail system: {error}.") from None


def ascii_address(address: str) -> str:
    """The address as SMTP carries it: an international domain in its ASCII form.

    Raises:
        ValueError: it is not an address, or the part before the @ needs SMTPUTF8.
    """
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"“{address[:80]}” is not an e-mail address.")
    if address.isascii():
        return address
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise ValueError(f"“{address[:80]}” has letters before the @ that mail servers do not take.")
    return f"{local}@{_ascii_domain(domain)}"


def encoded_words(text: str, first_column: int) -> bytes:
    """RFC 2047 words in UTF-8 and base64, folded; no character is cut in two."""
    words: list[bytes] = []
    room = max(12, (_FOLD - first_column - 12) * 3 // 4)
    chunk = b""
    for character in text:
        octets = character.encode()
        if len(chunk) + len(octets) > min(room, _CHUNK):
            words.append(chunk)
            chunk, room = b"", _CHUNK
        chunk += octets
    words.append(chunk)
    return b"\r\n ".join(b"=?utf-8?b?" + base64.b64encode(word) + b"?=" for word in words)


def unstructured(name: str, value: str) -> bytes:
    """A header's value (Subject …), folded. Plain ASCII stays unchanged; other text is encoded.

    Raises:
        ValueError: it holds a line break.
    """
    refuse_line_breaks(name, value)
    first = len(name) + 2
    if len(value) + first <= _FOLD and _PLAIN.fullmatch(value):
        return value.encode("ascii")
    if not value:
        return b""
    if _PLAIN.fullmatch(value):
        folded = _fold(value, first)
        if folded is not None:
            return folded
    return encoded_words(value, first)


def _fold(value: str, column: int) -> bytes | None:
    """Break at single spaces; None when a word is too long for a line."""
    lines: list[str] = []
    line = ""
    for word in value.split(" "):
        if len(word) + 1 > MAX_LINE - column:
            return None
        if line and column + len(line) + 1 + len(word) > _FOLD:
            lines.append(line)
            line, column = word, 1
        else:
            line = f"{line} {word}" if line else word
    lines.append(line)
    return "\r\n ".join(lines).encode("ascii")


def mailbox(header: str, name: str, address: str) -> bytes:
    """`Name <address>`: the name quoted or encoded when needed, the domain in ASCII.

    Raises:
        ValueError: a line break in the name, or not an address.
    """
    target = ascii_address(address).encode("ascii")
    if not name or name.isspace():
        return target
    refuse_line_breaks(f"name in {header}", name)
    shown = name.strip()
    if len(shown) > 60 or not shown.isascii() or not shown.isprintable() or "=?" in shown:
        phrase = encoded_words(shown, len(header) + 2)
    elif _PHRASE.fullmatch(shown):
        phrase = shown.encode("ascii")
    else:
        phrase = str(Address(display_name=shown, addr_spec="a@b")).removesuffix(" <a@b>").encode("ascii")
    return phrase + (b"\r\n <" if len(phrase) > 40 else b" <") + target + b">"


@lru_cache(maxsize=256)
def _named(name: str) -> bytes:
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError(f"“{name[:80]}” is not a header name.")
    return name.encode("ascii") + b": "


def header_line(name: str, value: str) -> bytes:
    """One extra header line with its line end.

    Raises:
        ValueError: not a header name, or a line break in the value.
    """
    start = _named(name)
    if value.isascii() and value.isprintable() and len(start) + len(value) <= MAX_LINE:
        return start + value.encode("ascii") + CRLF
    return start + unstructured(name, value) + CRLF


def boundary() -> str:
    """A separator that does not occur in any text (128 random bits)."""
    return f"=_{secrets.token_hex(16)}"


def has_long_line(body: bytes) -> bool:
    """Whether a line exceeds the 998 octets that SMTP allows (line ends are CRLF)."""
    start, size = 0, len(body)
    while size - start > MAX_LINE:
        end = body.rfind(b"\n", start, start + MAX_LINE + 2)
        if end < 0:
            return True
        start = end + 1
    return False


def crlf(text: str) -> str:
    """Converts every line end to CRLF."""
    if "\r" in text:
        return _LINE_END.sub("\r\n", text)
    return text.replace("\n", "\r\n")


def quoted_printable(body: bytes) -> bytes:
    """RFC 2045 6.7 over text with CRLF line ends."""
    encoded = binascii.b2a_qp(body, quotetabs=False, istext=True)
    # binascii writes its soft line breaks as a bare LF until it has seen a CRLF.
    return encoded.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def encode_body(text: str, eight_bit: bool) -> tuple[bytes, bytes]:
    """(Content-Transfer-Encoding, body): 7bit when it fits, 8bit when allowed, else quoted-printable.

    Raises:
        ValueError: the text holds half a character (a lone surrogate).
    """
    body = crlf(text).encode("utf-8")
    plain = body.isascii()
    if (plain or eight_bit) and b"\0" not in body and not has_long_line(body):
        return (b"7bit" if plain else b"8bit"), body
    return b"quoted-printable", quoted_printable(body)


def stuffed(content: bytes) -> bytes:
    """The message as sent after DATA, without the final dot: leading dots doubled, ends with CRLF."""
    if content.rfind(b"\n.") >= 0:  # three times as fast as `in`
        content = content.replace(b"\r\n.", b"\r\n..")
    if content[:1] == b".":
        content = b"." + content
    return content if content.endswith(CRLF) else content + CRLF
