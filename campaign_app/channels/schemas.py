"""Input and output of sending accounts. Secrets come in and never go out."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from campaign_app.channels.base import Weakness

Secret = Annotated[str, StringConstraints(strip_whitespace=False)]


class AccountForm(BaseModel):
    """What a person enters. A secret that is None or missing stays as stored, "" removes it. Limits None = no limit."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="forbid")

    provider: str
    name: str = ""
    settings: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[str, Secret | None] = Field(default_factory=dict)
    limit_per_minute: int | None = None
    limit_per_day: int | None = None
    is_active: bool = True

    def __repr__(self) -> str:
        return f"AccountForm(name={self.name!r}, provider={self.provider!r})"

    __str__ = __repr__


class AccountRow(BaseModel):
    """An account in a list. `health` is healthy, bouncing, refused, disconnected or unused; `words` explains it.

    `address`, `sender_name`, `reply_to` and `server` are those of base.Summary. `works`: a connection was tested or
    used, and nothing has failed since. `sent_today` counts from the reader's midnight. `limit_used` counts from
    midnight UTC, because the limit per day counts UTC days.
    """

    model_config = ConfigDict(frozen=True)

    id: int
    provider: str
    channel: str
    name: str
    address: str
    sender_name: str
    reply_to: str
    server: str
    is_sandbox: bool
    works: bool
    is_active: bool
    health: str
    words: str
    sent_today: int
    limit_used: int
    limit_per_minute: int | None
    limit_per_day: int | None


class Account(AccountRow):
    """One account in full, without its secrets. Times in UTC.

    `stored_secrets` are names. `offers`: what its server can do; `weakness`: what it handles wrongly.
    """

    settings: dict[str, Any]
    stored_secrets: frozenset[str]
    facts: tuple[tuple[str, str], ...]
    offers: tuple[str, ...]
    weakness: Weakness | None
    reported_count: int
    reported_at: datetime | None
    reported_words: str
    last_checked_at: datetime | None
    last_error: str
    circuit_open_until: datetime | None
    version: int


class Use(BaseModel):
    """Counts of an account: sent today, sent in the limit's day (UTC), sent and bounced in the last 30 days."""

    sent_today: int = 0
    limit_used: int = 0
    sent_month: int = 0
    bounced_month: int = 0
