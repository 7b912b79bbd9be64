"""Pre-flight checks of audience, message, sender, workspace, network and other campaigns."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience.schemas import AudienceCount
from campaign_app.campaigns import contents, link_check, readiness
from campaign_app.campaigns import preflight_repository as repository
from campaign_app.channels import registry
from campaign_app.channels import rows as accounts
from campaign_app.channels.content import Channel, Inspected
from campaign_app.kit import text
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign
from campaign_app.rendering.errors import RenderError
from campaign_app.rendering.finding import Finding, blocking, fine, people, warning
from campaign_app.rendering.templating import CONTACT_VARIABLES, context_for
from campaign_app.workspace.schemas import Workspace

RECENT = timedelta(hours=48)
_WORDS = {"email": "e-mail address", "full_name": "name", "name": "name"}

LinkCheck = Callable[[list[str]], Awaitable[dict[str, int | None]]]


@dataclass(slots=True)
class Facts:
    """The data that the checks use."""

    campaign: Campaign
    channel: Channel
    at: datetime
    workspace: Workspace
    account: SendingAccount | None
    attributes: set[str]
    audience: AudienceCount = field(default_factory=lambda: AudienceCount(0, 0, 0, {}))
    sample: list[Any] = field(default_factory=list)
    targets: tuple[str, ...] = ()
    who: str = ""


def audience(facts: Facts) -> list[Finding]:
    """Who gets the message, and who is left out and why."""
    count = facts.audience
    if not count.total:
        return [blocking("The audience is empty", "Choose a list or segment with contacts.", "audience", "audience")]
    if not count.reachable:
        words = f"All {people(count.total)} in it are suppressed or have no {facts.channel.address.label}."
        return [blocking("Nobody in the audience can be reached", words, "audience", "audience", count.total)]
    found = [fine(f"{people(count.reachable)} will get it", "audience", count=count.reachable)]
    if left_out := sum(count.suppressed.values()):
        reasons = sorted(count.suppressed.items(), key=lambda item: -item[1])
        detail = ", ".join(f"{reason.label.lower()}: {text.number(number)}" for reason, number in reasons)
        title = f"{people(left_out)} on the suppression list {'is' if left_out == 1 else 'are'} left out"
        found.append(fine(title, "suppressed", detail[:1].upper() + detail[1:], left_out))
    if count.no_address:
        have = "has" if count.no_address == 1 else "have"
        title = f"{people(count.no_address)} {have} no {facts.channel.address.label}"
        found.append(fine(title, "no_address", "They are skipped.", count.no_address))
    return found


async def message(session: AsyncSession, facts: Facts) -> list[Finding]:
    """Whether the message can be read and rendered for each contact of the sample, and what it contains."""
    content = contents.of(facts.campaign)
    if facts.channel.lacks(content) == "message":
        return [blocking("The message is empty", "Write it, or start from a template.", "content", "content")]
    address = "x" * 60
    around = {"unsubscribe_url": address, "view_url": address, "open_url": address}
    around["postal_address"] = facts.workspace.postal_address
    people = [context_for(person) for person in facts.sample]
    try:
        seen = await facts.channel.inspect(facts.who, content, people, around, sorted(facts.attributes))
    except RenderError as error:
        where = f"{error.part.capitalize()}, line {error.line}" if error.line else error.part.capitalize()
        return [blocking("The message cannot be read", f"{where}: {error.plain}.", "content", "template")]
    facts.targets = seen.targets
    return [*seen.findings, *await _holes(session, facts, seen)]


async def _holes(session: AsyncSession, facts: Facts, seen: Inspected) -> list[Finding]:
    known = CONTACT_VARIABLES | facts.attributes
    names = sorted(name for name in seen.variables if name in known)
    if not facts.audience.reachable or not names:
        return []
    required = [name for name in names if name in seen.required]
    counted = await repository.holes(session, facts.campaign.audience, facts.channel.address.name, names, required)
    found = []
    for name, number in counted.by_name.items():
        if number:
            found.append(_hole(name, number, facts.audience.reachable, name in seen.required))
    if not any(finding.severity != "fine" for finding in found):
        found.append(fine("Every variable has a value or a default for everyone", "variables"))
    return found


def _hole(name: str, number: int, reachable: int, is_required: bool) -> Finding:
    word = _WORDS.get(name, name.replace("_", " "))
    title = f"{people(number)} {'has' if number == 1 else 'have'} no {word}"
    if not is_required:
        return fine(title, "default", "They get the default instead.", number)
    if number >= reachable:
        words = f"That is everyone, so nothing would be sent. Give {{{{ {name} }}}} a default or remove it."
        return blocking(title, words, "content", "missing", number)
    words = f"They are skipped, so that nobody reads “Hello ,”. Give {{{{ {name} }}}} a default to write to them too."
    return warning(title, words, "content", "missing", number)


def sender(facts: Facts) -> list[Finding]:
    account = facts.account
    if account is None:
        return [blocking("No sending account is chosen", "Choose who the message comes from.", "setup", "account")]
    if not account.is_active:
        words = "Switch it on in the settings, or choose another one."
        return [blocking(f"{account.name} is switched off", words, "setup", "account")]
    found = []
    if account.circuit_open_until and account.circuit_open_until > facts.at:
        words = f"{account.last_error or 'Its server does not answer'}. Test the connection in the settings."
        found.append(blocking(f"{account.name} does not work now", words, "account", "account"))
    elif account.last_error:
        words = f"{account.last_error}. Test the connection again."
        found.append(warning(f"{account.name} had a problem", words, "account", "account"))
    elif account.last_checked_at is None:
        words = "Test the connection, so that a wrong password does not stop the launch."
        found.append(warning(f"{account.name} was never tested", words, "account", "account"))
    else:
        found.append(fine(f"{accounts.summary(account).address} is connected", "account"))
    return found


def workspace(facts: Facts) -> list[Finding]:
    """Whether recipients can open the links, and whether there is a postal address."""
    return readiness.findings(facts.workspace, facts.account)


async def recent(session: AsyncSession, facts: Facts) -> list[Finding]:
    """Whether the same people recently got another campaign."""
    if not facts.audience.total:
        return []
    number, shares = await repository.written_to_since(session, facts.campaign, facts.at - RECENT)
    if not number:
        return [fine("Nobody in the audience got another campaign in the last 48 hours", "recent")]
    names = ", ".join(name for name, _ in shares)
    title = f"{people(number)} got {facts.channel.message_word} from you in the last 48 hours"
    return [warning(title, f"From {names}.", "audience", "recent", number)]


async def links(facts: Facts, check: LinkCheck) -> list[Finding]:
    """Whether the websites behind the links answer."""
    targets = _plain_links(facts.targets)
    found: list[Finding] = []
    silent = answered = 0
    for url, status in (await check(targets)).items():
        if status is None:
            silent += 1
        elif status in link_check.GONE:
            words = f"{url} returns {status} (page not found). Correct the link or publish the page."
            found.append(blocking("A link does not answer", words, "content", "dead_link"))
        elif status >= 500:
            words = f"{url} returns {status}: the website has a problem now."
            found.append(warning("A website has a problem", words, "content", "dead_link"))
        else:
            answered += 1
    if silent:
        title = f"{text.plural(silent, 'link')} could not be checked"
        found.append(warning(title, "No answer within 4 s, or not reachable from here.", "", "links_unchecked", silent))
    if answered and not found:
        found.append(fine(f"{text.plural(answered, 'link')} answered", "links_online", count=answered))
    return found


def _plain_links(targets: Sequence[str]) -> list[str]:
    plain = [target for target in targets if "{" not in target]
    return [target for target in plain if target.lower().startswith("http")]


async def sender_of_channel(facts: Facts) -> list[Finding]:
    """The channel's own checks of the sender."""
    if facts.account is None:
        return []
    account = facts.account
    adapter = registry.adapter(account.provider)
    return await adapter.sender_checks(accounts.typed(adapter, account.settings))
