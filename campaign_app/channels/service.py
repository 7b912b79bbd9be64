"""Use cases of sending accounts.

Whoever may write accounts decides which host this machine connects to, also inside private networks: a local mail
relay is common. Therefore `accounts:write` is for admins, only the mail server's reply lines are shown, and a stored
password is sent only to the server that it was entered for.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audit import service as audit
from campaign_app.channels import outdated, registry, repository, rows, rules, tested
from campaign_app.channels.base import (
    AccountConfig,
    AccountSettings,
    Candidate,
    ChannelAdapter,
    ConnectionReport,
    Result,
    Verdict,
)
from campaign_app.channels.errors import AccountChanged, AccountInUse, AccountInvalid, AccountNotFound
from campaign_app.channels.schemas import Account, AccountForm, AccountRow, Use
from campaign_app.channels.tested import CheckedConnection
from campaign_app.core import logging
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.models.account import SendingAccount
from campaign_app.workspace import service as workspace

log = logging.get("channels")


async def list_accounts(session: AsyncSession, actor: Actor) -> list[AccountRow]:
    """All accounts by name, with their health and the messages sent on the reader's today."""
    actor.require("accounts:read")
    at = now()
    used = await repository.use(session, at, await workspace.zone_of(session, actor))
    accounts = await repository.all_accounts(session)
    return [rows.in_list(account, used.get(int(account.id or 0), Use()), at) for account in accounts]


async def get(session: AsyncSession, actor: Actor, account_id: int) -> Account:
    """One account, without its secrets."""
    actor.require("accounts:read")
    account = await _known(session, account_id)
    zone = await workspace.zone_of(session, actor)
    use = (await repository.use(session, now(), zone, account_id)).get(account_id, Use())
    return rows.in_full(account, use, now())


async def create(session: AsyncSession, actor: Actor, form: AccountForm, found: CheckedConnection | None = None) -> int:
    """Create an account and return its id. `found`: the form's test, which counts if it tested this connection.

    Raises:
        AccountInvalid: `fields` says what is wrong where.
    """
    actor.require("accounts:write")
    values = rows.values(form, await _checked(session, form, None), None)
    account = SendingAccount(**values | tested.outcome(found, rows.config(SendingAccount(**values)), now()))
    session.add(account)
    await session.flush()
    server = rows.summary(account).server
    await audit.record(
        session, actor, "account.create", "account", account.id, account.name, provider=account.provider, server=server
    )
    return int(account.id or 0)


async def update(
    session: AsyncSession,
    actor: Actor,
    account_id: int,
    version: int,
    form: AccountForm,
    found: CheckedConnection | None = None,
) -> int:
    """Save the form over `version` and return the new version. A changed connection needs a new test.

    Raises:
        AccountChanged: someone saved it in between. AccountInvalid.
    """
    actor.require("accounts:write")
    account = await _known(session, account_id, lock=True)
    values = rows.values(form, await _checked(session, form, account), account)
    changed = rows.changes(account, values)
    if account.version == version and not changed:
        return version
    depends = registry.adapter(account.provider).dependence
    if not depends.server.isdisjoint(changed):
        values["capabilities"] = {}
    if not depends.connection.isdisjoint(changed):
        values |= tested.outcome(found, rows.config(SendingAccount(**{"id": account_id, **values})), now())
        values |= outdated.circuit(account, now())
    if not await repository.update(session, account_id, version, {**values, "updated_at": now()}):
        raise AccountChanged(
            f"“{account.name}” was saved by someone else while you edited it. Your changes are not saved. "
            "Reload to see theirs, then change it again.",
            title="Changed by someone else",
        )
    await session.refresh(account)
    if not depends.rate.isdisjoint(changed):
        await outdated.forget_push_back(account_id)
    await audit.record(session, actor, "account.update", "account", account_id, account.name, **changed)
    return version + 1


