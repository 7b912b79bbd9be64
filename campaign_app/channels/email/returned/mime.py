"""Parses returned mail within limits, because anybody can send us anything. Pure."""

import email
import re
from collections.abc import Iterator, Sequence
from email import policy
from email.message import Message
from email.utils import parseaddr

MAX_RECIPIENTS = 100  # of one report
MAX_BYTES = 256 * 1024
MAX_LINES = 10_000
MAX_LINE = 2_000
MAX_FOLDED = 4_000  # octets of consecutive continuation lines: none of our headers is longer
MAX_PARTS = 40
MAX_TEXT = 64 * 1024
_HEADERS_PARTS = frozenset(
    {"text/rfc822-headers", "message/rfc822", "message/rfc822-headers", "message/global-headers"}
)
_ORIGINALS = frozenset({"message/rfc822", "message/global"})
_PLAIN = frozenset({"text/plain", "text"})
_COMMENTS = 20
_TAG = re.compile(r"<[^<>]{0,1000}>")
_NEW_PART = re.compile(rb"content-type:", re.IGNORECASE)


def parse(raw: bytes) -> Message:
    """The message with at most MAX_PARTS parts. Everything beyond the limits is dropped."""
    return email.message_from_bytes(_bounded(raw), policy=policy.compat32)


def _bounded(raw: bytes) -> bytes:
    kept: list[bytes] = []
    parts = folded = 0
    for line in raw[:MAX_BYTES].splitlines(keepends=True)[:MAX_LINES]:
        parts += bool(_NEW_PART.match(line))
        if parts > MAX_PARTS:
            break
        folded = folded + len(line) if line[:1] in (b" ", b"\t") else 0
        if folded <= MAX_FOLDED:
            kept.append(line if len(line) <= MAX_LINE else line[:MAX_LINE] + b"\n")
    return b"".join(kept)


def header(message: Message | None, name: str) -> str:
    """A header as one line; empty when there is none."""
    return next(iter(headers(message, name)), "")


def headers(message: Message | None, name: str) -> list[str]:
    """All headers with this name."""
    if message is None:
        return []
    return [" ".join(str(value).split()) for value in message.get_all(name, [])]


def has(message: Message, names: Sequence[str]) -> bool:
    """Whether one of these headers exists, even an empty one."""
    return any(name in message for name in names)


def address(text: str) -> str:
    """The address in a header, lower-case."""
    text = text.strip()[:1_000]
    if text.count("(") > _COMMENTS:  # the parser recurses one level for each of them
        text = text.replace("(", " ")
    return parseaddr(text)[1].lower()[:254]


def line(text: object) -> str:
    """A text as one line, cut to the length that the ledger stores."""
    return " ".join(str(text)[:4_000].split())[:500]


def parts(message: Message) -> Iterator[Message]:
    """The message and everything in it, in order."""
    yield from message.walk()


def content_type(part: Message) -> str:
    """Lower-case; text/plain when it is missing."""
    return part.get_content_type()


def text_of(part: Message) -> str:
    """A part's text in any encoding."""
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    try:
        return raw.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")


def body(message: Message) -> str:
    """What a person would read: the plain texts outside attached messages, else the HTML without its tags."""
    plain: list[str] = []
    html: list[str] = []
    for part in _own_parts(message):
        if content_type(part) in _PLAIN or part.get_content_maintype() == "multipart":  # its boundaries are missing
            plain.append(text_of(part))
        elif content_type(part) == "text/html":
            html.append(_TAG.sub(" ", text_of(part)))
    return "\n".join(plain or html)[:MAX_TEXT]


def _own_parts(message: Message) -> Iterator[Message]:
    if not message.is_multipart():
        yield message
    elif content_type(message) not in _ORIGINALS:
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _own_parts(part)


def fields(part: Message) -> list[Message]:
    """The groups of fields of a report part, for any encoding and label."""
    payload = part.get_payload()
    found = [group for group in payload if isinstance(group, Message)] if isinstance(payload, list) else []
    if len(found) == 1 and not found[0].keys():  # an encoded report: its text is the whole payload
        text = str(found[0].get_payload(decode=False))
        decoded = Message()
        decoded["Content-Transfer-Encoding"] = header(part, "Content-Transfer-Encoding")
        decoded.set_payload(text)
        return groups(text_of(decoded))
    return found or groups(text_of(part) or str(payload))


def groups(text: str) -> list[Message]:
    """Groups of fields, separated by blank lines."""
    text = text.replace("\r\n", "\n").lstrip("\n")
    found = (email.message_from_string(group, policy=policy.compat32) for group in re.split(r"\n{2,}", text)[:200])
    return [group for group in found if group.keys()]


def original(message: Message) -> Message | None:
    """The headers of the original message, from an attachment."""
    for part in parts(message):
        if part is message or content_type(part) not in _HEADERS_PARTS:
            continue
        payload = part.get_payload()
        if isinstance(payload, list):
            return payload[0] if payload and isinstance(payload[0], Message) else None
        return email.message_from_string(text_of(part), policy=policy.compat32)
    return None
