"""Sending accounts."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Field, SQLModel

from campaign_app.core.clock import now
from campaign_app.models.base import JSON, TEXT, choice


class Channel(StrEnum):
    """How a message travels."""

    EMAIL = "email"

    @property
    def label(self) -> str:
        """As shown to people."""
        return {"email": "E-mail"}[self.value]


class Tls(StrEnum):
    """How the connection is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


class Pipelining(StrEnum):
    """Off switch for RFC 2920 command groups; AUTO follows EHLO and what the server was seen to do."""

    AUTO = "auto"
    ENVELOPE = "envelope"
    OFF = "off"


class Auth(StrEnum):
    """How to log in; AUTO takes the first of PLAIN, LOGIN, XOAUTH2 that the server offers."""

    AUTO = "auto"
    PLAIN = "plain"
    LOGIN = "login"
    XOAUTH2 = "xoauth2"


class SendingAccount(SQLModel, table=True):
    """An SMTP account. `password_sealed` and `dkim_key_sealed` are encrypted; limits are in messages, None = none."""

    __tablename__ = "sending_account"

    id: int | None = Field(default=None, primary_key=True)
    channel: Channel = Field(default=Channel.EMAIL, sa_type=choice(Channel))
    name: str = Field(max_length=255)
    host: str = Field(max_length=255)
    port: int
    tls: Tls = Field(default=Tls.STARTTLS, sa_type=choice(Tls))
    auth: Auth = Field(default=Auth.AUTO, sa_type=choice(Auth))
    username: str = Field(default="", max_length=255)
    password_sealed: str = Field(default="", sa_type=TEXT)
    from_address: str = Field(max_length=254)
    from_name: str = Field(default="", max_length=255)
    reply_to: str = Field(default="", max_length=254)
    connections: int = 10
    limit_per_minute: int | None = None
    limit_per_day: int | None = None
    pipelining: Pipelining = Field(default=Pipelining.AUTO, sa_type=choice(Pipelining))
    dkim_domain: str = Field(default="", max_length=255)
    dkim_selector: str = Field(default="", max_length=63)
    dkim_key_sealed: str = Field(default="", sa_type=TEXT)
    is_active: bool = True
    capabilities: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    last_checked_at: datetime | None = None
    last_error: str = Field(default="", sa_type=TEXT)
    circuit_open_until: datetime | None = None
    circuit_failures: int = 0
    version: int = 1
    created_at: datetime = Field(default_factory=now)
    updated_at: datetime = Field(default_factory=now)
    deleted_at: datetime | None = None
