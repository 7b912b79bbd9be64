"""Use cases of sending accounts.

Whoever may write accounts decides which host this machine connects to, inside networks too: a mail relay of one's own
is the usual case. That is why `accounts:write` is for admins, why only the mail server's reply lines are shown, and why
a stored password goes to no other server than the one it was entered for.
"""

import secrets
from collections.abc import Mapping
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audit import service as audit
from campaign_app.channels import outdated, registry, reported, repository, rules, tested
from campaign_app.channels.base import AccountConfig, ConnectionReport, Content, Outgoing, Result, Verdict
from campaign_app.channels.email import dkim
from campaign_app.channels.errors import AccountChanged, AccountInUse, AccountInvalid, AccountNotFound
from campaign_app.channels.schemas import Account, AccountForm, AccountRow, Use
from campaign_app.channels.tested import CheckedConnection
from campaign_app.core import crypto, logging
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.core.errors import AppError
from campaign_app.models.account import Channel, SendingAccount
from campaign_app.workspace import service as workspace

_SECRETS = {"password": "password_sealed", "dkim_key": "dkim_key_sealed"}
_USED = {"sent_today", "limit_used"}
_TO_CONNECT = ("host", "port", "username", "password")
_OF_THE_CONNECTION = ("host", "port", "tls", "auth", "username", "password_sealed")
_OF_THE_SERVER = ("host", "port", "tls", "pipelining")
log = logging.get("channels")


async def list_accounts(session: AsyncSession, actor: Actor) -> list[AccountRow]:
    """Every account by name, with its health and what it has sent on the reader's today."""
    actor.require("accounts:read")
    used, at = await repository.use(session, now(), await workspace.zone_of(session, actor)), now()
    rows = []
    for account in await repository.all_accounts(session):
        use = used.get(int(account.id or 0), Use())
        health, words = rules.health(account, use, at)
        rows.append(AccountRow(**_shared(account), health=health, words=words, **use.model_dump(include=_USED)))
    return rows


async def get(session: AsyncSession, actor: Actor, account_id: int) -> Account:
    """One account, without its secrets."""
    actor.require("accounts:read")
    account = await _known(session, account_id)
    zone = await workspace.zone_of(session, actor)
    use = (await repository.use(session, now(), zone, account_id)).get(account_id, Use())
    return _in_full(account, use)


