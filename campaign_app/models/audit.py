"""Who did what to which object: append-only, each row chained to the one before by its hash."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from campaign_app.models.base import JSON, big_id


class AuditEntry(SQLModel, table=True):
    """One action. `hash` covers all other columns, including `previous_hash`."""

    __tablename__ = "audit_entry"
    __table_args__ = (sa.Index("ix_audit_entry_object", "object_type", "object_id"),)

    id: int | None = big_id()
    at: datetime = Field(index=True)
    actor_id: int | None = Field(default=None, index=True)
    actor_name: str = Field(max_length=255)
    action: str = Field(max_length=64, index=True)
    object_type: str = Field(max_length=32)
    object_id: str = Field(default="", max_length=64)
    object_name: str = Field(default="", max_length=255)
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    ip: str = Field(default="", max_length=64)
    previous_hash: str = Field(default="", max_length=64)
    hash: str = Field(max_length=64)
