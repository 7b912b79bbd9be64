"""Segments: saved rules over contacts."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from campaign_app.core.clock import now
from campaign_app.models.base import JSON


class Segment(SQLModel, table=True):
    """`rules` is the tree of audience.segments: {"op": "and"|"or"|"not", "rules": [...]} or a leaf."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=255, unique=True)
    description: str = Field(default="", max_length=1000)
    rules: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    version: int = 1
    created_by: int | None = None
    created_at: datetime = Field(default_factory=now)
    updated_at: datetime = Field(default_factory=now)
