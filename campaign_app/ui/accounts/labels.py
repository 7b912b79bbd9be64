"""Converts an account and its form between the service and the page. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from campaign_app.channels import fields, registry
from campaign_app.channels.fields import Kind
from campaign_app.channels.schemas import Account, AccountForm
from campaign_app.delivery.reporting.account_rates import Pace
from campaign_app.kit import days, text
from campaign_app.ui.campaign_detail import figures

_FREE = 10  # times the lowered rate: above that it no longer limits
_LIMITS: Final = ("limit_per_minute", "limit_per_day")


@dataclass
class Standing:
    """An account's health as text. Empty texts are not shown."""

    health: str = "unused"
    words: str = ""
    used: str = ""
    share: float = 0.0
    has_limit: bool = False
    checked: str = ""
    last_error: str = ""
    waiting: str = ""
    offers: str = ""
    reported: str = ""
    reported_words: str = ""
    broken_title: str = ""
    broken: str = ""
    broken_words: str = ""
    pace: str = ""
    pace_words: str = ""


def pace(per_second: float) -> str:
    """About 5 a second · About 20 a minute."""
    if per_second < 1:
        return f"about {text.number(max(1, round(per_second * 60)))} a minute"
    return f"about {text.number(round(per_second))} a second"


def pace_sentence(found: Pace, at: datetime, zone: str) -> str:
    """How fast campaigns send after a server's push-back, since when, and what happens next."""
    lowered = f"The rate was lowered to {pace(found.lowered_to)} {_ago(found.at, at, zone)}"
    if found.per_second > _FREE * found.lowered_to:
        return f"{lowered}. Nothing was put off since then: campaigns may be as fast as before. No attempt was lost."
    now = "" if pace(found.per_second) == pace(found.lowered_to) else f" and is {pace(found.per_second)} now"
    return f"{lowered}{now}. It rises a little every second until the server asks again. No attempt is lost."


def _ago(then: datetime, at: datetime, zone: str) -> str:
    said = text.ago(then, at, zone)
    return "just now" if said == "Now" else said


def standing(account: Account, at: datetime, zone: str, slowed: Pace | None = None) -> Standing:
    """An account's state as text; `slowed` by its server's push-back."""
    retry = account.circuit_open_until
    return Standing(
        health=account.health,
        words=account.words,
        used=used_words(account, at, zone),
        share=used_share(account),
        has_limit=account.limit_per_day is not None,
        checked=text.ago(account.last_checked_at, at, zone) if account.last_checked_at else "Never",
        last_error=account.last_error,
        waiting=f"about {text.duration((retry - at).total_seconds())}" if retry and retry > at else "",
        offers=_sentence(account.offers),
        reported=_reported(account, at, zone),
        reported_words=account.reported_words,
        broken_title=f"The server breaks on {account.weakness.what}" if account.weakness else "",
        broken=account.weakness.text if account.weakness else "",
        broken_words=account.weakness.words if account.weakness else "",
        pace=pace_sentence(slowed, at, zone) if slowed else "",
        pace_words=slowed.words if slowed else "",
    )


class Used(Protocol):
    """How many messages an account has sent."""

    @property
    def sent_today(self) -> int: ...
    @property
    def limit_used(self) -> int: ...
    @property
    def limit_per_day(self) -> int | None: ...


def used_words(used: Used, at: datetime, zone: str, today: str = "") -> str:
    """12 · 12 of 1,000 · 12, limit 900 of 1,000 until 01:00. `today` is a word after today's number."""
    sent = f"{text.number(used.sent_today)}{today}"
    if not used.limit_per_day:
        return sent
    if used.sent_today == used.limit_used:
        return f"{text.number(used.sent_today)} of {text.number(used.limit_per_day)}{today}"
    ends = figures.clock(days.limit_ends(at), at, zone)
    return f"{sent}, limit {text.number(used.limit_used)} of {text.number(used.limit_per_day)} until {ends}"


def used_share(used: Used) -> float:
    """The used part of the day's limit, 0 to 100."""
    return min(100.0, 100 * used.limit_used / used.limit_per_day) if used.limit_per_day else 0.0


def _reported(account: Account, at: datetime, zone: str) -> str:
    if account.reported_at is None:
        return ""
    return reported_sentence(account.reported_count, account.reported_at, at, zone)


def reported_sentence(count: int, last: datetime, at: datetime, zone: str) -> str:
    """How many reports say that the sender was refused, and what happens next."""
    ago = _ago(last, at, zone)
    several = f"{count:,} reports within an hour, the last one {ago}" if count > 1 else f"The last report came {ago}"
    return (
        f"{several}. No address was suppressed for it. Mend it with the account's provider: several reports within an "
        "hour stop the account's campaigns."
    )


def values(provider: str, account: Account | None) -> tuple[dict[str, str], dict[str, str]]:
    """Initial values of the form's fields and lists. Without an account, those of a new one."""
    adapter = registry.adapter(provider)
    settings = account.settings if account else adapter.settings_model().model_dump(mode="json")
    choices = {field.name: str(settings[field.name]) for field in adapter.form.of_kind(Kind.CHOICE)}
    typed = [field for field in adapter.form.fields if field.kind not in {Kind.CHOICE, Kind.SECRET}]
    shown = {field.name: _shown(settings[field.name]) for field in typed}
    limits = {name: _shown(getattr(account, name) if account else None) for name in _LIMITS}
    return {"name": account.name if account else "", **shown, **limits}, choices


def read_form(
    provider: str, given: Mapping[str, Any], account: Account | None, is_active: bool
) -> tuple[AccountForm, dict[str, str]]:
    """The form as submitted, and the fields that are not numbers. Settings that it does not show are unchanged."""
    adapter = registry.adapter(provider)
    settings, typed, wrong = fields.read(adapter.form, given)
    kept = {**account.settings} if account else {}
    limits = {name: _limit(str(given.get(name, "")), name, wrong) for name in _LIMITS}
    form = AccountForm(
        provider=provider,
        name=str(given.get("name", "")),
        settings={**kept, **settings},
        secrets={name: entered or (None if account else "") for name, entered in typed.items()},
        is_active=is_active,
        **limits,
    )
    return form, wrong


def _limit(given: str, name: str, wrong: dict[str, str]) -> int | None:
    if not given.strip():
        return None
    found = fields.number(given)
    if found is None:
        wrong[name] = "Enter a whole number."
    return found or 1


def facts(account: Account) -> list[tuple[str, str]]:
    """For people who may read but not change them."""
    return [
        *account.facts,
        ("Per minute", text.number(account.limit_per_minute) if account.limit_per_minute else "No limit"),
        ("Per day", text.number(account.limit_per_day) if account.limit_per_day else "No limit"),
    ]


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def _sentence(parts: Sequence[str]) -> str:
    joined = ", ".join(parts)
    return joined[:1].upper() + joined[1:]
