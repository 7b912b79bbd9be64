"""Rendered content → a complete message. Fixed parts are made once and joined as bytes per recipient."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from campaign_app.channels.base import Envelope
from campaign_app.channels.email import message_ids
from campaign_app.channels.email.dkim import Signer
from campaign_app.channels.email_smtp import mime
from campaign_app.channels.email_smtp.account import SmtpAccount
from campaign_app.rendering.templating import Rendered

_TEXT = b"Content-Type: text/plain; charset=utf-8\r\n"
_HTML = b"Content-Type: text/html; charset=utf-8\r\n"
_ENCODING = b"Content-Transfer-Encoding: "
_ONE_CLICK = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"


@dataclass(frozen=True, slots=True)
class Mail:
    """The parts of one mail. `headers` are extra header lines, already checked (no CR or LF)."""

    recipient: str
    recipient_name: str
    subject: str
    html: str
    text: str
    message_id: str
    headers: Mapping[str, str]


class MimeComposer:
    """Messages of one campaign from one account.

    `eight_bit`: non-ASCII letters are sent unencoded; only for servers that offer 8BITMIME. The transport doubles
    leading dots later.
    """

    def __init__(
        self, account: SmtpAccount, *, from_name: str = "", reply_to: str = "", eight_bit: bool | None = None
    ) -> None:
        self.eight_bit = account.eight_bit if eight_bit is None else eight_bit
        self._domain = account.from_address.rpartition("@")[2]
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

    def compose(self, envelope: Envelope, rendered: Rendered) -> bytes:
        """A campaign's message for one person: with Message-ID and one-click unsubscribe (RFC 8058).

        Raises:
            ValueError: a header value holds CR or LF, or the address cannot be sent to.
        """
        message_id = message_ids.make(envelope.key, self._domain)
        lines = self._headers(envelope.recipient, envelope.name, rendered.subject, message_id)
        lines += (
            mime.header_line("List-Unsubscribe", f"<{envelope.unsubscribe_url}>"),
            _ONE_CLICK,
            mime.header_line("X-Beacon-Delivery", envelope.token),
        )
        return self._compose(lines, rendered.html, rendered.text)

    def compose_mail(self, mail: Mail) -> bytes:
        """The complete message (RFC 5322, CRLF).

        Raises:
            ValueError: a header value holds CR or LF, or the address cannot be sent to.
        """
        lines = self._headers(mail.recipient, mail.recipient_name, mail.subject, mail.message_id)
        lines += [mime.header_line(name, value) for name, value in mail.headers.items()]
        return self._compose(lines, mail.html, mail.text)

    def _compose(self, lines: list[bytes], html: str, text: str) -> bytes:
        body = self._body(html, text, lines)
        if self._signer is not None:
            lines.insert(0, self._signer.header(lines, body, self._second))
        lines.append(b"\r\n")
        lines.append(body)
        return b"".join(lines)

    def _headers(self, recipient: str, name: str, subject: str, message_id: str) -> list[bytes]:
        message_id = message_id.strip("<>")
        if not message_id.isascii() or not message_id.isprintable() or " " in message_id:
            raise ValueError("The Message-ID holds a space, a line break or a letter beyond ASCII.")
        if self._subject[0] != subject:
            self._subject = (subject, b"Subject: " + mime.unstructured("Subject", subject) + b"\r\n")
        return [
            *self._fixed,
            b"To: " + mime.mailbox("To", name, recipient) + b"\r\n",
            self._subject[1] or b"Subject: \r\n",
            self._date_line(),
            f"Message-ID: <{message_id}>\r\n".encode("ascii"),
        ]

    def _date_line(self) -> bytes:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._date = f"Date: {format_datetime(datetime.fromtimestamp(second, UTC))}\r\n".encode("ascii")
        return self._date

    def _body(self, html: str, text: str, lines: list[bytes]) -> bytes:
        if html and text:
            lines.append(self._multipart)
            text_encoding, plain = mime.encode_body(text, self.eight_bit)
            html_encoding, page = mime.encode_body(html, self.eight_bit)
            return b"".join(
                (
                    self._open_text, text_encoding, b"\r\n\r\n", plain,
                    self._open_html, html_encoding, b"\r\n\r\n", page, self._close,
                )
            )  # fmt: skip
        encoding, body = mime.encode_body(html or text, self.eight_bit)
        lines.append(_HTML if html else _TEXT)
        lines.append(_ENCODING + encoding + b"\r\n")
        return body if body.endswith(b"\r\n") else body + b"\r\n"
