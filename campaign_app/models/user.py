"""People who sign in, and their sessions."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from campaign_app.core.clock import now
from campaign_app.models.base import BIG, big_id, choice


class Role(StrEnum):
    """Roles, from most to least rights. Their permissions are in auth.permissions."""

    OWNER = "owner"
    ADMIN = "admin"
    MANAGER = "manager"
    MARKETER = "marketer"
    VIEWER = "viewer"

    @property
    def label(self) -> str:
        """Text for people."""
        return self.value.capitalize()


class User(SQLModel, table=True):
    """A person of the team. `email` is in lower case and unique. `time_zone` "" means the workspace's."""

    __tablename__ = "app_user"

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(max_length=254, unique=True)
    name: str = Field(max_length=255)
    password_hash: str = Field(max_length=255)
    role: Role = Field(sa_type=choice(Role))
    is_active: bool = True
    time_zone: str = Field(default="", max_length=64)
    created_at: datetime = Field(default_factory=now)
    last_seen_at: datetime | None = None


class UserSession(SQLModel, table=True):
    """A signed-in browser. Only the digest of its token is stored."""

    __tablename__ = "user_session"

    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="app_user.id", index=True, ondelete="CASCADE")
    token_digest: str = Field(max_length=64, unique=True)
    created_at: datetime = Field(default_factory=now)
    last_used_at: datetime = Field(default_factory=now)
    expires_at: datetime
    revoked_at: datetime | None = None
    ip: str = Field(default="", max_length=64)
    user_agent: str = Field(default="", max_length=255)


class SecondFactor(SQLModel, table=True):
    """A person's authenticator app. Without `enabled_at` it is not confirmed yet and is not asked for."""

    __tablename__ = "second_factor"

    user_id: int = Field(primary_key=True, foreign_key="app_user.id", ondelete="CASCADE")
    secret: str = Field(max_length=255)  # sealed
    enabled_at: datetime | None = None
    last_step: int = Field(default=0, sa_type=BIG)  # the newest time step whose code was accepted


class RecoveryCode(SQLModel, table=True):
    """A code that replaces the app's code once. Only its digest is stored."""

    __tablename__ = "recovery_code"

    id: int | None = big_id()
    user_id: int = Field(foreign_key="app_user.id", index=True, ondelete="CASCADE")
    digest: str = Field(max_length=64)
    used_at: datetime | None = None
