"""What makes an account's form right, and what an account's state means. Pure."""

import ipaddress
import re
from collections.abc import Mapping
from datetime import datetime

import idna

from campaign_app.channels import reported
from campaign_app.channels.email import dkim
from campaign_app.channels.email_smtp import mime
from campaign_app.channels.schemas import AccountForm, Use
from campaign_app.kit import text
from campaign_app.models.account import Auth, Pipelining, SendingAccount, Tls

MAX_CONNECTIONS = 100
MAX_PER_MINUTE = 1_000_000
MAX_PER_DAY = 100_000_000
_BOUNCES_FROM = 0.02
_ENOUGH = 20
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
_ORDER = (Pipelining.OFF, Pipelining.ENVELOPE, Pipelining.AUTO)


def host_problem(host: str) -> str:
    """What is wrong with a server's name or address; "" when nothing is."""
    if not host:
        return "Enter the server's name, such as smtp.example.com."
    if "://" in host or "/" in host:
        return "Enter only the name of the server, without http:// or a path."
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if ":" in host:
            return "Enter the port in its own field."
        return "" if is_domain(host) or host == "localhost" else "This is not the name of a server."
    return ""


def is_domain(name: str) -> bool:
    """Whether a name could stand in DNS (a single label is good enough for a server in the same network)."""
    try:
        plain = name if name.isascii() else idna.encode(name, uts46=True).decode()
    except idna.IDNAError:
        return False
    return 0 < len(plain) <= 253 and all(_LABEL.fullmatch(label) for label in plain.removesuffix(".").split("."))


def address_problem(address: str) -> str:
    """What is wrong with an e-mail address; "" when nothing is."""
    try:
        plain = mime.ascii_address(address)
    except ValueError:
        return "This is not an e-mail address."
    domain = plain.rpartition("@")[2]
    return "" if len(plain) <= 254 and is_domain(domain) and "." in domain else "This is not an e-mail address."


def problems(form: AccountForm, *, has_key: bool) -> dict[str, str]:
    """Field → what is wrong with it. `has_key`: a DKIM key is stored that the form keeps."""
    found = {
        "name": _between(form.name, 1, 255, "Give it a name, so that people can choose it."),
        "host": host_problem(form.host),
        "port": "" if 1 <= form.port <= 65_535 else "A port is a number from 1 to 65535.",
        "username": _between(form.username, 0, 255),
        "password": _password_problem(form),
        "from_address": address_problem(form.from_address),
        "from_name": _header_problem(form.from_name),
        "reply_to": address_problem(form.reply_to) if form.reply_to else "",
        "connections": _number(form.connections, MAX_CONNECTIONS),
        "limit_per_minute": _number(form.limit_per_minute, MAX_PER_MINUTE),
        "limit_per_day": _number(form.limit_per_day, MAX_PER_DAY),
        **dkim_problems(form, has_key),
    }
    return {field: problem for field, problem in found.items() if problem}


def _between(value: str, least: int, most: int, otherwise: str = "") -> str:
    if len(value) < least:
        return otherwise
    return "" if len(value) <= most else _too_long(most)


def _too_long(most: int) -> str:
    return f"At most {most} characters fit here."


def _header_problem(value: str) -> str:
    if "\r" in value or "\n" in value:
        return "A name has no line breaks."
    return "" if len(value) <= 255 else _too_long(255)


def _password_problem(form: AccountForm) -> str:
    if form.password and not form.username:
        return "A password needs a user name."
    if form.password and len(form.password) > 8_000:
        return _too_long(8_000)
    return ""


def _number(value: int | None, most: int) -> str:
    return "" if value is None or 1 <= value <= most else f"Enter a number from 1 to {text.number(most)}."


def dkim_problems(form: AccountForm, has_key: bool) -> dict[str, str]:
    """Field → what is wrong: domain, selector and key belong together."""
    key_given = bool(form.dkim_key) or (form.dkim_key is None and has_key)
    if not (key_given or form.dkim_domain or form.dkim_selector):
        return {}
    found: dict[str, str] = {}
    if not is_domain(form.dkim_domain) or "." not in form.dkim_domain or not form.dkim_domain.isascii():
        found["dkim_domain"] = "Enter the domain that signs, such as example.com (an international one as xn--…)."
    if not is_domain(form.dkim_selector) or len(form.dkim_selector) > 63 or not form.dkim_selector.isascii():
        found["dkim_selector"] = "Enter a selector of letters and digits, such as beacon."
    if not key_given:
        found["dkim_key"] = "Generate a key, or paste the private key that fits your DNS record."
    elif form.dkim_key:
        try:
            dkim.load_key(form.dkim_key)
        except ValueError as error:
            found["dkim_key"] = str(error)
    return found


def effective_pipelining(wanted: Pipelining, capabilities: Mapping[str, str]) -> Pipelining:
    """How to talk to the server: as wanted, but no more boldly than it was seen to bear."""
    seen = capabilities.get("pipelining_broken", "")
    learned = Pipelining(seen) if seen in {"off", "envelope"} else Pipelining.AUTO
    return min(wanted, learned, key=_ORDER.index)


def health(account: SendingAccount, use: Use, at: datetime) -> tuple[str, str]:
    """(health, words): disconnected beats refused beats bouncing beats healthy; unused when nothing went out today."""
    if not account.is_active:
        return "unused", "Switched off"
    if account.circuit_open_until is not None and account.circuit_open_until > at:
        return "disconnected", "Disconnected"
    if account.last_error:
        return "disconnected", "Last check failed"
    if reported.read(account.capabilities, at) is not None:
        return "refused", "Refused, by reports"
    share = use.bounced_month / use.sent_month if use.sent_month else 0.0
    if use.sent_month >= _ENOUGH and share >= _BOUNCES_FROM:
        return "bouncing", f"Bounces {text.percent(use.bounced_month, use.sent_month)}"
    if use.sent_today:
        return "healthy", "Healthy"
    return ("healthy", "Healthy, not used today") if account.last_checked_at else ("unused", "Not used today")


def offers(capabilities: Mapping[str, str]) -> list[str]:
    """What the server can do, in words."""
    found = []
    if "PIPELINING" in capabilities:
        found.append("offers grouped commands (PIPELINING)")
    if "8BITMIME" in capabilities:
        found.append("takes 8-bit text")
    size = capabilities.get("SIZE", "")
    if size.isdigit() and int(size):
        found.append(f"messages up to {int(size) / 1_000_000:.0f} MB")
    if capabilities.get("AUTH"):
        found.append(f"log-in by {', '.join(capabilities['AUTH'].split())}")
    return found


TLS_LABELS: Mapping[Tls, str] = {
    Tls.STARTTLS: "STARTTLS (port 587)",
    Tls.IMPLICIT: "TLS from the start (port 465)",
    Tls.NONE: "None",
}
AUTH_LABELS: Mapping[Auth, str] = {
    Auth.AUTO: "What the server offers",
    Auth.PLAIN: "PLAIN",
    Auth.LOGIN: "LOGIN",
    Auth.XOAUTH2: "XOAUTH2 (the password is an access token)",
}
PIPELINING_LABELS: Mapping[Pipelining, str] = {
    Pipelining.AUTO: "As the server allows",
    Pipelining.ENVELOPE: "Sender and recipient together",
    Pipelining.OFF: "One command at a time",
}
