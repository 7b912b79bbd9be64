"""Settings of the workspace that people change in the browser."""

from typing import Any

from sqlmodel import Field, SQLModel

from campaign_app.models.base import JSON


class Setting(SQLModel, table=True):
    """One named value, e.g. `workspace` → {company, postal_address, time_zone, default_country}."""

    key: str = Field(primary_key=True, max_length=64)
    value: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
