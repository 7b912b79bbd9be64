"""The queue id that a mail server gave a message, read from its final reply. Server operators search by it. Pure.

The reply is stored unchanged and the id is read from it when needed, so it is not stored twice.
"""

import re
from typing import Final

_FORMS: Final = (
    re.compile(r"\bqueued(?: mail)? as:? <?([\w.+@=-]{4,128})>?", re.I),  # Postfix, SendGrid, Mailjet, Haraka
    re.compile(r"\[InternalId=(\d{4,32})"),  # Exchange, Microsoft 365
    re.compile(r"\bid=<?([\w.+@-]{4,128})>?", re.I),  # Exim
    re.compile(r"\bOK +\d{9,12} ([\w.-]{4,128}) - gsmtp", re.I),  # Gmail
    re.compile(r"\b([\w.-]{6,64}) Message accepted for delivery", re.I),  # Sendmail, OpenSMTPD
    re.compile(r"^250[ -]ok:? (\d{9,12} qp \d{1,10})\b", re.I),  # qmail
    re.compile(r"^250 (?:2\.\d\.\d )?Ok:? ([0-9a-f]{16}-[0-9a-f-]{20,60})$", re.I),  # Amazon SES
)


def read(answer: str) -> str:
    """The server's queue id of the message; "" when the reply has none or refuses the message."""
    line = " ".join(answer.split())
    if not line.startswith("2"):
        return ""
    return next((found[1] for form in _FORMS if (found := form.search(line))), "")
