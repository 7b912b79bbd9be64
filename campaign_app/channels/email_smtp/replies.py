"""Parses SMTP replies (RFC 5321 4.2) as they arrive, in any fragments."""

import re

Reply = tuple[int, bytes]
"""(code, the server's lines joined by a newline, codes left out). Plain tuples: four are made for every message."""

MAX_LINE = 4_096
MAX_LINES = 256
RESPONSE_CHARS = 500

_CODES = {b"%d" % code: code for code in range(200, 600)}
_ENHANCED = re.compile(rb"([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")


class ReplyParser:
    """Takes bytes and returns complete replies. After invalid data `error` says what was wrong, and parsing stops.

    Replies before the invalid data are still returned: a 250 that arrived must count.
    """

    __slots__ = ("_code", "_lines", "_rest", "error")

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []
        self._code = 0
        self.error = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing has arrived after the last reply: no part of another one, no invalid data."""
        return not (self._rest or self._lines or self.error)

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that `data` completes."""
        if self.error:
            return []
        if self._rest:
            data = self._rest + data
        lines = data.split(b"\n")
        self._rest = lines.pop()
        replies: list[Reply] = []
        for line in lines:
            code = _CODES.get(line[:3])
            if code is None or len(line) > MAX_LINE or line[3:4] not in (b" ", b"-", b"\r", b""):
                return self._junk(line, replies)
            if line[3:4] != b"-" and not self._lines:
                replies.append((code, line[4:].rstrip(b"\r")))
            elif not self._continue(code, line, replies):
                return self._junk(line, replies)
        if len(self._rest) > MAX_LINE:
            self._junk(self._rest, replies)
        return replies

    def _continue(self, code: int, line: bytes, replies: list[Reply]) -> bool:
        if self._lines and code != self._code:
            return False
        self._code = code
        self._lines.append(line[4:].rstrip(b"\r"))
        if line[3:4] != b"-":
            replies.append((code, b"\n".join(self._lines)))
            self._lines = []
        return len(self._lines) < MAX_LINES

    def _junk(self, line: bytes, replies: list[Reply]) -> list[Reply]:
        self.error = f"not an SMTP reply: {readable(line[:80])}"
        self._rest = b""
        self._lines = []
        return replies


def enhanced(text: bytes) -> tuple[int, int, int] | None:
    """The enhanced status code (RFC 3463) at the start of a reply's text, if there is one."""
    found = _ENHANCED.match(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def readable(data: bytes) -> str:
    """A server's bytes as text: decoded, control characters replaced by spaces."""
    text = data.decode("utf-8", "replace")
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " for c in text)


def words(reply: Reply) -> str:
    """The server's reply as one line, at most 500 characters."""
    code, text = reply
    shown = readable(text.replace(b"\n", b" "))
    return f"{code} {shown}"[:RESPONSE_CHARS] if shown else str(code)
