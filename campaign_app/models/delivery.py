"""The ledger's rows: one delivery per recipient, campaign and step; their leases and events."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from campaign_app.models.base import BIG, TEXT, big_id, choice


class DeliveryStatus(StrEnum):
    """Status of a delivery. The allowed transitions are a table in delivery.ledger.transitions."""

    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    REPLIED = "replied"
    FAILED = "failed"
    BOUNCED = "bounced"
    SKIPPED = "skipped"
    UNCERTAIN = "uncertain"


SENT_STATUSES = (
    DeliveryStatus.SENT,
    DeliveryStatus.DELIVERED,
    DeliveryStatus.READ,
    DeliveryStatus.REPLIED,
    DeliveryStatus.BOUNCED,
)
"""Statuses of messages that a server accepted. The rates of opens, clicks and bounces are shares of these."""


class Reason(StrEnum):
    """Why a delivery is skipped, failed, bounced, uncertain or waiting."""

    NONE = ""
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED_BOUNCED = "suppressed_bounced"
    COMPLAINED = "complained"
    SUPPRESSED_MANUAL = "suppressed_manual"
    NO_ADDRESS = "no_address"
    ADDRESS_INVALID = "address_invalid"
    CANCELLED = "cancelled"
    CONTACT_DELETED = "contact_deleted"
    MISSING_VARIABLE = "missing_variable"
    RENDER_ERROR = "render_error"
    REFUSED = "refused"
    MAILBOX_FULL = "mailbox_full"
    UNKNOWN_ADDRESS = "unknown_address"
    POLICY = "policy"
    MESSAGE_TOO_LARGE = "message_too_large"
    RETRIES_USED_UP = "retries_used_up"
    TEMPORARY = "temporary"
    CONNECTION_LOST = "connection_lost"
    ACCOUNT = "account"
    WORKER_DIED = "worker_died"
    BOUNCE_REPORT = "bounce_report"
    SENDER_REFUSED = "sender_refused"

    @property
    def label(self) -> str:
        """The reason as a text that a customer understands."""
        return REASON_LABELS[self]


REASON_LABELS: dict[Reason, str] = {
    Reason.NONE: "",
    Reason.UNSUBSCRIBED: "Unsubscribed",
    Reason.SUPPRESSED_BOUNCED: "Address bounced before",
    Reason.COMPLAINED: "Marked an earlier message as spam",
    Reason.SUPPRESSED_MANUAL: "On the suppression list",
    Reason.NO_ADDRESS: "No address for this channel",
    Reason.ADDRESS_INVALID: "The address is not valid",
    Reason.CANCELLED: "The campaign was cancelled",
    Reason.CONTACT_DELETED: "The contact was deleted",
    Reason.MISSING_VARIABLE: "A variable has no value",
    Reason.RENDER_ERROR: "The message could not be made",
    Reason.REFUSED: "The server refused the message",
    Reason.MAILBOX_FULL: "Mailbox full",
    Reason.UNKNOWN_ADDRESS: "Address does not exist",
    Reason.POLICY: "Blocked by the receiving server's policy",
    Reason.MESSAGE_TOO_LARGE: "The message is too large for the server",
    Reason.RETRIES_USED_UP: "Not accepted after every retry",
    Reason.TEMPORARY: "Deferred by the server; tried again later",
    Reason.CONNECTION_LOST: "Connection closed before the answer",
    Reason.ACCOUNT: "The sending account does not work",
    Reason.WORKER_DIED: "The worker stopped before the answer",
    Reason.BOUNCE_REPORT: "Returned by the receiving server",
    Reason.SENDER_REFUSED: "The receiving server refused the sender, not this address",
}


class Delivery(SQLModel, table=True):
    """One recipient of one campaign. `address` and `domain` are frozen at launch; `response` holds the server's words.

    There is no foreign key, because its check took 40 % of a launch: only a launch makes rows, while it holds the lock
    on the campaign's row, and campaigns are never removed. Under a held lease a row stays `pending` until its outcome
    is written; until then only the worker's journal knows whether it was sent.
    """

    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "contact_id", "step"),
        sa.Index(
            "ix_delivery_exceptional",
            "campaign_id",
            "status",
            "id",
            sqlite_where=sa.text("status NOT IN ('pending', 'sent')"),
            postgresql_where=sa.text("status NOT IN ('pending', 'sent')"),
        ),
        sa.Index("ix_delivery_contact_id", "contact_id"),
    )

    id: int | None = big_id()
    campaign_id: int
    contact_id: int = Field(sa_type=BIG)
    step: int = 1
    status: DeliveryStatus = Field(default=DeliveryStatus.PENDING, sa_type=choice(DeliveryStatus))
    reason: Reason = Field(default=Reason.NONE, sa_type=choice(Reason))
    address: str = Field(default="", max_length=254)
    domain: str = Field(default="", max_length=255)
    attempts: int = 0
    next_attempt_at: datetime | None = None
    response: str = Field(default="", max_length=500)
    updated_at: datetime
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    replied_at: datetime | None = None
    failed_at: datetime | None = None
    opened_at: datetime | None = None
    clicked_at: datetime | None = None
    unsubscribed_at: datetime | None = None
    complained_at: datetime | None = None


class LeaseState(StrEnum):
    """open → held → open | done."""

    OPEN = "open"
    HELD = "held"
    DONE = "done"


class Lease(SQLModel, table=True):
    """A range of at most 500 delivery ids that one worker at a time may send.

    `epoch` grows with every claim. Every write names the epoch of its claim, so that a worker that lost its lease
    changes nothing. Only rows up to `read_through_id` can have been handed over, because it is committed before they
    are sent.
    """

    __table_args__ = (
        sa.Index(
            "ix_lease_campaign_id_state_available_at",
            "campaign_id",
            "state",
            "available_at",
        ),
        sa.Index(
            "ix_lease_held",
            "expires_at",
            sqlite_where=sa.text("state = 'held'"),
            postgresql_where=sa.text("state = 'held'"),
        ),
    )

    id: int | None = big_id()
    campaign_id: int = Field(foreign_key="campaign.id", ondelete="CASCADE")
    first_id: int = Field(sa_type=BIG)
    last_id: int = Field(sa_type=BIG)
    state: LeaseState = Field(default=LeaseState.OPEN, sa_type=choice(LeaseState))
    epoch: int = 0
    read_through_id: int = Field(default=0, sa_type=BIG)
    owner: str = Field(default="", max_length=64)
    host: str = Field(default="", max_length=255)
    journal: str = Field(default="", max_length=255)
    available_at: datetime
    claimed_at: datetime | None = None
    heartbeat_at: datetime | None = None
    expires_at: datetime | None = None


class DeliveryRef(SQLModel, table=True):
    """A provider's id of an attempt, by which its reports find the delivery."""

    __tablename__ = "delivery_ref"

    account_id: int = Field(primary_key=True)
    provider_id: str = Field(primary_key=True, max_length=128)
    delivery_id: int = Field(sa_type=BIG, index=True)
    attempt: int


