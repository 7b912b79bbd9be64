"""Inputs and outputs of the auth room."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from campaign_app.models.user import Role, User


class NewUser(BaseModel):
    """A person to add. Without a password one is generated and returned once."""

    model_config = ConfigDict(str_strip_whitespace=True)

    email: str
    name: str
    role: Role = Role.VIEWER
    password: str = ""
    time_zone: str = ""


class UserPatch(BaseModel):
    """Changes to a person; None leaves a value as it is."""

    model_config = ConfigDict(str_strip_whitespace=True)

    name: str | None = None
    email: str | None = None
    role: Role | None = None
    is_active: bool | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. `token` goes into the cookie and is stored nowhere."""

    token: str
    user: User
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CreatedUser:
    """A new person; `password` is set only when it was generated, and is shown once."""

    user: User
    password: str


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A signed-in browser, as its owner sees it."""

    id: int
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ip: str
    user_agent: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class FactorSetup:
    """What an authenticator app needs: the secret in base32, and the whole set-up as an otpauth address."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class FactorState:
    """Whether a person has a second factor, and whether the workspace requires one of their role."""

    enabled: bool
    codes_left: int
    required: bool

    @property
    def is_missing(self) -> bool:
        """Whether a required factor is missing, so that the person can only set one up."""
        return self.required and not self.enabled


@dataclass(frozen=True, slots=True)
class FactorPolicy:
    """Whether owners and admins must have a second factor; `without`: how many of `people` have none."""

    required: bool
    without: int
    people: int
