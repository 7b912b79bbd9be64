"""An SMTP account's settings, their validation, and the form. Pure."""

import ipaddress
import re
from collections.abc import Mapping
from enum import StrEnum

import idna

from campaign_app.channels.base import AccountSettings, Candidate
from campaign_app.channels.email import dkim
from campaign_app.channels.email.presets import PRESETS
from campaign_app.channels.email_smtp import mime
from campaign_app.channels.fields import Choice, Field, Form, Group, Kind

MAX_CONNECTIONS = 100
SECRETS = ("password", "dkim_key")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)


class Tls(StrEnum):
    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


class Pipelining(StrEnum):
    """Off switch for RFC 2920 command groups. AUTO follows EHLO and what was learnt about the server."""

    AUTO = "auto"
    ENVELOPE = "envelope"
    OFF = "off"


class Auth(StrEnum):
    """How to log in. AUTO takes the first of PLAIN, LOGIN, XOAUTH2 that the server offers."""

    AUTO = "auto"
    PLAIN = "plain"
    LOGIN = "login"
    XOAUTH2 = "xoauth2"


class SmtpSettings(AccountSettings):
    """The server, the log-in and the sender."""

    host: str = ""
    port: int = 587
    tls: Tls = Tls.STARTTLS
    auth: Auth = Auth.AUTO
    username: str = ""
    from_address: str = ""
    from_name: str = ""
    reply_to: str = ""
    connections: int = 10
    pipelining: Pipelining = Pipelining.AUTO
    dkim_domain: str = ""
    dkim_selector: str = ""


def host_problem(host: str) -> str:
    """What is wrong with a server's name or address; "" when nothing is wrong."""
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
    """Whether a name could be in DNS. A single label is allowed, for a server in the same network."""
    try:
        plain = name if name.isascii() else idna.encode(name, uts46=True).decode()
    except idna.IDNAError:
        return False
    return 0 < len(plain) <= 253 and all(_LABEL.fullmatch(label) for label in plain.removesuffix(".").split("."))


def address_problem(address: str) -> str:
    """What is wrong with an e-mail address; "" when nothing is wrong."""
    try:
        plain = mime.ascii_address(address)
    except ValueError:
        return "This is not an e-mail address."
    domain = plain.rpartition("@")[2]
    return "" if len(plain) <= 254 and is_domain(domain) and "." in domain else "This is not an e-mail address."


def problems(candidate: Candidate) -> dict[str, str]:
    """Field → what is wrong with it."""
    form: SmtpSettings = candidate.settings
    password = candidate.entered.get("password")
    found = {
        "host": host_problem(form.host),
        "port": "" if 1 <= form.port <= 65_535 else "A port is a number from 1 to 65535.",
        "username": _at_most(form.username, 255),
        "password": _password_problem(form.username, password),
        "from_address": address_problem(form.from_address),
        "from_name": _header_problem(form.from_name),
        "reply_to": address_problem(form.reply_to) if form.reply_to else "",
        "connections": ""
        if 1 <= form.connections <= MAX_CONNECTIONS
        else f"Enter a number from 1 to {MAX_CONNECTIONS}.",
        **dkim_problems(form, candidate.entered.get("dkim_key"), has_key="dkim_key" in candidate.kept),
    }
    if _leads_password_astray(candidate):
        found |= {"password": "Enter the password again: it is only sent to the server that it was entered for."}
    return {field: problem for field, problem in found.items() if problem}


def _leads_password_astray(candidate: Candidate) -> bool:
    before: SmtpSettings | None = candidate.before
    form: SmtpSettings = candidate.settings
    if before is None or not candidate.keeps("password") or not form.username:
        return False
    weaker = form.tls is Tls.NONE and before.tls is not Tls.NONE
    return weaker or (form.host.lower(), form.username) != (before.host.lower(), before.username)


def _at_most(value: str, most: int) -> str:
    return "" if len(value) <= most else f"At most {most} characters fit here."


