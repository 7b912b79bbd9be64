"""Sending accounts in and out. Passwords and keys come in and never go out."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from campaign_app.models.account import Auth, Pipelining, Tls


class AccountForm(BaseModel):
    """What a person enters. `password` and `dkim_key`: None keeps what is stored, "" removes it. Limits None = none."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="forbid")

    name: str = ""
    host: str = ""
    port: int = 587
    tls: Tls = Tls.STARTTLS
    auth: Auth = Auth.AUTO
    username: str = ""
    password: Annotated[str, StringConstraints(strip_whitespace=False)] | None = None
    from_address: str = ""
    from_name: str = ""
    reply_to: str = ""
    connections: int = 10
    limit_per_minute: int | None = None
    limit_per_day: int | None = None
    pipelining: Pipelining = Pipelining.AUTO
    dkim_domain: str = ""
    dkim_selector: str = ""
    dkim_key: str | None = None
    is_active: bool = True

    def __repr__(self) -> str:
        return f"AccountForm(name={self.name!r}, host={self.host!r})"

    __str__ = __repr__


class AccountRow(BaseModel):
    """An account in a list. `health` is healthy, bouncing, refused, disconnected or unused, `words` say it for people.

    `works`: a connection was tested or used, and nothing went wrong since. `sent_today` is since the reader's midnight,
    `limit_used` since midnight UTC: the limit per day counts those days.
    """

    model_config = ConfigDict(frozen=True)

    id: int
    name: str
    host: str
    port: int
    works: bool
    from_address: str
    from_name: str
    reply_to: str
    is_active: bool
    health: str
    words: str
    sent_today: int
    limit_used: int
    limit_per_minute: int | None
    limit_per_day: int | None


class Account(AccountRow):
    """One account in full, without its secrets. Times in UTC."""

    tls: Tls
    auth: Auth
    username: str
    has_password: bool
    connections: int
    pipelining: Pipelining
    pipelining_broken: str
    pipelining_words: str
    reported_count: int
    reported_at: datetime | None
    reported_words: str
    dkim_domain: str
    dkim_selector: str
    has_dkim_key: bool
    dkim_record_name: str
    dkim_record_text: str
    capabilities: dict[str, str]
    last_checked_at: datetime | None
    last_error: str
    circuit_open_until: datetime | None
    version: int


class Use(BaseModel):
    """What went through an account: today, in the limit's day (UTC), and what came back in the last 30 days."""

    sent_today: int = 0
    limit_used: int = 0
    sent_month: int = 0
    bounced_month: int = 0
