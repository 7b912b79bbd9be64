"""What the operations page is told: who holds what, since when, and what happens next. Times in UTC."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from campaign_app.channels.base import Weakness
from campaign_app.channels.reported import Reported
from campaign_app.core.queue import Depth
from campaign_app.delivery.reporting.account_rates import Pace
from campaign_app.ops.hangs import Hangs
from campaign_app.ops.memory import Memory


class WorkerState(StrEnum):
    """How a worker does; LATE and ENDED were not heard of, ENDED holds nothing."""

    ALIVE = "alive"
    DRAINING = "draining"
    LATE = "late"
    ENDED = "ended"


class Fate(StrEnum):
    """What happens to a lease."""

    KEPT = "kept"  # its worker lives and keeps it up
    UNRENEWED = "unrenewed"  # its worker lives, but the lease has expired
    JOURNAL = "journal"  # a worker of its host settles it from the journal
    TAKEN_OVER = "taken_over"  # no worker lives on its host: another host takes it over after the grace
    NOBODY = "nobody"  # no worker lives at all


@dataclass(frozen=True, slots=True)
class Holder:
    """All that one worker holds: the newest heartbeat of its leases, how many have expired, when the last of them
    may be taken over by another host."""

    owner: str
    host: str
    leases: int
    expired: int
    heartbeat_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker that was heard of; what only a living one tells is None for the others. `unwritten` outcomes are on
    their way to the database: more than should be when it is `behind`. It has not reached it since `failing_since`."""

    name: str
    host: str
    pid: str
    state: WorkerState
    heard_at: datetime
    leases: int
    fate: Fate
    taken_over_at: datetime | None = None
    started_at: datetime | None = None
    rate_per_minute: float | None = None
    in_flight: int | None = None
    campaigns: int | None = None
    unwritten: int | None = None
    behind: bool = False
    failing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """A range of deliveries that a worker has in hand: `left` of the `total` that it sends have no outcome yet."""

    id: int
    campaign_id: int
    campaign_name: str
    owner: str
    host: str
    first_id: int
    last_id: int
    left: int
    total: int
    claimed_at: datetime | None
    heartbeat_at: datetime | None
    expires_at: datetime | None
    expired: bool
    fate: Fate
    taken_over_at: datetime | None


@dataclass(frozen=True, slots=True)
class CampaignLeases:
    """A running campaign's leases by state; `available_at` is when the first open one may be claimed."""

    id: int
    name: str
    open: int
    held: int
    done: int
    available_at: datetime | None


@dataclass(frozen=True, slots=True)
class CampaignWork(CampaignLeases):
    """Its leases and its chains of jobs: how many run, how many wait and until when. None: Redis is away."""

    chains_running: int | None = None
    chains_waiting: int | None = None
    chain_due: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountTrouble:
    """A sending account whose circuit is open (`rests`), or whose server breaks on what it offers (`weakness`), or that
    reports say is refused."""

    id: int
    name: str
    rests: bool
    since: datetime | None
    next_try: datetime | None
    words: str
    waiting: int
    weakness: Weakness | None = None
    reported: Reported | None = None


@dataclass(frozen=True, slots=True)
class SlowedAccount:
    """A sending account whose server pushed back within the hour, and the rate that it is found to take."""

    id: int
    name: str
    pace: Pace


@dataclass(frozen=True, slots=True)
class Stores:
    """How fast database and Redis answered, in ms (None: it does not answer), and how full the queues are."""

    database: str
    database_ms: float
    redis_ms: float | None
    send: Depth | None
    work: Depth | None
    memory: Memory | None = None


@dataclass(frozen=True, slots=True)
class Operations:
    """Everything at one moment. The lists hold at most what a page shows; the totals say how many there are."""

    at: datetime
    workers: tuple[WorkerRow, ...]
    leases: tuple[LeaseRow, ...]
    leases_total: int
    leases_expired: int
    campaigns: tuple[CampaignWork, ...]
    campaigns_total: int
    accounts: tuple[AccountTrouble, ...]
    stores: Stores
    hangs: Hangs = field(default_factory=Hangs)
    slowed: tuple[SlowedAccount, ...] = ()
