"""Where a host is, told by reading its name: on the internet, in this machine, in a network, or nowhere. Pure.

Browsers read more than dotted numbers as an address (`127.1`, `0x7f000001`, `2130706433`), fold full-width letters and
ignore the dot at the end of a name, so this does too.
"""

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import idna

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
MAX_ADDRESS = 255
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")
_IN_NETWORKS = frozenset(("local", "internal", "lan", "home", "corp", "intranet", "private"))
_NOWHERE = frozenset(("test", "example", "invalid", "alt", "onion"))
_DOCUMENTATION = ("example.com", "example.net", "example.org")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Place(StrEnum):
    """Who can reach a host."""

    PUBLIC = "public"
    THIS_MACHINE = "this machine"
    NETWORK = "network"
    NOWHERE = "nowhere"
    UNREADABLE = "unreadable"


def ascii_host(host: str) -> str:
    """A host as it travels: lower case, IDNA, without the last dot and without the brackets of IPv6.

    Raises:
        ValueError: no host is called so.
    """
    bare = host.strip()
    if bare.startswith("[") and bare.endswith("]"):
        return str(ipaddress.IPv6Address(bare[1:-1]))
    if ":" in bare:
        return str(ipaddress.IPv6Address(bare))
    try:
        name = (bare if bare.isascii() else idna.encode(bare, uts46=True, transitional=False).decode()).lower()
    except idna.IDNAError:
        raise ValueError("This is not the name of a host.") from None
    name = name.removesuffix(".")
    if (found := _ipv4(name)) is not None:
        return str(found)
    if not 0 < len(name) <= 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError("This is not the name of a host.")
    return name


def _ipv4(name: str) -> ipaddress.IPv4Address | None:
    """The address that a browser reads in a name whose last label is a number; None for any other name."""
    parts = name.split(".")
    if not _NUMBER.fullmatch(parts[-1]):
        return None
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) and len(part) <= 12 for part in parts):
        raise ValueError("This is not an IP address.")
    numbers = [_number(part) for part in parts]
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
        raise ValueError("This is not an IP address.")
    value = numbers[-1]
    for position, number in enumerate(numbers[:-1]):
        value += number << (24 - 8 * position)
    return ipaddress.IPv4Address(value)


def _number(part: str) -> int:
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8) if len(part) > 1 and part.startswith("0") else int(part)


def address_place(address: Address) -> Place:
    """Where an IP address is; what is wrapped in an IPv6 address (mapped, 6to4, NAT64) counts as itself."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return address_place(inner)
        if address.is_site_local:
            return Place.NETWORK
    if address.is_loopback or address.is_unspecified:
        return Place.THIS_MACHINE
    return Place.PUBLIC if address.is_global and not address.is_multicast else Place.NETWORK


def place(host: str) -> Place:
    """Where a host is. What its name resolves to is not asked."""
    try:
        name = ascii_host(host.partition("%")[0])
    except ValueError:
        return Place.UNREADABLE
    try:
        return address_place(ipaddress.ip_address(name))
    except ValueError:
        pass
    last = name.rpartition(".")[2]
    if last == "localhost":
        return Place.THIS_MACHINE
    if last in _NOWHERE or any(name == known or name.endswith(f".{known}") for known in _DOCUMENTATION):
        return Place.NOWHERE
    if "." not in name or last in _IN_NETWORKS or name == "home.arpa" or name.endswith(".home.arpa"):
        return Place.NETWORK
    return Place.PUBLIC


@dataclass(frozen=True, slots=True)
class WebAddress:
    """The address of a website, in normal form. `host` is ASCII, without brackets; `path` has no slash at its end."""

    scheme: str
    host: str
    port: int | None
    path: str

    @property
    def url(self) -> str:
        """As one string, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{f':{self.port}' if self.port else ''}{self.path}"

    @property
    def place(self) -> Place:
        """Who can reach it."""
        return place(self.host)


def web_address(text: str) -> WebAddress:
    """Read what a person or the environment gives as the address of a website; https:// may be left out.

    Raises:
        ValueError: says what is wrong, as a sentence.
    """
    given = text.strip()
    if not given:
        raise ValueError("Enter an address such as https://mail.your-company.com.")
    if len(given) > MAX_ADDRESS:
        raise ValueError(f"At most {MAX_ADDRESS} characters fit here.")
    if not given.isprintable() or " " in given or "\\" in given:
        raise ValueError("An address has no spaces, line breaks or backslashes.")
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", given):
        given = f"https://{given}"
    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError:
        raise ValueError("This cannot be read as an address, such as https://mail.your-company.com is one.") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError("The address starts with https:// (or http://).")
    if "@" in parts.netloc:
        raise ValueError("Leave user name and password out: every recipient would read them.")
    if parts.query or parts.fragment or "?" in given or "#" in given:
        raise ValueError("Leave out what begins with “?” or “#”: links get their own ending.")
    if not re.fullmatch(r"[A-Za-z0-9/._~-]*", parts.path) or ".." in parts.path or "//" in parts.path:
        raise ValueError("The part after the host may hold letters, digits and - . _ ~ only.")
    host = _host_of(parts.hostname or "")
    own_port = None if port == _DEFAULT_PORTS[parts.scheme] else port
    return WebAddress(parts.scheme, host, own_port, parts.path.rstrip("/"))


def _host_of(host: str) -> str:
    if "%" in host or not host:
        raise ValueError("The address needs the name of a host, such as mail.your-company.com.")
    try:
        return ascii_host(host)
    except ValueError:
        raise ValueError(f"“{host[:60]}” is not the name of a host.") from None
