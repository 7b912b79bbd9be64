"""SMTP accounts for tests, from flat values: a row of the database, a form, an account as the engine has it."""

from typing import Any

from campaign_app.channels.base import AccountConfig
from campaign_app.channels.email_smtp.account import SmtpAccount
from campaign_app.channels.email_smtp.settings import SECRETS, SmtpSettings
from campaign_app.channels.schemas import AccountForm
from campaign_app.models.account import SendingAccount

_SETTINGS = SmtpSettings.model_fields.keys()


def _parts(values: dict[str, Any]) -> dict[str, Any]:
    settings = {name: values.pop(name) for name in _SETTINGS & values.keys()}
    return {"provider": "smtp", "settings": SmtpSettings(**settings).model_dump(mode="json"), **values}


def smtp_row(**values: Any) -> SendingAccount:
    return SendingAccount(**_parts(values))


def smtp_form(**values: Any) -> AccountForm:
    secrets = {name: values.pop(name) for name in SECRETS if name in values}
    return AccountForm(secrets=secrets, **_parts(values))


def server(account: SendingAccount) -> SmtpSettings:
    """A row's settings in their type."""
    return SmtpSettings.model_validate(account.settings)


def changed(account: SendingAccount, **settings: Any) -> SendingAccount:
    """The row with other settings."""
    account.settings = {**account.settings, **SmtpSettings(**{**account.settings, **settings}).model_dump(mode="json")}
    return account


def smtp(config: AccountConfig) -> SmtpAccount:
    """An account as the transport has it."""
    return SmtpAccount.of(config)


def config_of(**values: Any) -> AccountConfig:
    """An account as the engine has it."""
    known = {"id": 1, "name": "Test", "limit_per_minute": None, "limit_per_day": None}
    known = {name: values.pop(name, default) for name, default in known.items()}
    secrets = {name: values.pop(name) for name in SECRETS if name in values}
    learnt = {"eight_bit": "yes"} if values.pop("eight_bit", False) else {}
    return AccountConfig(provider="smtp", settings=SmtpSettings(**values), secrets=secrets, learnt=learnt, **known)
