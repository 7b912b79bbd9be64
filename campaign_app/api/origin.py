"""The origin of a request: same origin or not, and the browser's address behind trusted proxies. Pure."""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_DEFAULT_PORTS = (":80", ":443")
_SECURE = frozenset({"https", "wss"})


def is_same_origin(headers: Mapping[str, str]) -> bool:
    """Whether the request comes from a page of this installation. Programs without an origin have no cookies."""
    if origin := headers.get("origin"):
        return bool(_host(origin)) and _host(origin) == _without_default_port(headers.get("host", ""))
    if site := headers.get("sec-fetch-site"):
        return site in {"same-origin", "none"}
    if referer := headers.get("referer"):
        return _host(referer) == _without_default_port(headers.get("host", ""))
    return True


def _host(url: str) -> str:
    """Host and port of an http(s) URL; "" for anything else, "null" included."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return _without_default_port(parts.netloc) if parts.scheme in {"http", "https"} else ""


def _without_default_port(host: str) -> str:
    host = host.lower()
    for port in _DEFAULT_PORTS:
        host = host.removesuffix(port)
    return host


@dataclass(frozen=True, slots=True)
class Peer:
    """The client's real address and scheme."""

    ip: str
    scheme: str
    behind_proxy: bool


def peer(ip: str, scheme: str, headers: Mapping[str, str], trusted: str) -> Peer:
    """The browser's address and scheme.

    X-Forwarded-For is read from the right as long as the hops are trusted; X-Forwarded-Proto only from a trusted hop.
    `trusted` lists addresses and networks, separated by commas.
    """
    networks = _networks(trusted)
    if not _is_in(ip, networks):
        return Peer(ip, scheme, behind_proxy=False)
    hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
    while hops and _is_in(ip, networks):
        hop = _address(hops.pop())
        if not hop:
            break
        ip = hop
    forwarded = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
    if forwarded in {"http", "https"}:
        is_socket = scheme in {"ws", "wss"}
        plain, secure = ("ws", "wss") if is_socket else ("http", "https")
        scheme = secure if forwarded == "https" else plain
    return Peer(ip, scheme, behind_proxy=True)


def is_secure(scheme: str) -> bool:
    """Whether the browser speaks TLS."""
    return scheme in _SECURE


def _address(text: str) -> str:
    """An address without port and brackets; "" when it is none."""
    bare = text.strip().removeprefix("[").partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return ""


def _is_in(ip: str, networks: Iterable[Network]) -> bool:
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    return any(address in network for network in networks)


@lru_cache
def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())
