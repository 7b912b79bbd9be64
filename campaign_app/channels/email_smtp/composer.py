"""Rendered content → a complete message: fixed headers and MIME parts made once, joined as bytes per recipient."""

import time
from datetime import UTC, datetime
from email.utils import format_datetime

from campaign_app.channels.base import Content
from campaign_app.channels.email.dkim import Signer
from campaign_app.channels.email_smtp import mime
from campaign_app.channels.email_smtp.account import SmtpAccount

_TEXT = b"Content-Type: text/plain; charset=utf-8\r\n"
_HTML = b"Content-Type: text/html; charset=utf-8\r\n"
_ENCODING = b"Content-Transfer-Encoding: "


class MimeComposer:
    """Messages of one campaign from one account.

    `eight_bit`: letters beyond ASCII go as they are; only for servers that offer 8BITMIME.
    Dots are doubled later, by the transport.
    """

    def __init__(
        self, account: SmtpAccount, *, from_name: str = "", reply_to: str = "", eight_bit: bool | None = None
    ) -> None:
        self.eight_bit = account.eight_bit if eight_bit is None else eight_bit
        answer_to = reply_to or account.reply_to
        self._fixed = [b"From: " + mime.mailbox("From", from_name or account.from_name, account.from_address) + b"\r\n"]
        if answer_to:
            self._fixed.append(b"Reply-To: " + mime.mailbox("Reply-To", "", answer_to) + b"\r\n")
        self._fixed.append(b"MIME-Version: 1.0\r\n")
        separator = mime.boundary()
        self._multipart = f'Content-Type: multipart/alternative;\r\n boundary="{separator}"\r\n'.encode()
        self._open_text = f"--{separator}\r\n".encode() + _TEXT + _ENCODING
        self._open_html = f"\r\n--{separator}\r\n".encode() + _HTML + _ENCODING
        self._close = f"\r\n--{separator}--\r\n".encode()
        self._signer = (
            Signer(account.dkim_domain, account.dkim_selector, account.dkim_key) if account.dkim_key else None
        )
        self._subject = ("", b"")
        self._second = 0
        self._date = b""

    def compose(self, content: Content) -> bytes:
        """The complete message (RFC 5322, CRLF).

        Raises:
            ValueError: a header value holds CR or LF, or the address cannot be sent to.
        """
        lines = self._headers(content)
        body = self._body(content, lines)
        if self._signer is not None:
            lines.insert(0, self._signer.header(lines, body, self._second))
        lines.append(b"\r\n")
        lines.append(body)
        return b"".join(lines)

    def _headers(self, content: Content) -> list[bytes]:
        message_id = content.message_id.strip("<>")
        if not message_id.isascii() or not message_id.isprintable() or " " in message_id:
            raise ValueError("The Message-ID holds a space, a line break or a letter beyond ASCII.")
        if self._subject[0] != content.subject:
            self._subject = (content.subject, b"Subject: " + mime.unstructured("Subject", content.subject) + b"\r\n")
        lines = [
            *self._fixed,
            b"To: " + mime.mailbox("To", content.recipient_name, content.recipient) + b"\r\n",
            self._subject[1] or b"Subject: \r\n",
            self._date_line(),
            f"Message-ID: <{message_id}>\r\n".encode("ascii"),
        ]
        for name, value in content.headers.items():
            lines.append(mime.header_line(name, value))
        return lines

    def _date_line(self) -> bytes:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._date = f"Date: {format_datetime(datetime.fromtimestamp(second, UTC))}\r\n".encode("ascii")
        return self._date

    def _body(self, content: Content, lines: list[bytes]) -> bytes:
        if content.html and content.text:
            lines.append(self._multipart)
            text_encoding, text = mime.encode_body(content.text, self.eight_bit)
            html_encoding, html = mime.encode_body(content.html, self.eight_bit)
            return b"".join(
                (
                    self._open_text, text_encoding, b"\r\n\r\n", text,
                    self._open_html, html_encoding, b"\r\n\r\n", html, self._close,
                )
            )  # fmt: skip
        encoding, body = mime.encode_body(content.html or content.text, self.eight_bit)
        lines.append(_HTML if content.html else _TEXT)
        lines.append(_ENCODING + encoding + b"\r\n")
        return body if body.endswith(b"\r\n") else body + b"\r\n"
