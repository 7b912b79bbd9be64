"""Reading a received message: quickly for the simulated recipients, fully for the inbox page."""

import binascii
import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr

from campaign_app.kit.html_tokens import Document

_MESSAGE_ID = re.compile(rb"^message-id:[ \t]*(?:\r\n[ \t]+)?(<[^>\r\n]*>)", re.IGNORECASE | re.MULTILINE)
_UNSUBSCRIBE = re.compile(rb"^list-unsubscribe:((?:[^\r\n]|\r\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_ONE_CLICK = re.compile(rb"^list-unsubscribe-post:[ \t]*List-Unsubscribe=One-Click", re.IGNORECASE | re.MULTILINE)
_BOUNDARY = re.compile(rb'boundary="?([^"\r\n;]+)"?', re.IGNORECASE)
_ENCODING = re.compile(rb"^content-transfer-encoding:[ \t]*([\w-]+)", re.IGNORECASE | re.MULTILINE)
_HTML_TYPE = re.compile(rb"^content-type:[ \t]*text/html", re.IGNORECASE | re.MULTILINE)


def split(raw: bytes) -> tuple[bytes, bytes]:
    """(headers, body) of a message or a part."""
    head, _, body = raw.partition(b"\r\n\r\n")
    return head, body


def message_id(raw: bytes) -> str:
    """The Message-ID with its brackets, or empty."""
    found = _MESSAGE_ID.search(split(raw)[0])
    return found.group(1).decode("ascii", "replace") if found else ""


def header(raw: bytes, name: str) -> str:
    """A header as it stands in the message, on one line; empty when there is none."""
    head = re.sub(rb"\r?\n[ \t]+", b" ", split(raw)[0]).decode("utf-8", "replace")
    beginning = f"{name.lower()}:"
    found = (line for line in head.splitlines() if line.lower().startswith(beginning))
    return next(found, "")[len(beginning) :].strip()


def address_of(value: str) -> str:
    """The address in a From header; empty when there is none."""
    return parseaddr(value)[1]


@dataclass(frozen=True, slots=True)
class Outline:
    """What a recipient acts on. `unsubscribe` is the https or http address of List-Unsubscribe, if one-click."""

    images: tuple[str, ...]
    links: tuple[str, ...]
    unsubscribe: str


def outline(raw: bytes) -> Outline:
    """Images, links and the one-click address of a message."""
    head, _ = split(raw)
    page = Document(html_of(raw), template=False)
    images = tuple(page.value(token.attribute("src")) for token in page.starts("img"))
    links = tuple(page.value(token.attribute("href")) for token in page.starts("a"))
    given = _UNSUBSCRIBE.search(head)
    address = ""
    if given and _ONE_CLICK.search(head):
        for part in given.group(1).decode("ascii", "replace").replace("\r\n", "").split(","):
            if part.strip().startswith("<http"):
                address = "".join(part.split()).strip("<>")
    return Outline(tuple(filter(None, images)), tuple(filter(None, links)), address)


def html_of(raw: bytes) -> str:
    """The HTML part, decoded; empty when there is none."""
    head, body = split(raw)
    if boundary := _BOUNDARY.search(head):
        for part in body.split(b"--" + boundary.group(1))[1:]:
            if text := html_of(part.removeprefix(b"\r\n")):
                return text
        return ""
    return _decoded(head, body) if _HTML_TYPE.search(head) else ""


def _decoded(head: bytes, body: bytes) -> str:
    found = _ENCODING.search(head)
    encoding = found.group(1).lower() if found else b""
    if encoding == b"quoted-printable":
        body = binascii.a2b_qp(body)
    elif encoding == b"base64":
        try:
            body = binascii.a2b_base64(body)
        except binascii.Error:
            return ""
    return body.decode("utf-8", "replace")


def parse(raw: bytes) -> EmailMessage:
    """The message as the standard library reads it."""
    return message_from_bytes(raw, policy=policy.default)


def part(message: EmailMessage, kind: str) -> str:
    """The text of the `html` or `plain` part; empty when there is none or it cannot be read."""
    body = message.get_body((kind,))
    if body is None:
        return ""
    try:
        return str(body.get_content())
    except (LookupError, ValueError, KeyError):
        return ""
