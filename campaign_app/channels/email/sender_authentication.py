"""Checks in DNS whether receivers can verify that mail comes from its sender: SPF, DKIM and DMARC."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import dns.asyncresolver
import dns.exception
import dns.resolver

from campaign_app.kit import hosts
from campaign_app.rendering.finding import Finding, fine, warning

TIMEOUT_S = 3.0

Lookup = Callable[[str], Awaitable[list[str]]]


class CannotAsk(Exception):
    """DNS gave no answer: offline, blocked or too slow."""


@dataclass(frozen=True, slots=True)
class SenderDns:
    """What DNS says about a domain. None: not asked or not answered. `reason` says why DNS could not be asked."""

    domain: str
    spf: bool | None = None
    dkim: bool | None = None
    dmarc: bool | None = None
    dmarc_policy: str = ""
    reason: str = ""


def is_reserved(domain: str) -> bool:
    """Whether the name is never in public DNS (RFC 2606), or is reserved for documentation."""
    return hosts.place(domain) in {hosts.Place.NOWHERE, hosts.Place.NETWORK, hosts.Place.THIS_MACHINE}


async def txt(name: str) -> list[str]:
    """TXT records of a name; [] when it has none.

    Raises:
        CannotAsk: no answer.
    """
    try:
        answer = await dns.asyncresolver.resolve(name, "TXT", lifetime=TIMEOUT_S)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError) as error:
        raise CannotAsk(str(error)) from None
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


async def look_up(domain: str, selector: str = "", dkim_domain: str = "", lookup: Lookup = txt) -> SenderDns:
    """SPF, DMARC, and with a selector DKIM. Takes at most about 3 s. Never raises because of the network."""
    if not domain or is_reserved(domain):
        return SenderDns(domain, reason="reserved")
    key = f"{selector}._domainkey.{dkim_domain or domain}" if selector else ""
    names = [domain, f"_dmarc.{domain}", f"_dmarc.{_parent(domain)}", key or domain]
    answers = await asyncio.gather(*(_quietly(lookup, name) for name in names))
    spf, dmarc, above, dkim = answers
    if spf is None and dmarc is None:
        return SenderDns(domain, reason="offline")
    policy = _policy(dmarc or []) or _policy(above or [])
    return SenderDns(
        domain,
        spf=None if spf is None else any(record.lower().startswith("v=spf1") for record in spf),
        dkim=None if dkim is None or not key else any(re.search(r"p=\s*[A-Za-z0-9+/]", record) for record in dkim),
        dmarc=None if dmarc is None else bool(policy),
        dmarc_policy=policy,
    )


async def _quietly(lookup: Lookup, name: str) -> list[str] | None:
    try:
        return await asyncio.wait_for(lookup(name), TIMEOUT_S)
    except (CannotAsk, TimeoutError):
        return None


def _parent(domain: str) -> str:
    return ".".join(domain.split(".")[-2:])


def _policy(records: list[str]) -> str:
    for record in records:
        found = re.match(r"v=DMARC1\s*;.*?\bp=\s*(\w+)", record, re.I)
        if found:
            return found[1].lower()
    return ""


async def findings(from_address: str, selector: str, dkim_domain: str) -> list[Finding]:
    """SPF, DKIM and DMARC of a sender's domain, for pre-flight."""
    domain = from_address.rpartition("@")[2]
    seen = await look_up(domain, selector, dkim_domain)
    if seen.reason == "reserved":
        return [fine(f"{domain} is a test domain: SPF, DKIM and DMARC do not apply", "dns")]
    if seen.reason:
        words = "The DNS did not answer. Large mailbox providers refuse bulk mail that fails these checks."
        return [warning(f"SPF, DKIM and DMARC of {domain} could not be checked", words, "", "dns_unchecked")]
    missing = [name for name, is_there in (("SPF", seen.spf), ("DMARC", seen.dmarc)) if is_there is False]
    found = []
    if missing:
        words = f"Add the {' and '.join(missing)} record to the DNS: Gmail and Yahoo want both from bulk senders."
        found.append(warning(f"{domain} has no {' and no '.join(missing)} record", words, "", "dns"))
    if seen.dkim is False:
        words = f"{selector}._domainkey.{dkim_domain or domain} holds no key, so signatures fail."
        found.append(warning("The DKIM key is not in the DNS", words, "account", "dkim"))
    elif seen.dkim is None:
        words = "Add a DKIM key to the account, unless its mail server signs for you."
        found.append(warning("Beacon does not sign with DKIM", words, "account", "dkim"))
    if not found:
        found.append(fine(f"SPF, DKIM and DMARC are there for {domain}", "dns"))
    return found
