"""Campaigns, their counters, links and activity."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from campaign_app.core.clock import now
from campaign_app.models.base import BIG, JSON, TEXT, choice
from campaign_app.models.contact import EMAIL
from campaign_app.models.delivery import SENT_STATUSES
from campaign_app.models.template import Editor


class CampaignStatus(StrEnum):
    """Status of a campaign. The allowed transitions are in campaigns.lifecycle."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        """Text for people."""
        return self.value.capitalize()


class Pauser(StrEnum):
    """What kind of actor paused a campaign. It decides who may resume it."""

    PERSON = "person"
    BRAKE = "brake"
    CIRCUIT = "circuit"
    SYSTEM = "system"

    @property
    def label(self) -> str:
        """Text for people; a person is shown by name."""
        return _PAUSERS.get(self, "")


_PAUSERS = {
    Pauser.BRAKE: "stopped by the safety brake",
    Pauser.CIRCUIT: "until the account works again",
    Pauser.SYSTEM: "automatically",
}


CONTENT_COLUMNS = frozenset({"from_name", "reply_to", "subject", "preheader", "editor", "html", "text"})
"""Fields of a channel's content with a column of their own, which are older than `content`."""


class LatePolicy(StrEnum):
    """What happens when the start time passed while no worker ran."""

    SEND = "send"
    PAUSE = "pause"


class Campaign(SQLModel, table=True):
    """One message to one audience.

    `channel` is a name of channels.registry, "" for the default one; `address_kind` is the kind of address it uses.
    The content is read through campaigns.contents: a field of the channel's content model is in its column, if it has
    one, else in `content`.
    `audience`: {"lists": [id], "segments": [id], "exclude_lists": [id], "exclude_segments": [id], "everyone": bool}.
    `windows`: {"zone": IANA name, "days": {"0".."6" (Monday = 0): [["09:00", "18:00"], ...]}}; empty = at any time.
    `rate_per_minute` None = as fast as the account allows; the pause after every `batch_size` messages is
    `batch_delay_ms`. `priority`: 1 is the highest, 9 the lowest. `paused_by` is a name to show; the behaviour of a
    pause depends only on `pauser` (None: not paused). `brake_at`: when the safety brake stopped the campaign, or when
    a person resumed it afterwards; earlier refusals do not count as evidence about addresses.
    """

    __table_args__ = (
        sa.Index("ix_campaign_status", "status"),
        sa.Index("ix_campaign_updated_at_id", "updated_at", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=255)
    channel: str = Field(default="", max_length=32)
    address_kind: str = Field(default=EMAIL, max_length=32)
    status: CampaignStatus = Field(default=CampaignStatus.DRAFT, sa_type=choice(CampaignStatus))
    status_reason: str = Field(default="", max_length=500)
    account_id: int | None = Field(default=None, foreign_key="sending_account.id")
    from_name: str = Field(default="", max_length=255)
    reply_to: str = Field(default="", max_length=254)
    subject: str = Field(default="", max_length=998)
    preheader: str = Field(default="", max_length=255)
    editor: Editor = Field(default=Editor.TEXT, sa_type=choice(Editor))
    html: str = Field(default="", sa_type=TEXT)
    text: str = Field(default="", sa_type=TEXT)
    content: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    track_opens: bool = True
    track_clicks: bool = True
    audience: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    send_at: datetime | None = None
    time_zone: str = Field(default="UTC", max_length=64)
    late_policy: LatePolicy = Field(default=LatePolicy.SEND, sa_type=choice(LatePolicy))
    rate_per_minute: int | None = None
    batch_size: int | None = None
    batch_delay_ms: int = 0
    windows: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    priority: int = 5
    step_reached: int = 1
    owner_id: int | None = Field(default=None, foreign_key="app_user.id")
    version: int = 1
    created_at: datetime = Field(default_factory=now)
    updated_at: datetime = Field(default_factory=now)
    updated_by: str = Field(default="", max_length=255)
    launched_at: datetime | None = None
    started_at: datetime | None = None
    paused_at: datetime | None = None
    paused_by: str = Field(default="", max_length=255)
    pauser: Pauser | None = Field(default=None, sa_type=choice(Pauser))
    brake_at: datetime | None = None
    finished_at: datetime | None = None
    deleted_at: datetime | None = None


class CampaignCounter(SQLModel, table=True):
    """Deliveries by their current status (their sum is `total`), and engagement by people and by machines.

    Changed only by the ledger, in the transaction that changes the deliveries.
    """

    __tablename__ = "campaign_counter"

    campaign_id: int = Field(primary_key=True, foreign_key="campaign.id", ondelete="CASCADE")
    total: int = 0
    pending: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    replied: int = 0
    failed: int = 0
    bounced: int = 0
    skipped: int = 0
    uncertain: int = 0
    opened: int = 0
    clicked: int = 0
    unsubscribed: int = 0
    complained: int = 0
    opens: int = 0
    clicks: int = 0
    machine_opens: int = 0
    machine_clicks: int = 0

    @property
    def messages_sent(self) -> int:
        """Messages that a server accepted; the base of all rates."""
        return messages_sent({status: getattr(self, status) for status in SENT_STATUSES})


def messages_sent(counters: Mapping[str, int]) -> int:
    """Messages that a server accepted, from counters by status; the base of all rates."""
    return sum(counters.get(status.value, 0) for status in SENT_STATUSES)


class CampaignLink(SQLModel, table=True):
    """A link of the message, frozen at launch; `url` may contain template variables."""

    __tablename__ = "campaign_link"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "position"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="campaign.id", ondelete="CASCADE")
    position: int
    url: str = Field(sa_type=TEXT)
    clicks: int = 0
    people: int = 0


class CampaignMinute(SQLModel, table=True):
    """Roll-up: a campaign's figures of one minute (UTC)."""

    __tablename__ = "campaign_minute"
    __table_args__ = (sa.Index("ix_campaign_minute_minute", "minute"),)

    campaign_id: int = Field(primary_key=True, foreign_key="campaign.id", ondelete="CASCADE")
    minute: datetime = Field(primary_key=True)
    sent: int = 0
    failed: int = 0
    opens: int = 0
    clicks: int = 0
    opened: int = 0
    clicked: int = 0
    unsubscribed: int = 0


class CampaignDomain(SQLModel, table=True):
    """Roll-up: a campaign's figures of one mailbox domain."""

    __tablename__ = "campaign_domain"

    campaign_id: int = Field(primary_key=True, foreign_key="campaign.id", ondelete="CASCADE")
    domain: str = Field(primary_key=True, max_length=255)
    sent: int = 0
    failed: int = 0
    bounced: int = 0
    opened: int = 0
    clicked: int = 0
    unsubscribed: int = 0
    complained: int = 0


class CampaignActivity(SQLModel, table=True):
    """What people and the product did with a campaign, as text for its page."""

    __tablename__ = "campaign_activity"
    __table_args__ = (sa.Index("ix_campaign_activity_campaign_id_id", "campaign_id", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    campaign_id: int = Field(foreign_key="campaign.id", ondelete="CASCADE")
    at: datetime = Field(default_factory=now)
    kind: str = Field(max_length=32)
    actor_name: str = Field(default="", max_length=255)
    by_person: bool = True
    title: str = Field(max_length=255)
    detail: str = Field(default="", max_length=1000)
