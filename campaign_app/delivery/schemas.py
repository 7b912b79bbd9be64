"""What the engine tells pages and API clients."""

from dataclasses import dataclass
from datetime import datetime

from campaign_app.models.delivery import DeliveryStatus, Reason


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """One recipient of a campaign as its table shows it."""

    id: int
    contact_id: int
    name: str
    address: str
    status: DeliveryStatus
    reason: Reason
    response: str
    attempts: int
    updated_at: datetime
    next_attempt_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    replied_at: datetime | None = None
    failed_at: datetime | None = None
    opened_at: datetime | None = None
    clicked_at: datetime | None = None
    unsubscribed_at: datetime | None = None
    complained_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that was asked, in order: `verdict` is passed, stopped, waiting or noted."""

    verdict: str
    title: str
    detail: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """Why a recipient got the message, or did not."""

    row: RecipientRow
    campaign_id: int
    campaign_name: str
    message_id: str
    provider_id: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class LeaseInfo:
    """A held lease: who holds which deliveries, since when."""

    id: int
    campaign_id: int
    campaign_name: str
    owner: str
    host: str
    first_id: int
    last_id: int
    pending: int
    total: int
    claimed_at: datetime | None
    heartbeat_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """A worker process with a recent heartbeat. `unwritten` outcomes wait to be written; since `failing_since` no write
    has reached the database."""

    name: str
    host: str
    pid: int
    started_at: datetime
    heard_at: datetime
    campaigns: int
    in_flight: int
    rate_per_minute: float
    draining: bool = False
    unwritten: int = 0
    failing_since: datetime | None = None
