"""Finds reply codes and enhanced status codes in a server's text. IP addresses do not count. Pure."""

import re
from collections.abc import Iterator
from itertools import islice

from campaign_app.channels.email.mail_replies.vocabulary import Status

_SUBJECTS = range(8)  # RFC 3463 has 0 to 7; 4.31.198 is the start of an address, 4.94.2 a version
_CODE = re.compile(r"(?:^|[\s;:(\"'<])([45]\d\d)(?=[\s\-#]|$)")
_STATUS = re.compile(r"(?:^|[\s;:(\[#\"'<=-])([245])\.(\d{1,3})\.(\d{1,3})(?=$|[\s\-;:,)\]\"'>_]|\.(?!\d))")
_CODES = frozenset({*range(420, 480), *range(500, 580)})
_MOST = 20
_MARKS = (
    (re.compile(r"\s*host "), " said: "),  # Postfix
    (re.compile(r"\s*5\.1\.0 - "), "Unknown address error "),  # IronPort, of every refusal of a recipient
)


def quoted(text: str) -> str:
    """The remote server's text, when another server quotes it in its own report."""
    for beginning, mark in _MARKS:
        head, found, rest = text.partition(mark)
        if found and beginning.match(head) and (_CODE.search(rest[:80]) or _STATUS.search(rest[:80])):
            return rest
    return text


def find_code(text: str) -> int | None:
    """The first reply code in a text."""
    return next((int(found[1]) for found in _few(_CODE, text) if int(found[1]) in _CODES), None)


def find_status(text: str) -> Status | None:
    """The first specific enhanced status code (x.0.0 is not specific), else the first one."""
    first: Status | None = None
    for found in _few(_STATUS, text):
        status = (int(found[1]), int(found[2]), int(found[3]))
        if status[1] not in _SUBJECTS or status[0] == 2:
            continue
        if is_specific(status):
            return status
        first = first or status
    return first


def parse_status(text: str) -> Status | None:
    """The Status field of a report: `5.1.1`, possibly with a comment."""
    return find_status(text.strip()[:100])


def is_specific(status: Status) -> bool:
    """Whether a status says more than that something failed."""
    return status[1:] != (0, 0)


def _few(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    return islice(pattern.finditer(text), _MOST)