async def create(session: AsyncSession, actor: Actor, form: AccountForm, found: CheckedConnection | None = None) -> int:
    """A new account; its id. `found`: the connection test of the form, which counts if it was this connection.

    Raises:
        AccountInvalid: `fields` says what is wrong where.
    """
    actor.require("accounts:write")
    await _check(session, form, None)
    values = _values(form, None)
    account = SendingAccount(**values | tested.outcome(found, _config(SendingAccount(**values)), now()))
    session.add(account)
    await session.flush()
    await audit.record(
        session, actor, "account.create", "account", account.id, account.name, host=f"{account.host}:{account.port}"
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
    """Save the form over `version`; the new version. After a change of the connection only a test of it counts.

    Raises:
        AccountChanged: someone saved it in between. AccountInvalid.
    """
    actor.require("accounts:write")
    account = await _known(session, account_id, lock=True)
    await _check(session, form, account)
    values = _values(form, account)
    changed = {name: value for name, value in values.items() if getattr(account, name) != value}
    if account.version == version and not changed:
        return version
    if any(name in changed for name in _OF_THE_SERVER):
        values["capabilities"] = {}
    if any(name in changed for name in _OF_THE_CONNECTION):
        values |= tested.outcome(found, _config(SendingAccount(**{"id": account_id, **values})), now())
        values |= outdated.circuit(account, now())
    if not await repository.update(session, account_id, version, {**values, "updated_at": now()}):
        raise AccountChanged(
            f"“{account.name}” was saved by someone else while you edited it. Your changes are not saved. "
            "Reload to see theirs, then change it again.",
            title="Changed by someone else",
        )
    details = {
        _plain_name(name): "changed" if name in _SECRETS.values() else {"from": getattr(account, name), "to": value}
        for name, value in changed.items()
    }
    await session.refresh(account)
    await outdated.forget_push_back(account_id, changed)
    await audit.record(session, actor, "account.update", "account", account_id, account.name, **details)
    return version + 1


async def delete(session: AsyncSession, actor: Actor, account_id: int) -> None:
    """Take it out of use for good. Finished campaigns keep showing it.

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
    account.password_sealed = account.dkim_key_sealed = ""
    account.version += 1
    session.add(account)
    await audit.record(session, actor, "account.delete", "account", account_id, account.name)


async def from_address(session: AsyncSession, account_id: int) -> str:
    """What stands in every message of the account, so whoever may read the campaign may read it.

    Raises:
        AccountNotFound: it was deleted.
    """
    return (await _known(session, account_id)).from_address


async def config(session: AsyncSession, account_id: int) -> AccountConfig:
    """For the engine: the account with its secrets opened.

    Raises:
        AccountNotFound; AppError when a secret cannot be read with this installation's key.
    """
    return _config(await _known(session, account_id))


async def form_config(
    session: AsyncSession, actor: Actor, form: AccountForm, account_id: int | None = None
) -> AccountConfig:
    """What the form says of the connection, before it is saved; a password it keeps is taken from the stored account.

    Raises:
        AccountInvalid: a field that the connection needs is wrong.
    """
    actor.require("accounts:write")
    account = await _known(session, account_id) if account_id else None
    found = await _problems(session, form, account)
    if any(field in found for field in _TO_CONNECT):
        wrong = {field: found[field] for field in _TO_CONNECT if field in found}
        raise AccountInvalid("Check the marked fields.", wrong, title="Connection not tested")
    return _config(SendingAccount(**{"id": account_id or 0, **_values(form, account)}))


async def test_connection(session: AsyncSession, actor: Actor, target: int | AccountConfig) -> ConnectionReport:
    """Connect, log in, leave; up to 15 s. `target` is an account's id, or what `form_config` gave.

    Reads only: call it inside `db.reading()`, so that no lock is held meanwhile, then `record_check` in a transaction.
    """
    actor.require("accounts:write")
    if isinstance(target, AccountConfig):
        return await registry.adapter(Channel.EMAIL).test_connection(target)
    account = await _known(session, target)
    return await registry.adapter(account.channel).test_connection(_config(account))


async def is_as_stored(session: AsyncSession, actor: Actor, account_id: int, config: AccountConfig) -> bool:
    """Whether the stored account connects exactly like this."""
    actor.require("accounts:read")
    return tested.mark(config) == tested.mark(_config(await _known(session, account_id)))


async def record_check(session: AsyncSession, actor: Actor, account_id: int, report: ConnectionReport) -> None:
    """Keep what a connection test found. A paused account that works again is taken up by the next sweep."""
    actor.require("accounts:write")
    account = await _known(session, account_id, lock=True)
    if report.ok:
        account.last_error = ""
        account.capabilities = _merged(account.capabilities, report.capabilities)
        if account.circuit_open_until is not None:
            account.circuit_open_until = now()
    else:
        account.last_error = report.summary[:500]
    account.last_checked_at = now()
    session.add(account)
    await audit.record(session, actor, "account.test", "account", account_id, account.name, works=report.ok)


async def send_test(session: AsyncSession, actor: Actor, account_id: int, to: str) -> Result:
    """Send a short message through the account; up to 30 s.

    Reads only, like `test_connection`; `record_test` notes it.

    Raises:
        AccountInvalid: `to` is not an address, or the account's own addresses or key cannot be used.
    """
    actor.require("accounts:write")
    problem = rules.address_problem(to.strip())
    if problem:
        raise AccountInvalid(problem, {"to": problem}, title="Test not sent")
    account = await _known(session, account_id)
    opened, adapter = _config(account), registry.adapter(account.channel)
    lines = (
        f"This is a test from Beacon through the sending account “{account.name}”.",
        "If you can read it, the account works. Nobody needs to answer.",
    )
    content = Content(
        recipient=to.strip(),
        recipient_name="",
        subject=f"Test from Beacon: {account.name}",
        html="",
        text="\n\n".join(lines) + "\n",
        message_id=f"test.{secrets.token_hex(12)}@{opened.from_address.rpartition('@')[2] or 'localhost'}",
        headers={"Auto-Submitted": "auto-generated"},
    )
    try:
        message = adapter.composer(opened, from_name="", reply_to="").compose(content)
    except ValueError as error:
        raise AccountInvalid(f"The test message could not be made: {error}", title="Test not sent") from None
    return await adapter.send_one(opened, Outgoing(0, opened.from_address, to.strip(), message))


async def record_test(session: AsyncSession, actor: Actor, account_id: int, to: str, result: Result) -> None:
    """Note a test message in the audit log and in the account's health."""
    actor.require("accounts:write")
    account = await _known(session, account_id, lock=True)
    accepted = result.verdict is Verdict.ACCEPTED
    if accepted or result.account_trouble:
        account.last_checked_at = now()
        account.last_error = "" if accepted else result.response[:500]
        session.add(account)
    await audit.record(session, actor, "account.send_test", "account", account_id, account.name, to=to, ok=accepted)


async def retry_grouping(session: AsyncSession, actor: Actor, account_id: int) -> None:
    """Forget that the server broke on grouped commands: the next campaign tries them again."""
    actor.require("accounts:write")
    account = await _known(session, account_id, lock=True)
    account.capabilities = {k: v for k, v in account.capabilities.items() if not k.startswith("pipelining_")}
    session.add(account)
    await audit.record(session, actor, "account.retry_grouping", "account", account_id, account.name)


async def record_capabilities(session: AsyncSession, account_id: int, found: Mapping[str, str]) -> None:
    """For the engine: what a sender learned of the server."""
    account = await repository.get(session, account_id, lock=True)
    if account is None:
        return
    merged = _merged(account.capabilities, found)
    if merged != account.capabilities:
        account.capabilities = merged
        session.add(account)
        if "pipelining_broken" in found:
            log.warning("grouping given up", account=account_id, words=found.get("pipelining_words", ""))


async def _known(session: AsyncSession, account_id: int, *, lock: bool = False) -> SendingAccount:
    account = await repository.get(session, account_id, lock=lock)
    if account is None:
        raise AccountNotFound(
            "This sending account does not exist any more. Choose another.", title="Account not found"
        )
    return account


async def _check(session: AsyncSession, form: AccountForm, account: SendingAccount | None) -> None:
    found = await _problems(session, form, account)
    if found:
        raise AccountInvalid("Check the marked fields. Nothing was saved.", found, title="Account not saved")


async def _problems(session: AsyncSession, form: AccountForm, account: SendingAccount | None) -> dict[str, str]:
    found = rules.problems(form, has_key=bool(account and account.dkim_key_sealed))
    if form.name and await repository.name_taken(session, form.name, account.id if account else None):
        found["name"] = "Another account has this name."
    if _leads_password_astray(form, account):
        found |= {"password": "Enter the password again: it is only sent to the server that it was entered for."}
    return found


def _leads_password_astray(form: AccountForm, account: SendingAccount | None) -> bool:
    if account is None or form.password is not None or not account.password_sealed or not form.username:
        return False
    weaker = form.tls == "none" and account.tls != "none"
    return weaker or (form.host.lower(), form.username) != (account.host.lower(), account.username)


def _values(form: AccountForm, account: SendingAccount | None) -> dict[str, Any]:
    values = form.model_dump(exclude=set(_SECRETS))
    for name, column in _SECRETS.items():
        entered, stored = getattr(form, name), getattr(account, column) if account else ""
        values[column] = stored if entered is None else crypto.seal(entered)
    if not form.username:
        values["password_sealed"] = ""
    return values


def _config(account: SendingAccount) -> AccountConfig:
    capabilities = account.capabilities or {}
    return AccountConfig(
        id=int(account.id or 0),
        name=account.name,
        host=account.host,
        port=account.port,
        tls=account.tls,
        username=account.username,
        password=crypto.unseal(account.password_sealed),
        from_address=account.from_address,
        from_name=account.from_name,
        reply_to=account.reply_to,
        connections=account.connections,
        limit_per_minute=account.limit_per_minute,
        limit_per_day=account.limit_per_day,
        pipelining=rules.effective_pipelining(account.pipelining, capabilities),
        dkim_domain=account.dkim_domain,
        dkim_selector=account.dkim_selector,
        dkim_key=crypto.unseal(account.dkim_key_sealed),
        auth=account.auth,
        eight_bit="8BITMIME" in capabilities,
    )


def _merged(known: Mapping[str, str] | None, found: Mapping[str, str]) -> dict[str, str]:
    """What EHLO says is replaced, what was learned about grouping stays until it is learned anew."""
    learned = ("pipelining_", reported.PREFIX)
    return {**{k: v for k, v in (known or {}).items() if k.startswith(learned)}, **found}


def _shared(account: SendingAccount) -> dict[str, Any]:
    names = ("id", "name", "host", "port", "from_address", "from_name", "reply_to", "is_active")
    shared = {name: getattr(account, name) for name in (*names, "limit_per_minute", "limit_per_day")}
    return shared | {"works": bool(account.is_active and account.last_checked_at and not account.last_error)}


def _in_full(account: SendingAccount, use: Use) -> Account:
    health, words = rules.health(account, use, now())
    capabilities = {
        name: str(value) for name, value in (account.capabilities or {}).items() if not name.startswith(reported.PREFIX)
    }
    told = reported.read(account.capabilities, now())
    record = _dns_record(account)
    names = ("tls", "auth", "username", "connections", "pipelining", "dkim_domain", "dkim_selector", "version")
    return Account(
        **_shared(account),
        **{name: getattr(account, name) for name in names},
        health=health,
        words=words,
        **use.model_dump(include=_USED),
        has_password=bool(account.password_sealed),
        has_dkim_key=bool(account.dkim_key_sealed),
        dkim_record_name=record.name,
        dkim_record_text=record.text,
        pipelining_broken=capabilities.pop("pipelining_broken", ""),
        pipelining_words=capabilities.pop("pipelining_words", ""),
        reported_count=told.count if told else 0,
        reported_at=told.at if told else None,
        reported_words=told.words if told else "",
        capabilities=capabilities,
        last_checked_at=account.last_checked_at,
        last_error=account.last_error,
        circuit_open_until=account.circuit_open_until,
    )


def _dns_record(account: SendingAccount) -> dkim.DnsRecord:
    try:
        key = crypto.unseal(account.dkim_key_sealed)
        return dkim.dns_record(account.dkim_domain, account.dkim_selector, key) if key else dkim.DnsRecord("", "")
    except (AppError, ValueError):  # another installation's key: the page says so when it is used
        return dkim.DnsRecord("", "")


def _plain_name(column: str) -> str:
    return column.removesuffix("_sealed")
