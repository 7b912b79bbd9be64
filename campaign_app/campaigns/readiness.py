"""What a launch needs from the workspace: an address that recipients can open, and a postal address.

Pre-flight, launch and dashboard use the same checks.
"""

from campaign_app.channels import registry
from campaign_app.channels import rows as accounts
from campaign_app.core.config import settings
from campaign_app.models.account import SendingAccount
from campaign_app.rendering.finding import Finding, blocking, fine, warning
from campaign_app.workspace import address
from campaign_app.workspace.schemas import Workspace

NO_ADDRESS = "Recipients cannot open the links"


def base_of(workspace: Workspace, account: SendingAccount | None) -> str:
    """The start of a message's links. Recipients in the sandbox are on this machine, so their links lead to it."""
    if account is not None and accounts.summary(account).is_sandbox:
        return settings().server_url
    return address.of(workspace).url


def public_address(workspace: Workspace, account: SendingAccount | None) -> Finding:
    """Whether recipients can open the links and unsubscribe."""
    if account is not None and accounts.summary(account).is_sandbox:
        words = f"Nothing leaves this machine, so its links lead to {settings().server_url}."
        return fine(f"{account.name} is the sandbox", "base_url", words)
    found = address.of(workspace)
    if found.problem:
        return blocking(NO_ADDRESS, address_words(found), "workspace", "base_url")
    if found.advice:
        return warning(f"Links lead to {found.url}", found.advice, "workspace", "base_url")
    return fine(f"Links lead to {found.url}", "base_url")


def address_words(found: address.PublicAddress) -> str:
    """What is wrong with an address, and where to change it."""
    where = f"Change {address.VARIABLE} on the server." if found.from_environment else _HERE[found.is_set]
    return f"They lead to {found.url}, the unsubscribe link too. {found.problem} {where}"


_HERE = {
    True: "Change the public address in Settings → Workspace.",
    False: "Enter the public address in Settings → Workspace.",
}


def postal_address(workspace: Workspace) -> Finding:
    """Whether the message has the sender's postal address, or the workspace says that none is needed."""
    if workspace.postal_address.strip():
        return fine("Your postal address is in the message", "address")
    if not workspace.needs_postal_address:
        return fine("No postal address: your workspace says that it needs none", "address")
    detail = (
        "Most countries require the sender's postal address in commercial mail. Enter it once in Settings → Workspace, "
        "or say there that your messages need none."
    )
    return blocking("Your postal address is missing", detail, "workspace", "address")


def findings(workspace: Workspace, account: SendingAccount | None) -> list[Finding]:
    """The findings about the workspace that matter for the account's channel."""
    wanted = registry.adapter(account.provider).capabilities if account else registry.adapters()[0].capabilities
    found = [public_address(workspace, account)] if wanted.has_links else []
    return found + ([postal_address(workspace)] if wanted.needs_postal_address else [])


def stops(workspace: Workspace, account: SendingAccount | None) -> list[Finding]:
    """The findings about the workspace that stop a launch through this account."""
    return [finding for finding in findings(workspace, account) if finding.severity == "blocking"]
