"""From the greeting to a connection ready for mail: EHLO, STARTTLS, EHLO again, AUTH. Pure: no I/O."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from campaign_app.channels.email_smtp import trouble
from campaign_app.channels.email_smtp.account import SmtpAccount
from campaign_app.channels.email_smtp.replies import Reply, words
from campaign_app.channels.email_smtp.trouble import Kind, Trouble

_MECHANISMS = ("PLAIN", "LOGIN", "XOAUTH2")
_NOT_SUPPORTED = 504


@dataclass(frozen=True, slots=True)
class Extensions:
    """The extensions in the EHLO reply. `size` in octets, None = not given."""

    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def pipelining(self) -> bool:
        """RFC 2920."""
        return "PIPELINING" in self.words

    @property
    def eight_bit(self) -> bool:
        """RFC 6152."""
        return "8BITMIME" in self.words

    @property
    def has_size(self) -> bool:
        """RFC 1870: MAIL may carry SIZE=."""
        return "SIZE" in self.words

    @property
    def size(self) -> int | None:
        """The largest message, in octets."""
        value = self.words.get("SIZE", "")
        return int(value) or None if value.isdigit() and len(value) < 16 else None

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The offered log-in methods that are supported here, best first."""
        offered = self.words.get("AUTH", "").upper().split()
        return tuple(m for m in _MECHANISMS if m in offered)


def read_extensions(reply: Reply) -> Extensions:
    """EHLO's lines as a table: keyword → parameters. `AUTH=PLAIN` of old servers counts as AUTH."""
    found: dict[str, str] = {}
    for line in reply[1].decode("ascii", "replace").split("\n")[1:]:
        keyword, _, value = line.strip().replace("AUTH=", "AUTH ", 1).partition(" ")
        if keyword:
            known = found.get(keyword.upper(), "")
            found[keyword.upper()] = f"{known} {value.strip()}".strip()
    return Extensions(found)


@dataclass(frozen=True, slots=True)
class Send:
    """Write `data`. `shown` is the text for a transcript, without secrets."""

    data: bytes
    shown: str


@dataclass(frozen=True, slots=True)
class StartTls:
    """Start TLS, then call `secured`."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The connection is ready for mail."""

    capabilities: Extensions


Action = Send | StartTls | Ready


def _command(text: str, shown: str = "") -> Send:
    return Send(text.encode() + b"\r\n", shown or text)


