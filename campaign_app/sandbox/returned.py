"""Bounces and reports in the forms of real servers: the same cases that the tests of the report reader use."""

import re
from functools import cache
from pathlib import Path

from campaign_app.channels.email.mail_replies.status import find_code, find_status
from campaign_app.sandbox import mail, reports, twins
from campaign_app.sandbox.twins import RETURNED

REPORT = "report-"
FORMS: dict[str, str] = {
    "aup": "a DSN that refuses the sender",
    "delayed": "a DSN of a delay: the server goes on trying",
    "ip4": "a DSN: no such user, with an IP address that looks like a status",
    "ipdead": "a DSN: the sending address stands on a blocklist",
    "jmrp": "a complaint without ARF, as from Hotmail's programme",
    "ooo": "an automatic answer: away until Monday",
    "ooo2": "an automatic answer in German",
    "qmail": "qmail's own bounce: no such user",
    "quota": "a DSN that says 5.1.1 and means the account's quota",
    "softkeep": "a DSN: the mailbox is full",
    "status51x": "a DSN: the sender could not be verified",
    "xtext": "a DSN: no such user, the address in xtext",
}
_FOLDER = Path(__file__).parent / "forms"
_PLACE = re.compile(r"\{(\w+)\}")
_XTEXT = re.compile(r"[^!-*,-<>-~]")


def asked(address: str) -> str:
    """The form that an address asks for by its local part (`report-qmail@`, `returned-route+2@`); else empty."""
    local = address.partition("@")[0]
    if local.startswith(REPORT):
        names = (local, local.partition("+")[0], local.rstrip("0123456789"))
        return next((name for name in names if is_form(name)), "")
    return local if local.startswith(RETURNED) and twins.of_address(address) else ""


def is_form(name: str) -> bool:
    """Whether something can be returned as this."""
    return name.removeprefix(REPORT) in FORMS if name.startswith(REPORT) else bool(asked(name))


def make(form: str, raw: bytes, sender: str, recipient: str) -> bytes:
    """What comes back for a received message. Without a form: a plain DSN that the mailbox does not exist."""
    if form.startswith(REPORT):
        return fill(_form(form.removeprefix(REPORT)), values(raw, sender, recipient))
    row = twins.of_address(form)
    if row is None:
        return reports.bounce(raw, sender, recipient)
    words = row.told(_author(raw) or sender, recipient)
    status = find_status(words) or ((4 if (find_code(words) or 500) < 500 else 5), 0, 0)
    return reports.bounce(raw, sender, recipient, words, ".".join(map(str, status)))


@cache
def _form(name: str) -> str:
    return (_FOLDER / f"{name}.eml").read_bytes().decode()


def fill(form: str, given: dict[str, str]) -> bytes:
    """A form with its places filled in."""
    return _PLACE.sub(lambda found: given[found[1]], form).encode()


def values(raw: bytes, sender: str, recipient: str) -> dict[str, str]:
    """What a form tells of the message that comes back. `sender` is its return path."""
    return {
        "sender": _author(raw) or sender,
        "return_path": sender or f"postmaster@{reports.HOST}",
        "recipient": recipient,
        "recipient_xtext": _XTEXT.sub(lambda found: f"+{ord(found[0]):02X}", recipient),
        "token": mail.header(raw, "X-Beacon-Delivery"),
        "message_id": mail.message_id(raw),
        "subject": mail.header(raw, "Subject"),
    }


def _author(raw: bytes) -> str:
    return mail.address_of(mail.header(raw, "From"))
