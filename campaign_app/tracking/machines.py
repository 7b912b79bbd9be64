"""Tells machines from people, with the reason. Without a clear sign of a machine it counts as a person. Pure."""

import ipaddress
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from campaign_app.models.delivery import EventKind

PRIVACY_PROXY = "Mail privacy proxy"
SCANNER = "Security scanner"
BOT = "Bot"
PROBE = "Asked without loading (HEAD)"
PREFETCH = "Fetched ahead by the mailbox provider"
ALL_LINKS = "Every link within seconds of sending"
NO_AGENT = "No browser named"

GROUPS: Mapping[str, str] = {
    PRIVACY_PROXY: "Mail privacy proxies",
    PREFETCH: "Mail privacy proxies",
    SCANNER: "Security scanners",
    ALL_LINKS: "Security scanners",
    PROBE: "Security scanners",
    BOT: "Other machines",
    NO_AGENT: "Other machines",
}

AHEAD = timedelta(seconds=60)  # an image proxy that asks sooner did so without a person
BURST = timedelta(seconds=15)

_APPLE = ipaddress.ip_network("17.0.0.0/8")
_IMAGE_PROXY = re.compile(r"GoogleImageProxy|YahooMailProxy|ImageProxy|OutlookImageProxy", re.I)
_SCANNER = re.compile(
    r"barracuda|proofpoint|mimecast|messagelabs|symantec|forcepoint|trendmicro|sophos|fireeye|cloudmark|safelinks"
    r"|urldefense|phish|virustotal|bitdefender|kaspersky|ironport|zscaler|paloalto|checkpoint",
    re.I,
)
_BOT = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|scan|monitor|headless|phantomjs|selenium|playwright|puppeteer|curl/|wget/"
    r"|python-|httpx|aiohttp|go-http-client|java/|okhttp|libwww|axios|node-fetch|facebookexternalhit|whatsapp/",
    re.I,
)


def reason(kind: EventKind, method: str, user_agent: str, ip: str, at: datetime, sent_at: datetime | None) -> str:
    """Why this open or click counts as a machine's; "" for a person's."""
    agent = user_agent.strip()
    if method.upper() == "HEAD":
        return PROBE
    if not agent:
        return NO_AGENT
    known, is_image_proxy = _agent(agent)
    if kind is EventKind.OPEN:
        if agent == "Mozilla/5.0" or (ip.startswith("17.") and _is_apple(ip)):
            return PRIVACY_PROXY
        if is_image_proxy:
            return PREFETCH if sent_at is None or at - sent_at < AHEAD else ""
    return known


@lru_cache(maxsize=4_096)
def _agent(agent: str) -> tuple[str, bool]:
    """(reason by the user agent or "", whether it is a mailbox provider's image proxy). Cached: agents repeat."""
    known = SCANNER if _SCANNER.search(agent) else BOT if _BOT.search(agent) else ""
    return known, _IMAGE_PROXY.search(agent) is not None


def _is_apple(ip: str) -> bool:
    try:
        return ipaddress.ip_address(ip) in _APPLE
    except ValueError:
        return False


def is_burst(clicked: int, links: int, at: datetime, sent_at: datetime | None) -> bool:
    """Whether one recipient's clicks are a scanner's: all links (at least two) within seconds of sending."""
    soon = sent_at is None or at - sent_at < BURST
    return soon and links >= 2 and clicked >= links


def group(machine: str) -> str:
    """The heading under which the analytics page counts a reason."""
    return GROUPS.get(machine, "Other machines")
