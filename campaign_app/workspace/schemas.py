"""The workspace's settings."""

from pydantic import BaseModel, ConfigDict, Field


class Workspace(BaseModel):
    """`postal_address` stands at the foot of every message; `default_country` (ISO 3166) reads phone numbers."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore")

    company: str = Field(default="", max_length=255)
    postal_address: str = Field(default="", max_length=500)
    time_zone: str = "UTC"
    default_country: str = "DE"
