"""Use cases of an account's DKIM key: make or bring one, drop it, ask DNS whether it is published."""

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audit import service as audit
from campaign_app.channels import repository, rules
from campaign_app.channels.email import dkim, dns_check
from campaign_app.channels.errors import AccountInvalid, AccountNotFound
from campaign_app.channels.schemas import AccountForm
from campaign_app.core import crypto
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.core.errors import Conflict
from campaign_app.models.account import SendingAccount


async def set_key(
    session: AsyncSession,
    actor: Actor,
    account_id: int,
    *,
    domain: str,
    selector: str,
    kind: dkim.KeyKind = dkim.KeyKind.RSA,
    key: str = "",
) -> dkim.DnsRecord:
    """Sign with a new key, or with `key` (PEM). The record to publish.

    Raises:
        AccountInvalid: the domain, the selector or the key is wrong.
    """
    actor.require("accounts:write")
    account = await _known(session, account_id)
    domain, selector = domain.strip().lower().removesuffix("."), selector.strip().lower()
    pem = key.strip() or dkim.generate_key(kind)
    wrong = rules.dkim_problems(AccountForm(dkim_domain=domain, dkim_selector=selector, dkim_key=pem), has_key=False)
    if wrong:
        raise AccountInvalid("Check the marked fields. The key was not changed.", wrong, title="Key not saved")
    account.dkim_domain, account.dkim_selector, account.dkim_key_sealed = domain, selector, crypto.seal(pem)
    _touch(session, account)
    await audit.record(
        session, actor, "account.set_dkim_key", "account", account_id, account.name, domain=domain, selector=selector
    )
    return dkim.dns_record(domain, selector, pem)


async def remove_key(session: AsyncSession, actor: Actor, account_id: int) -> None:
    """Sign no more."""
    actor.require("accounts:write")
    account = await _known(session, account_id)
    account.dkim_domain = account.dkim_selector = account.dkim_key_sealed = ""
    _touch(session, account)
    await audit.record(session, actor, "account.remove_dkim_key", "account", account_id, account.name)


async def check_dns(session: AsyncSession, actor: Actor, account_id: int) -> dns_check.Finding:
    """Is the record published? Up to 5 s; reads only, call it inside `db.reading()`.

    Raises:
        Conflict: the account has no key.
    """
    actor.require("accounts:read")
    account = await _known(session, account_id)
    if not account.dkim_key_sealed:
        raise Conflict("This account has no DKIM key. Generate one first.", title="No key")
    key = crypto.unseal(account.dkim_key_sealed)
    return await dns_check.check(dkim.dns_record(account.dkim_domain, account.dkim_selector, key))


async def _known(session: AsyncSession, account_id: int) -> SendingAccount:
    account = await repository.get(session, account_id, lock=True)
    if account is None:
        raise AccountNotFound(
            "This sending account does not exist any more. Choose another.", title="Account not found"
        )
    return account


def _touch(session: AsyncSession, account: SendingAccount) -> None:
    account.version += 1
    account.updated_at = now()
    session.add(account)
