"""Addresses that no campaign may reach."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from campaign_app.core.clock import now
from campaign_app.models.base import big_id, choice


class SuppressionReason(StrEnum):
    """Why an address is suppressed."""

    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    MANUAL = "manual"

    @property
    def label(self) -> str:
        """As shown to people."""
        return {"complained": "Marked as spam", "manual": "Added by hand"}.get(self.value, self.value.capitalize())


class Suppression(SQLModel, table=True):
    """One address (normalised e-mail or E.164 phone); it outlives the contact."""

    id: int | None = big_id()
    address: str = Field(max_length=254, unique=True)
    reason: SuppressionReason = Field(sa_type=choice(SuppressionReason))
    note: str = Field(default="", max_length=500)
    campaign_id: int | None = None
    created_by: int | None = None
    created_at: datetime = Field(default_factory=now, index=True)
