"""The public address of this installation. Every link of a message begins with it.

It is BEACON_BASE_URL if that is set, else the workspace's setting, else this machine's own address, which no
recipient can open.
"""

from dataclasses import dataclass

from campaign_app.core.config import settings
from campaign_app.kit.hosts import Place, WebAddress, web_address
from campaign_app.workspace.schemas import Workspace

VARIABLE = "BEACON_BASE_URL"
_WHO = {
    Place.THIS_MACHINE: "Only the computer on which Beacon runs can open it.",
    Place.NETWORK: "Only computers in the same network can open it.",
    Place.NOWHERE: "Names like this one are reserved and lead nowhere on the internet.",
    Place.UNREADABLE: "No browser can read it.",
}
PLAIN_HTTP = (
    "Its links begin with http://, so nothing protects what recipients open. Use https:// when your server speaks TLS."
)


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """`url` begins every link. `problem`: why recipients cannot open it, "" when they can. `advice`: worth a look."""

    url: str
    problem: str = ""
    advice: str = ""
    from_environment: bool = False
    is_set: bool = True


def of(workspace: Workspace) -> PublicAddress:
    """The address for new messages."""
    given = settings().base_url.strip()
    if given:
        return _judged(given, from_environment=True)
    if workspace.public_url:
        return _judged(workspace.public_url)
    return PublicAddress(settings().server_url, problem=_WHO[Place.THIS_MACHINE], is_set=False)


def _judged(given: str, *, from_environment: bool = False) -> PublicAddress:
    try:
        found = web_address(given)
    except ValueError as error:
        return PublicAddress(given.rstrip("/"), str(error), "", from_environment)
    return PublicAddress(found.url, problem(found), advice(found), from_environment)


def problem(found: WebAddress) -> str:
    """Why recipients cannot open an address, "" when they can."""
    return _WHO.get(found.place, "")


def advice(found: WebAddress) -> str:
    """A warning about an address that recipients can open, or ""."""
    return PLAIN_HTTP if found.scheme == "http" and not problem(found) else ""


def checked(given: str) -> str:
    """The entered address in its normal form.

    Raises:
        ValueError: it cannot be read, or recipients cannot open it; the text says which.
    """
    found = web_address(given)
    if why := problem(found):
        raise ValueError(f"Recipients could not open {found.url}. {why}")
    return found.url


def proposed(given: str) -> str:
    """The address to propose to somebody who came from `given`: its normal form if recipients can open it, else ""."""
    try:
        return checked(given)
    except ValueError:
        return ""