def _header_problem(value: str) -> str:
    if "\r" in value or "\n" in value:
        return "A name has no line breaks."
    return _at_most(value, 255)


def _password_problem(username: str, password: str | None) -> str:
    if password and not username:
        return "A password needs a user name."
    return _at_most(password or "", 8_000)


def dkim_problems(form: SmtpSettings, key: str | None, *, has_key: bool) -> dict[str, str]:
    """Field → what is wrong. Domain, selector and key belong together. `key` None: the stored key is kept."""
    key_given = bool(key) or (key is None and has_key)
    if not (key_given or form.dkim_domain or form.dkim_selector):
        return {}
    found: dict[str, str] = {}
    if not is_domain(form.dkim_domain) or "." not in form.dkim_domain or not form.dkim_domain.isascii():
        found["dkim_domain"] = "Enter the domain that signs, such as example.com (an international one as xn--…)."
    if not is_domain(form.dkim_selector) or len(form.dkim_selector) > 63 or not form.dkim_selector.isascii():
        found["dkim_selector"] = "Enter a selector of letters and digits, such as beacon."
    if not key_given:
        found["dkim_key"] = "Generate a key, or paste the private key that fits your DNS record."
    elif key:
        try:
            dkim.load_key(key)
        except ValueError as error:
            found["dkim_key"] = str(error)
    return found


TLS_LABELS: Mapping[Tls, str] = {
    Tls.STARTTLS: "STARTTLS (port 587)",
    Tls.IMPLICIT: "TLS from the start (port 465)",
    Tls.NONE: "None",
}
_AUTH_LABELS: Mapping[Auth, str] = {
    Auth.AUTO: "What the server offers",
    Auth.PLAIN: "PLAIN",
    Auth.LOGIN: "LOGIN",
    Auth.XOAUTH2: "XOAUTH2 (the password is an access token)",
}
_PIPELINING_LABELS: Mapping[Pipelining, str] = {
    Pipelining.AUTO: "As the server allows",
    Pipelining.ENVELOPE: "Sender and recipient together",
    Pipelining.OFF: "One command at a time",
}
_PORTS = {Tls.STARTTLS: {"port": "587"}, Tls.IMPLICIT: {"port": "465"}}
_READABLE = "User name, password and messages travel readable. Only for a server in your own network."

FORM = Form(
    groups=(
        Group(
            "Server",
            (
                (
                    Field("host", "Server", placeholder="smtp.example.com"),
                    Field("port", "Port", Kind.NUMBER),
                ),
                (
                    Field(
                        "tls",
                        "Encryption",
                        Kind.CHOICE,
                        choices=tuple(
                            Choice(tls.value, label, _PORTS.get(tls, {}), _READABLE if tls is Tls.NONE else "")
                            for tls, label in TLS_LABELS.items()
                        ),
                    ),
                    Field(
                        "auth",
                        "Log-in method",
                        Kind.CHOICE,
                        choices=tuple(Choice(auth.value, label) for auth, label in _AUTH_LABELS.items()),
                    ),
                ),
                (
                    Field("username", "User name", optional=True),
                    Field("password", "Password", Kind.SECRET, optional=True),
                ),
            ),
        ),
        Group(
            "Sender",
            (
                (
                    Field("from_address", "Sender address", Kind.EMAIL, placeholder="news@example.com"),
                    Field("from_name", "Sender name", optional=True, hint="A campaign may use another"),
                ),
                (Field("reply_to", "Answers go to", Kind.EMAIL, optional=True, hint="Empty: to the sender address"),),
            ),
        ),
        Group(
            "Speed",
            (
                (
                    Field(
                        "connections",
                        "Connections",
                        Kind.NUMBER,
                        hint="At once, at most; fewer when the server pushes back",
                    ),
                    Field(
                        "pipelining",
                        "Grouped commands",
                        Kind.CHOICE,
                        hint="Faster to servers far away",
                        choices=tuple(Choice(mode.value, label) for mode, label in _PIPELINING_LABELS.items()),
                    ),
                ),
            ),
        ),
    ),
    presets=PRESETS,
)
