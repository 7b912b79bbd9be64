"""Checks in DNS whether the DKIM key is published, with a time limit."""

from dataclasses import dataclass
from enum import StrEnum

import dns.asyncresolver
import dns.exception
import dns.resolver

from campaign_app.channels.email import dkim


class Published(StrEnum):
    """What DNS says about a record."""

    RIGHT = "right"
    OTHER = "other"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """`words`: what was found, what it means and what to do."""

    published: Published
    words: str


async def check(
    record: dkim.DnsRecord, *, timeout_s: float = 5.0, resolver: dns.asyncresolver.Resolver | None = None
) -> Finding:
    """Compare what is published under the record's name with its text."""
    try:
        asking = resolver or dns.asyncresolver.Resolver()
        answer = await asking.resolve(record.name, "TXT", lifetime=timeout_s)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return Finding(
            Published.MISSING,
            "The record is not published. Add it where the domain's DNS is kept; it can take an hour to be seen.",
        )
    except (dns.exception.DNSException, OSError) as error:
        return Finding(
            Published.UNKNOWN,
            f"DNS did not answer ({type(error).__name__}). Nothing is known about the record. Try again in a minute.",
        )
    texts = [b"".join(found.strings).decode("utf-8", "replace") for found in answer]
    if any(dkim.same_record(text, record.text) for text in texts):
        return Finding(Published.RIGHT, "The record is published and fits the key.")
    return Finding(
        Published.OTHER,
        "Another key is published under this name, so receivers will find the signatures wrong. "
        "Replace the record, or choose another selector.",
    )
