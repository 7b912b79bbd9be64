"""Addresses that no campaign may reach."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from campaign_app.core.clock import now
from campaign_app.models.base import big_id, choice
from campaign_app.models.contact import EMAIL


class SuppressionReason(StrEnum):
    """Why an address is suppressed."""

    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    MANUAL = "manual"

    @property
    def label(self) -> str:
        """Text for people."""
        return {"complained": "Marked as spam", "manual": "Added by hand"}.get(self.value, self.value.capitalize())


class Suppression(SQLModel, table=True):
    """One address of a kind (e-mail normalised, phone in E.164, others in their channel's form). It stays when the
    contact is deleted.
    """

    __table_args__ = (sa.UniqueConstraint("kind", "address"), sa.Index("ix_suppression_address", "address"))

    id: int | None = big_id()
    kind: str = Field(default=EMAIL, max_length=32)
    address: str = Field(max_length=254)
    reason: SuppressionReason = Field(sa_type=choice(SuppressionReason))
    note: str = Field(default="", max_length=500)
    campaign_id: int | None = None
    created_by: int | None = None
    created_at: datetime = Field(default_factory=now, index=True)
