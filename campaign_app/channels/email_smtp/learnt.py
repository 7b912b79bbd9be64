"""What was learnt about a mail server: its extensions, and those it handles wrongly. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from campaign_app.channels.base import Weakness
from campaign_app.channels.email_smtp.settings import Pipelining

PREFIX = "pipelining_"
_ORDER = (Pipelining.OFF, Pipelining.ENVELOPE, Pipelining.AUTO)
_BROKEN: Final = {
    "off": "Its server offers grouped commands (PIPELINING), which save waiting, and breaks on them. Beacon sends one "
    "command at a time instead: every message arrives, more slowly when the server is far away.",
    "envelope": "Its server offers grouped commands (PIPELINING), which save waiting, and breaks when the end of one "
    "message and the next sender come together. Beacon groups only sender and recipient instead: every message "
    "arrives, a little more slowly.",
}


def read(capabilities: Mapping[str, Any], wanted: Pipelining) -> dict[str, str]:
    """The grouping to use (as set, but limited by what was learnt), and whether the server accepts 8-bit text."""
    seen = capabilities.get(f"{PREFIX}broken", "")
    learnt = Pipelining(seen) if seen in _BROKEN else Pipelining.AUTO
    found = {"pipelining": min(wanted, learnt, key=_ORDER.index).value}
    return found | ({"eight_bit": "yes"} if "8BITMIME" in capabilities else {})


def weakness(capabilities: Mapping[str, Any]) -> Weakness | None:
    """The extension that it handles wrongly."""
    text = _BROKEN.get(str(capabilities.get(f"{PREFIX}broken", "")))
    words = str(capabilities.get(f"{PREFIX}words", ""))
    return Weakness("PIPELINING", text, words) if text else None


def offers(capabilities: Mapping[str, Any]) -> list[str]:
    """What the server can do, as text."""
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
