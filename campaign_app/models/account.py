"""Sending accounts."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from campaign_app.core.clock import now
from campaign_app.models.base import JSON, TEXT


class SendingAccount(SQLModel, table=True):
    """An account at a provider (a name of channels.registry).

    `settings` follow the provider's settings model; `secrets` are its secrets by name, each one sealed. Limits are in
    messages, None = no limit. `capabilities`: what was learnt about the server. `state`: as the provider reports it, ""
    if it reports none. `time_zone`: the zone of the account's day, "" for UTC.
    """

    __tablename__ = "sending_account"

    id: int | None = Field(default=None, primary_key=True)
    provider: str = Field(max_length=32)
    name: str = Field(max_length=255)
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    secrets: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    state: str = Field(default="", max_length=32)
    time_zone: str = Field(default="", max_length=64)
    limit_per_minute: int | None = None
    limit_per_day: int | None = None
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
