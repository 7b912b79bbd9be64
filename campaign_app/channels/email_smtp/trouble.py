"""Why a connection failed, in plain English, and what to do about it."""

import errno
import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What failed."""

    NAME = "name"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    CERTIFICATE = "certificate"
    TLS = "tls"
    NO_STARTTLS = "no_starttls"
    BUSY = "busy"
    GREETING = "greeting"
    AUTH = "auth"
    NO_AUTH = "no_auth"
    PROTOCOL = "protocol"
    DROPPED = "dropped"


ENCRYPTING = "while starting encryption"
_TLS_ADVICE = (
    "Port 465 wants TLS from the start, 587 and 25 want STARTTLS; a very old server may offer only outdated TLS."
)


@dataclass(eq=False)
class Trouble(Exception):
    """A failed connection attempt. `said` is the server's own text, if any."""

    kind: Kind
    what: str
    advice: str
    said: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.advice}".strip()


def protocol(said: str) -> Trouble:
    """The server does not follow the SMTP standard."""
    return Trouble(
        Kind.PROTOCOL,
        "The other end does not answer like a mail server.",
        "Check host, port and encryption: port 465 needs “TLS from the start”, ports 587 and 25 do not.",
        said,
    )


def dropped(during: str) -> Trouble:
    """The connection ended during the handshake."""
    if during == ENCRYPTING:
        return Trouble(Kind.TLS, f"The server closed the connection {during}.", _TLS_ADVICE)
    return Trouble(
        Kind.DROPPED,
        f"The server closed the connection {during}.",
        "It may want another port or encryption, or limits connections from this address. Try again in a few minutes.",
    )


def timed_out(host: str, port: int, during: str) -> Trouble:
    """No answer in time."""
    return Trouble(
        Kind.TIMEOUT,
        f"{host} port {port} did not answer in time {during}.",
        "A firewall may block the port (many networks block 25), or the encryption does not fit: "
        "port 465 wants TLS from the start.",
    )


def from_exception(error: BaseException, host: str, port: int, during: str) -> Trouble:
    """A plain explanation of an error from the operating system or TLS."""
    if isinstance(error, Trouble):
        return error
    if isinstance(error, TimeoutError):
        return timed_out(host, port, during)
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error, host)
    if isinstance(error, ssl.SSLError):
        return _tls(error, host, port)
    if isinstance(error, socket.gaierror | UnicodeError):
        return Trouble(
            Kind.NAME,
            f"The name {host} cannot be found.",
            "Check the spelling of the server's name, and that this machine's DNS works.",
            str(error),
        )
    if isinstance(error, ConnectionRefusedError):
        return Trouble(
            Kind.REFUSED,
            f"{host} refuses connections on port {port}.",
            "Check the port (587 for STARTTLS, 465 for TLS from the start) and that the server is running.",
            str(error),
        )
    if isinstance(error, ConnectionError):
        return dropped(during)
    return _from_os(error, host, port)


def _certificate(error: ssl.SSLCertVerificationError, host: str) -> Trouble:
    reason = error.verify_message or str(error)
    low = reason.lower()
    if "expired" in low:
        advice = "Renew the server's certificate."
    elif "hostname mismatch" in low or "ip address mismatch" in low:
        advice = "Use the name the certificate was made for as the host."
    elif "self-signed" in low or "self signed" in low or "unable to get local issuer" in low:
        advice = "Use a certificate of a known authority, or add yours to this machine (SSL_CERT_FILE)."
    else:
        advice = "Check the clock of this machine and the server's certificate."
    return Trouble(Kind.CERTIFICATE, f"The certificate of {host} is not valid: {reason}.", advice, reason)


def _tls(error: ssl.SSLError, host: str, port: int) -> Trouble:
    return Trouble(
        Kind.TLS,
        f"No encrypted connection to {host} port {port} could be made.",
        _TLS_ADVICE,
        error.reason or str(error),
    )


def _from_os(error: BaseException, host: str, port: int) -> Trouble:
    number = getattr(error, "errno", None)
    said = str(error)
    if number == errno.ETIMEDOUT:
        return timed_out(host, port, "while connecting")
    if "Multiple exceptions" in said and "refused" in said.lower():
        return from_exception(ConnectionRefusedError(said), host, port, "while connecting")
    return Trouble(
        Kind.UNREACHABLE,
        f"{host} port {port} cannot be reached.",
        "Check the network of this machine, and that the host is spelt right.",
        said,
    )
