"""Maps between an account's row, its form and its schemas. Secrets are sealed and opened here. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from campaign_app.channels import registry, reported, rules
from campaign_app.channels.base import AccountConfig, AccountSettings, ChannelAdapter, Summary
from campaign_app.channels.errors import AccountInvalid
from campaign_app.channels.schemas import Account, AccountForm, AccountRow, Use
from campaign_app.core import crypto
from campaign_app.models.account import SendingAccount

_USED = {"sent_today", "limit_used"}


def summary(account: SendingAccount) -> Summary:
    """The account's sender and server in short."""
    adapter = registry.adapter(account.provider)
    return adapter.summary(adapter.settings_model.model_validate(account.settings))


def typed(adapter: ChannelAdapter, settings: Mapping[str, Any]) -> AccountSettings:
    """The settings as their provider's model.

    Raises:
        AccountInvalid: `fields` says what is wrong where.
    """
    try:
        return adapter.settings_model.model_validate(settings)
    except ValidationError as error:
        wrong = {str(each["loc"][0]): each["msg"] for each in error.errors() if each["loc"]}
        raise AccountInvalid("Check the marked fields. Nothing was saved.", wrong, title="Account not saved") from None


def values(form: AccountForm, settings: AccountSettings, account: SendingAccount | None) -> dict[str, Any]:
    """The columns that a form sets, with sealed secrets."""
    adapter, kept = registry.adapter(form.provider), dict(account.secrets) if account else {}
    unused = adapter.unused_secrets(settings)
    for name in adapter.secret_names:
        if (entered := form.secrets.get(name)) is not None:
            kept[name] = crypto.seal(entered)
    values = form.model_dump(exclude={"settings", "secrets"})
    values["settings"] = settings.model_dump(mode="json")
    values["secrets"] = {name: sealed for name, sealed in kept.items() if sealed and name not in unused}
    return values


def changes(account: SendingAccount, values: Mapping[str, Any]) -> dict[str, Any]:
    """Field → old and new value. For a secret, only that it changed."""
    plain = {name: value for name, value in values.items() if name not in {"settings", "secrets"}}
    before = {**{name: getattr(account, name) for name in plain}, **account.settings}
    after = {**plain, **values["settings"]}
    found: dict[str, Any] = {
        name: {"from": before.get(name), "to": value} for name, value in after.items() if before.get(name) != value
    }
    names = account.secrets.keys() | values["secrets"].keys()
    return found | {name: "changed" for name in names if account.secrets.get(name) != values["secrets"].get(name)}


def config(account: SendingAccount) -> AccountConfig:
    """The account's configuration for its adapter, with opened secrets.

    Raises:
        AppError: a secret cannot be read with this installation's key.
    """
    adapter = registry.adapter(account.provider)
    settings = adapter.settings_model.model_validate(account.settings)
    return AccountConfig(
        id=int(account.id or 0),
        name=account.name,
        provider=account.provider,
        settings=settings,
        secrets={name: crypto.unseal(sealed) for name, sealed in account.secrets.items()},
        limit_per_minute=account.limit_per_minute,
        limit_per_day=account.limit_per_day,
        learnt=adapter.learnt(account.capabilities or {}, settings),
    )


def merged(account: SendingAccount, found: Mapping[str, str]) -> dict[str, str]:
    """What the server says is replaced. What was learnt while sending stays until it is learnt again."""
    keeps = registry.adapter(account.provider).keeps
    known = account.capabilities or {}
    return {**{k: v for k, v in known.items() if keeps(k) or k.startswith(reported.PREFIX)}, **found}


def _shared(account: SendingAccount, use: Use, at: datetime) -> dict[str, Any]:
    known, (health, words) = summary(account), rules.health(account, use, at)
    return {
        "id": account.id,
        "provider": account.provider,
        "channel": registry.adapter(account.provider).channel.name,
        "name": account.name,
        "address": known.address,
        "sender_name": known.name,
        "reply_to": known.reply_to,
        "server": known.server,
        "is_sandbox": known.is_sandbox,
        "works": bool(account.is_active and account.last_checked_at and not account.last_error),
        "is_active": account.is_active,
        "health": health,
        "words": words,
        "limit_per_minute": account.limit_per_minute,
        "limit_per_day": account.limit_per_day,
        **use.model_dump(include=_USED),
    }


def in_list(account: SendingAccount, use: Use, at: datetime) -> AccountRow:
    """As a list shows it."""
    return AccountRow(**_shared(account, use, at))


def in_full(account: SendingAccount, use: Use, at: datetime) -> Account:
    """As its page shows it."""
    adapter, capabilities = registry.adapter(account.provider), account.capabilities or {}
    settings = adapter.settings_model.model_validate(account.settings)
    told = reported.read(capabilities, at)
    return Account(
        **_shared(account, use, at),
        settings=settings.model_dump(mode="json"),
        stored_secrets=frozenset(account.secrets),
        facts=tuple(adapter.facts(settings, account.secrets)),
        offers=tuple(adapter.offers(capabilities)),
        weakness=adapter.weakness(capabilities),
        reported_count=told.count if told else 0,
        reported_at=told.at if told else None,
        reported_words=told.words if told else "",
        last_checked_at=account.last_checked_at,
        last_error=account.last_error,
        circuit_open_until=account.circuit_open_until,
        version=account.version,
    )
