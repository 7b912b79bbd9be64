"""Use cases of an account's DKIM key: make or import one, remove it, check whether DNS publishes it."""

from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audit import service as audit
from campaign_app.channels import repository
from campaign_app.channels.email import dkim, dns_check
from campaign_app.channels.email_smtp.adapter import SmtpAdapter
from campaign_app.channels.email_smtp.settings import SmtpSettings, dkim_problems
from campaign_app.channels.errors import AccountInvalid, AccountNotFound
from campaign_app.core import crypto
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.core.errors import AppError, Conflict
from campaign_app.models.account import SendingAccount

KEY = "dkim_key"
_NONE = dkim.DnsRecord("", "")


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
    """Sign with a new key, or with `key` (PEM). Returns the record to publish.

    Raises:
        AccountInvalid: the domain, the selector or the key is wrong.
    """
    actor.require("accounts:write")
    account = await _known(session, account_id)
    domain, selector = domain.strip().lower().removesuffix("."), selector.strip().lower()
    pem = key.strip() or dkim.generate_key(kind)
    settings = _settings(account).model_copy(update={"dkim_domain": domain, "dkim_selector": selector})
    wrong = dkim_problems(settings, pem, has_key=False)
    if wrong:
        raise AccountInvalid("Check the marked fields. The key was not changed.", wrong, title="Key not saved")
    _save(session, account, settings, {**account.secrets, KEY: crypto.seal(pem)})
    await audit.record(
        session, actor, "account.set_dkim_key", "account", account_id, account.name, domain=domain, selector=selector
    )
    return dkim.dns_record(domain, selector, pem)


async def remove_key(session: AsyncSession, actor: Actor, account_id: int) -> None:
    """Stop signing."""
    actor.require("accounts:write")
    account = await _known(session, account_id)
    settings = _settings(account).model_copy(update={"dkim_domain": "", "dkim_selector": ""})
    _save(session, account, settings, {name: sealed for name, sealed in account.secrets.items() if name != KEY})
    await audit.record(session, actor, "account.remove_dkim_key", "account", account_id, account.name)


async def check_dns(session: AsyncSession, actor: Actor, account_id: int) -> dns_check.Finding:
    """Check whether the record is published. Takes up to 5 s. Only reads: call it inside `db.reading()`.

    Raises:
        Conflict: the account has no key.
    """
    actor.require("accounts:read")
    account = await _known(session, account_id)
    if KEY not in account.secrets:
        raise Conflict("This account has no DKIM key. Generate one first.", title="No key")
    return await dns_check.check(_record(account))


@dataclass(frozen=True, slots=True)
class Signing:
    """How an account signs. `record` is empty without a key, and when the key is sealed by another installation."""

    signs: bool
    domain: str
    selector: str
    record: dkim.DnsRecord


async def get(session: AsyncSession, actor: Actor, account_id: int) -> Signing:
    """Whether and how the account signs. While it does not sign, domain and selector are proposals."""
    actor.require("accounts:read")
    account = await _known(session, account_id)
    settings = _settings(account)
    try:
        record = _record(account) if KEY in account.secrets else _NONE
    except (AppError, ValueError):  # the page shows the error when the key is used
        record = _NONE
    domain = settings.dkim_domain or settings.from_address.rpartition("@")[2]
    return Signing(KEY in account.secrets, domain, settings.dkim_selector or "beacon", record)


def _record(account: SendingAccount) -> dkim.DnsRecord:
    settings = _settings(account)
    return dkim.dns_record(settings.dkim_domain, settings.dkim_selector, crypto.unseal(account.secrets[KEY]))


def _settings(account: SendingAccount) -> SmtpSettings:
    return SmtpSettings.model_validate(account.settings)


async def _known(session: AsyncSession, account_id: int) -> SendingAccount:
    account = await repository.get(session, account_id, lock=True)
    if account is None or account.provider != SmtpAdapter.provider:
        raise AccountNotFound(
            "This sending account does not exist any more. Choose another.", title="Account not found"
        )
    return account


def _save(session: AsyncSession, account: SendingAccount, settings: SmtpSettings, secrets: dict[str, str]) -> None:
    account.settings, account.secrets = settings.model_dump(mode="json"), secrets
    account.version += 1
    account.updated_at = now()
    session.add(account)
