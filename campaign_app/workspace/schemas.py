"""The workspace's settings."""

from pydantic import BaseModel, ConfigDict, Field


class Workspace(BaseModel):
    """`postal_address` stands at the foot of every message; `default_country` (ISO 3166) reads phone numbers.

    `public_url` is where recipients reach this installation ("" until somebody says it). `needs_postal_address` off:
    campaigns may go out without one. `suppress_refused`: an address of which a server says that it does not exist is
    not written to again. `introduced`: the set-up step was finished or skipped, so nobody is asked again.
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
