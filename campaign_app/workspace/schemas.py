"""The workspace's settings."""

from pydantic import BaseModel, ConfigDict, Field


class Workspace(BaseModel):
    """`postal_address` is in the footer of every message; `default_country` (ISO 3166) is used to read phone numbers.

    `public_url` is where recipients reach this installation ("" until it is set). `needs_postal_address` off:
    campaigns may be sent without one. `suppress_refused`: an address that a server reports as not existing is
    suppressed. `introduced`: the set-up step was finished or skipped and is not shown again.
    """

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore")

    company: str = Field(default="", max_length=255)
    postal_address: str = Field(default="", max_length=500)
    time_zone: str = "UTC"
    default_country: str = "DE"
    public_url: str = ""
    needs_postal_address: bool = True
    suppress_refused: bool = True
    introduced: bool = False