async def delete(session: AsyncSession, actor: Actor, account_id: int) -> None:
    """Delete it permanently. Finished campaigns still show it.

    Raises:
        AccountInUse: a campaign that is scheduled, running or paused sends through it.
    """
    actor.require("accounts:write")
    account = await _known(session, account_id, lock=True)
    using = await repository.campaigns_under_way(session, account_id)
    if using:
        named = ", ".join(f"“{name}”" for name in using[:3]) + (f" and {len(using) - 3} more" if len(using) > 3 else "")
        raise AccountInUse(
            f"{named} will still send through it. Cancel it or choose another account there first.",
            title="The account is in use",
        )
    account.deleted_at = account.updated_at = now()
    account.is_active = False
    account.secrets = {}
    account.version += 1
    session.add(account)
    await audit.record(session, actor, "account.delete", "account", account_id, account.name)


async def address(session: AsyncSession, account_id: int) -> str:
    """The sender address. Every message shows it, so whoever may read the campaign may read it.

    Raises:
        AccountNotFound: it was deleted.
    """
    return rows.summary(await _known(session, account_id)).address


async def sent_since(session: AsyncSession, account_id: int, since: datetime) -> int:
    """Messages an account has sent since a time, by whole minutes. For the product's own rules: no actor is checked."""
    return await repository.sent_since(session, account_id, since)


async def config(session: AsyncSession, account_id: int) -> AccountConfig:
    """For the engine: the account with opened secrets.

    Raises:
        AccountNotFound; AppError when a secret cannot be read with this installation's key.
    """
    return rows.config(await _known(session, account_id))


async def form_config(
    session: AsyncSession, actor: Actor, form: AccountForm, account_id: int | None = None
) -> AccountConfig:
    """The connection of an unsaved form. A password that it keeps comes from the stored account.

    Raises:
        AccountInvalid: a field that the connection needs is wrong.
    """
    actor.require("accounts:write")
    account = await _known(session, account_id) if account_id else None
    settings, found = await _problems(session, form, account)
    needed = registry.adapter(form.provider).dependence.connection
    if wrong := {field: words for field, words in found.items() if field in needed}:
        raise AccountInvalid("Check the marked fields.", wrong, title="Connection not tested")
    return rows.config(SendingAccount(**{"id": account_id or 0, **rows.values(form, settings, account)}))


async def test_connection(session: AsyncSession, actor: Actor, target: int | AccountConfig) -> ConnectionReport:
    """Connect, log in, quit. Takes up to 15 s. `target` is an account's id or the result of `form_config`.

    Only reads: call it inside `db.reading()`, so that no lock is held meanwhile, then `record_check` in a transaction.
    """
    actor.require("accounts:write")
    config = target if isinstance(target, AccountConfig) else rows.config(await _known(session, target))
    return await registry.adapter(config.provider).test_connection(config)


async def is_as_stored(session: AsyncSession, actor: Actor, account_id: int, config: AccountConfig) -> bool:
    """Whether the stored account has exactly this connection."""
    actor.require("accounts:read")
    return tested.mark(config) == tested.mark(rows.config(await _known(session, account_id)))


async def record_check(session: AsyncSession, actor: Actor, account_id: int, report: ConnectionReport) -> None:
    """Store the result of a connection test. The next sweep resumes a paused account that works again."""
    actor.require("accounts:write")
    account = await _known(session, account_id, lock=True)
    if report.ok:
        account.last_error = ""
        account.capabilities = rows.merged(account, report.capabilities)
        if account.circuit_open_until is not None:
            account.circuit_open_until = now()
    else:
        account.last_error = report.summary[:500]
    account.last_checked_at = now()
    session.add(account)
    await audit.record(session, actor, "account.test", "account", account_id, account.name, works=report.ok)


