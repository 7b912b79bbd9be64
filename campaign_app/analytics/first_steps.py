"""The steps to the first own campaign of a new installation, in order, and which of them are done."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.analytics import repository
from campaign_app.campaigns import readiness
from campaign_app.channels import service as accounts
from campaign_app.channels.schemas import AccountRow
from campaign_app.core.actor import Actor
from campaign_app.kit import text
from campaign_app.workspace import address
from campaign_app.workspace import service as workspace
from campaign_app.workspace.schemas import Workspace


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `key`: address, sender, account, contacts or campaign; `detail`: what exists, or why it is needed."""

    key: str
    title: str
    detail: str
    done: bool


async def look(session: AsyncSession, actor: Actor) -> Sequence[Step]:
    """The steps and whether each is done. Steps that the actor may not see are left out."""
    actor.require("campaigns:read")
    here = await workspace.get(session)
    steps = [_address(here), _sender(here)]
    if actor.can("accounts:read"):
        steps.append(_account(await accounts.list_accounts(session, actor)))
    if actor.can("contacts:read"):
        count = await repository.contact_count(session)
        said = text.plural(count, "contact") if count else "From a CSV file; duplicates are merged"
        steps.append(Step("contacts", "Import your contacts", said, bool(count)))
    return [*steps, Step("campaign", "Write and launch", "With a preview for any recipient", done=False)]


def _address(here: Workspace) -> Step:
    found = address.of(here)
    title = "Set the public address"
    if not found.problem:
        return Step("address", title, found.url, done=True)
    what = found.url if found.is_set else "Links and unsubscribing need it"
    return Step("address", title, f"{what}. {found.problem}" if found.is_set else what, done=False)


def _sender(here: Workspace) -> Step:
    missing = [
        words
        for words, is_missing in (
            ("company", not here.company),
            ("postal address", readiness.postal_address(here).severity == "blocking"),
        )
        if is_missing
    ]
    where = " ".join(here.postal_address.split()) or "no postal address needed"
    done = where if where.startswith(here.company) else f"{here.company}, {where}"
    return Step("sender", "Set the sender", f"Missing: {', '.join(missing)}" if missing else done, not missing)


def _account(rows: Sequence[AccountRow]) -> Step:
    title = "Connect a sending account"
    if not rows:
        return Step("account", title, "Your mail server or provider, by SMTP", done=False)
    works = next((row for row in rows if row.works), None)
    if works is not None:
        return Step("account", title, works.address, done=True)
    return Step("account", title, f"{rows[0].name}: test its connection", done=False)


def matters(rows: Sequence[AccountRow]) -> bool:
    """Whether an account exists that reaches real people, so is not the sandbox's."""
    return any(row.is_active and not row.is_sandbox for row in rows)
