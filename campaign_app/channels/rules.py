"""Validation of the part of an account's form that all providers share, and the meaning of an account's state. Pure."""

from datetime import datetime

from campaign_app.channels import reported
from campaign_app.channels.schemas import AccountForm, Use
from campaign_app.kit import text
from campaign_app.models.account import SendingAccount

MAX_PER_MINUTE = 1_000_000
MAX_PER_DAY = 100_000_000
_BOUNCES_FROM = 0.02
_ENOUGH = 20


def problems(form: AccountForm) -> dict[str, str]:
    """Field → what is wrong with it."""
    found = {
        "name": _name_problem(form.name),
        "limit_per_minute": _number(form.limit_per_minute, MAX_PER_MINUTE),
        "limit_per_day": _number(form.limit_per_day, MAX_PER_DAY),
    }
    return {field: problem for field, problem in found.items() if problem}


def _name_problem(name: str) -> str:
    if not name:
        return "Give it a name, so that people can choose it."
    return "" if len(name) <= 255 else "At most 255 characters fit here."


def _number(value: int | None, most: int) -> str:
    return "" if value is None or 1 <= value <= most else f"Enter a number from 1 to {text.number(most)}."


def health(account: SendingAccount, use: Use, at: datetime) -> tuple[str, str]:
    """(health, text). The order is: disconnected, refused, bouncing, healthy; unused when nothing was sent today."""
    if not account.is_active:
        return "unused", "Switched off"
    if account.circuit_open_until is not None and account.circuit_open_until > at:
        return "disconnected", "Disconnected"
    if account.last_error:
        return "disconnected", "Last check failed"
    if reported.read(account.capabilities, at) is not None:
        return "refused", "Refused, by reports"
    share = use.bounced_month / use.sent_month if use.sent_month else 0.0
    if use.sent_month >= _ENOUGH and share >= _BOUNCES_FROM:
        return "bouncing", f"Bounces {text.percent(use.bounced_month, use.sent_month)}"
    if use.sent_today:
        return "healthy", "Healthy"
    return ("healthy", "Healthy, not used today") if account.last_checked_at else ("unused", "Not used today")
