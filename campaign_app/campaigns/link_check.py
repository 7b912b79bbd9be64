"""Checks whether the websites behind a message's links answer. Sends no request into our own network (SSRF)."""

import asyncio
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urljoin, urlsplit

import httpx

from campaign_app.kit.hosts import Place, address_place

TIMEOUT_S = 4.0
MOST_LINKS = 20
_KEPT_S, _KEPT = 600.0, 1_000
_HOPS = 3
GONE = frozenset({404, 410})

Resolve = Callable[[str, int], Awaitable[list[str]]]
_known: "OrderedDict[str, tuple[float, int | None]]" = OrderedDict()


async def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a host; [] when there are none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port)
    except OSError:
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    try:
        return address_place(ipaddress.ip_address(address.partition("%")[0])) is Place.PUBLIC
    except ValueError:
        return False


async def statuses(
    urls: Sequence[str], *, resolver: Resolve = resolve, transport: httpx.AsyncBaseTransport | None = None
) -> dict[str, int | None]:
    """URL → HTTP status; None: no answer, or not asked. At most 20 URLs, about 4 s in all, cached for 10 min."""
    asked = [url for url in dict.fromkeys(urls) if url.lower().startswith(("http://", "https://"))][:MOST_LINKS]
    fresh = [url for url in asked if _remembered(url) is None]
    limits = httpx.Limits(max_connections=8)
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, limits=limits, transport=transport) as client:
        tasks = {url: asyncio.create_task(_status(client, url, resolver)) for url in fresh}
        if tasks:
            _, late = await asyncio.wait(tasks.values(), timeout=TIMEOUT_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
    for url, task in tasks.items():
        _remember(url, None if task.cancelled() or task.exception() else task.result())
    return {url: found[1] for url in asked if (found := _known.get(url))}


def _remembered(url: str) -> tuple[float, int | None] | None:
    found = _known.get(url)
    return found if found and time.monotonic() - found[0] < _KEPT_S else None


def _remember(url: str, status: int | None) -> None:
    _known[url] = (time.monotonic(), status)
    _known.move_to_end(url)
    while len(_known) > _KEPT:
        _known.popitem(last=False)


def forget() -> None:
    """Empty the cache."""
    _known.clear()


async def _status(client: httpx.AsyncClient, url: str, resolver: Resolve) -> int | None:
    for _ in range(_HOPS):
        answer = await _ask(client, "HEAD", url, resolver)
        if answer is not None and answer.status_code in {403, 405, 501}:  # some servers answer only GET
            answer = await _ask(client, "GET", url, resolver)
        if answer is None:
            return None
        if not answer.is_redirect:
            return answer.status_code
        url = urljoin(url, answer.headers.get("location", ""))
    return None


async def _ask(client: httpx.AsyncClient, method: str, url: str, resolver: Resolve) -> httpx.Response | None:
    """One request to an IP address that was resolved and checked here, so that DNS cannot change it meanwhile."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if port not in {80, 443, 8080, 8443}:
        return None
    addresses = await resolver(parts.hostname, port)
    if not addresses or not all(map(is_public, addresses)):
        return None
    literal = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
    request = client.build_request(
        method,
        parts._replace(netloc=f"{literal}:{port}", fragment="").geturl(),
        headers={"Host": parts.netloc.rpartition("@")[2], "User-Agent": "Mozilla/5.0 (compatible; Beacon link check)"},
        extensions={"sni_hostname": parts.hostname},
    )
    try:
        answer = await client.send(request, stream=True)
    except httpx.HTTPError:
        return None
    await answer.aclose()
    return answer