class EventKind(StrEnum):
    """What happened to a message after it was sent."""

    OPEN = "open"
    CLICK = "click"
    UNSUBSCRIBE = "unsubscribe"
    COMPLAIN = "complain"
    BOUNCE = "bounce"
    REPLY = "reply"
    VIEW = "view"
    DELIVER = "deliver"
    DELAY = "delay"
    SENT = "sent"
    READ = "read"
    FAIL = "fail"


class DeliveryEvent(SQLModel, table=True):
    """One open, click, unsubscribe …

    `machine` says why it is not a person's, "" for a person's; `dedupe` makes a repeated event count once.
    """

    __tablename__ = "delivery_event"
    __table_args__ = (
        sa.Index("ix_delivery_event_contact_id_at", "contact_id", "at"),
        sa.Index("ix_delivery_event_campaign_id_kind_at", "campaign_id", "kind", "at"),
        sa.Index("ix_delivery_event_delivery_id", "delivery_id"),
    )

    id: int | None = big_id()
    delivery_id: int = Field(sa_type=BIG)
    campaign_id: int
    contact_id: int = Field(sa_type=BIG)
    kind: EventKind = Field(sa_type=choice(EventKind))
    at: datetime
    link: int | None = None
    machine: str = Field(default="", max_length=64)
    ip: str = Field(default="", max_length=64)
    user_agent: str = Field(default="", max_length=255)
    detail: str = Field(default="", sa_type=TEXT)
    dedupe: str | None = Field(default=None, max_length=128, unique=True)