def _unwelcome(reply: Reply) -> Trouble:
    """A negative answer to the connection or to our name."""
    code, said = reply[0], words(reply)
    if code // 100 == 4:
        return Trouble(
            Kind.BUSY,
            "The server takes no connection at the moment.",
            "It may allow fewer connections for this account: lower the number of connections, or wait.",
            said,
        )
    if code // 100 == 5:
        return Trouble(
            Kind.GREETING,
            "The server refuses connections from this machine.",
            "Ask its operator whether this machine's address and name may send.",
            said,
        )
    return trouble.protocol(said)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class Handshake:
    """Gets each reply and returns the next action. Raises Trouble when the server cannot be used."""

    def __init__(self, account: SmtpAccount, client_name: str) -> None:
        self._account = account
        self._name = client_name
        self._encrypted = account.tls == "implicit"
        self._wait = self._on_greeting
        self._answers: list[Send] = []
        self._mechanisms: list[str] = []
        self._mechanism = ""
        self.capabilities = Extensions()
        self.secrets: tuple[bytes, ...] = ()

    @property
    def during(self) -> str:
        """The current step, for messages: `while logging in`."""
        return _DURING.get(self._wait.__name__, "during the greeting")

    def receive(self, reply: Reply) -> Action:
        """The next action after a reply."""
        return self._wait(reply)

    def secured(self) -> Action:
        """The connection is encrypted. Extensions offered before no longer count (RFC 3207 4.2)."""
        self._encrypted = True
        self.capabilities = Extensions()
        return self._ehlo()

    def _on_greeting(self, reply: Reply) -> Action:
        code, _ = reply
        if code == 220:
            return self._ehlo()
        raise _unwelcome(reply)

    def _ehlo(self) -> Action:
        self._wait = self._on_ehlo
        return _command(f"EHLO {self._name}")

    def _on_ehlo(self, reply: Reply) -> Action:
        code, _ = reply
        if code // 100 == 5 and not self._encrypted and self._account.tls == "none":
            self._wait = self._on_helo
            return _command(f"HELO {self._name}")
        if code != 250:
            raise _unwelcome(reply)
        self.capabilities = read_extensions(reply)
        if self._account.tls == "starttls" and not self._encrypted:
            return self._starttls()
        return self._log_in()

    def _on_helo(self, reply: Reply) -> Action:
        if reply[0] != 250:
            raise _unwelcome(reply)
        return self._log_in()

    def _starttls(self) -> Action:
        if "STARTTLS" not in self.capabilities.words:
            raise Trouble(
                Kind.NO_STARTTLS,
                "The server does not offer STARTTLS on this port.",
                "Choose “TLS from the start” with port 465, or no encryption if the server stands in your own network.",
            )
        self._wait = self._on_starttls
        return _command("STARTTLS")

    def _on_starttls(self, reply: Reply) -> Action:
        if reply[0] != 220:
            raise Trouble(
                Kind.TLS,
                "The server refuses to encrypt the connection.",
                "Choose another encryption and port, or ask its operator.",
                words(reply),
            )
        return StartTls()

    def _log_in(self) -> Action:
        if not self._account.username:
            return Ready(self.capabilities)
        offered = self.capabilities.mechanisms
        wanted = self._account.auth.upper()
        self._mechanisms = [m for m in offered if wanted in ("AUTO", m)]
        if not self._mechanisms:
            said = f"AUTH {self.capabilities.words.get('AUTH', '')}".strip()
            raise Trouble(
                Kind.NO_AUTH,
                "The server offers no log-in method that fits this account.",
                "Many servers allow log-in only over an encrypted connection: choose STARTTLS or TLS from the start.",
                said if "AUTH" in self.capabilities.words else "",
            )
        return self._try_mechanism()

    def _try_mechanism(self) -> Action:
        self._mechanism = self._mechanisms.pop(0)
        self._wait = self._on_auth
        user, password = self._account.username, self._account.password
        plain, bearer = _b64(f"\0{user}\0{password}"), _b64(f"user={user}\x01auth=Bearer {password}\x01\x01")
        hidden = (plain, bearer, _b64(password), password)
        self.secrets = tuple(text.encode() for text in hidden if password)
        if self._mechanism == "LOGIN":
            self._answers = [_command(_b64(user), "(user name)"), _command(_b64(password), "(password)")]
            return _command("AUTH LOGIN")
        secret = plain if self._mechanism == "PLAIN" else bearer
        # 334 asks for the response again, or, with XOAUTH2, reports an error.
        self._answers = [_command(secret, "(log-in)") if self._mechanism == "PLAIN" else _command("", "(empty line)")]
        return _command(f"AUTH {self._mechanism} {secret}", f"AUTH {self._mechanism} (hidden)")

    def _on_auth(self, reply: Reply) -> Action:
        code, _ = reply
        if code == 235:
            return Ready(self.capabilities)
        if code == 334 and self._answers:
            return self._answers.pop(0)
        if code == _NOT_SUPPORTED and self._mechanisms:
            return self._try_mechanism()
        if code == 421 or code // 100 == 4:
            raise Trouble(
                Kind.BUSY,
                "The server does not accept a log-in at the moment.",
                "Wait a few minutes; it may limit log-ins or connections.",
                words(reply),
            )
        raise Trouble(
            Kind.AUTH,
            "The server refuses the log-in.",
            "Check user name and password; many providers want an app password or an API key here.",
            words(reply),
        )


_DURING = {
    "_on_greeting": "before its greeting",
    "_on_ehlo": "during the greeting",
    "_on_helo": "during the greeting",
    "_on_starttls": trouble.ENCRYPTING,
    "_on_auth": "while logging in",
}