async def send_test(session: AsyncSession, actor: Actor, account_id: int, to: str) -> Result:
    """Send a short message through the account. Takes up to 30 s.

    Reads only, like `test_connection`; `record_test` notes it.

    Raises:
        AccountInvalid: `to` is not an address, or the account's own addresses or key cannot be used.
    """
    actor.require("accounts:write")
    account = await _known(session, account_id)
    adapter = registry.adapter(account.provider)
    problem = adapter.recipient_problem(to.strip())
    if problem:
        raise AccountInvalid(problem, {"to": problem}, title="Test not sent")
    opened = rows.config(account)
    try:
        message = adapter.account_test(opened, to.strip())
    except ValueError as error:
        raise AccountInvalid(f"The test message could not be made: {error}", title="Test not sent") from None
    return await adapter.send_one(opened, message)


async def record_test(session: AsyncSession, actor: Actor, account_id: int, to: str, result: Result) -> None:
    """Record a test message in the audit log and in the account's health."""
    actor.require("accounts:write")
    account = await _known(session, account_id, lock=True)
    accepted = result.verdict is Verdict.ACCEPTED
    if accepted or result.account_trouble:
        account.last_checked_at = now()
        account.last_error = "" if accepted else result.response[:500]
        session.add(account)
    await audit.record(session, actor, "account.send_test", "account", account_id, account.name, to=to, ok=accepted)


async def forget_weakness(session: AsyncSession, actor: Actor, account_id: int) -> None:
    """Forget a weakness of the server: the next campaign tries the extension again."""
    actor.require("accounts:write")
    account = await _known(session, account_id, lock=True)
    keeps = registry.adapter(account.provider).keeps
    account.capabilities = {name: value for name, value in account.capabilities.items() if not keeps(name)}
    session.add(account)
    await audit.record(session, actor, "account.forget_weakness", "account", account_id, account.name)


async def record_capabilities(session: AsyncSession, account_id: int, found: Mapping[str, str]) -> None:
    """For the engine: store what a sender learnt about the server."""
    account = await repository.get(session, account_id, lock=True)
    if account is None:
        return
    merged = rows.merged(account, found)
    if merged != account.capabilities:
        account.capabilities = merged
        session.add(account)
        if weakness := registry.adapter(account.provider).weakness(found):
            log.warning("server mishandles an extension", account=account_id, what=weakness.what, words=weakness.words)


async def _known(session: AsyncSession, account_id: int, *, lock: bool = False) -> SendingAccount:
    account = await repository.get(session, account_id, lock=lock)
    if account is None:
        raise AccountNotFound(
            "This sending account does not exist any more. Choose another.", title="Account not found"
        )
    return account


async def _checked(session: AsyncSession, form: AccountForm, account: SendingAccount | None) -> AccountSettings:
    settings, found = await _problems(session, form, account)
    if found:
        raise AccountInvalid("Check the marked fields. Nothing was saved.", found, title="Account not saved")
    return settings


async def _problems(
    session: AsyncSession, form: AccountForm, account: SendingAccount | None
) -> tuple[AccountSettings, dict[str, str]]:
    """The settings as their provider's model, and field → what is wrong."""
    adapter = _adapter(form, account)
    settings = rows.typed(adapter, form.settings)
    found = rules.problems(form)
    candidate = Candidate(
        settings,
        {name: form.secrets.get(name) for name in adapter.secret_names},
        rows.typed(adapter, account.settings) if account else None,
        frozenset(account.secrets) if account else frozenset(),
    )
    found |= adapter.problems(candidate)
    if form.name and await repository.name_taken(session, form.name, account.id if account else None):
        found["name"] = "Another account has this name."
    return settings, found


def _adapter(form: AccountForm, account: SendingAccount | None) -> ChannelAdapter:
    known = {each.provider for each in registry.adapters()}
    if form.provider not in known or (account is not None and account.provider != form.provider):
        raise AccountInvalid("An account stays with its provider. Make a new one.", title="Account not saved")
    return registry.adapter(form.provider)
