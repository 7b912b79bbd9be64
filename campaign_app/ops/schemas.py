"""Data of the operations page: who holds what, since when, and what happens next. Times are in UTC."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from campaign_app.channels.base import Weakness
from campaign_app.channels.reported import Reported
from campaign_app.core.queue import Depth
from campaign_app.delivery.reporting.account_rates import Pace
from campaign_app.delivery.schemas import LeaseInfo
from campaign_app.ops.hangs import Hangs
from campaign_app.ops.memory import Memory


class WorkerState(StrEnum):
    """State of a worker. LATE and ENDED workers send no heartbeats; ENDED ones hold no leases."""

    ALIVE = "alive"
    DRAINING = "draining"
    LATE = "late"
    ENDED = "ended"


class Fate(StrEnum):
    """What happens to a lease."""

    KEPT = "kept"  # its worker is alive and renews it
    UNRENEWED = "unrenewed"  # its worker is alive, but the lease has expired
    JOURNAL = "journal"  # a worker on its host settles it from the journal
    TAKEN_OVER = "taken_over"  # no worker is alive on its host: another host takes it over after the grace period
    NOBODY = "nobody"  # no worker is alive


@dataclass(frozen=True, slots=True)
class Holder:
    """The leases of one worker: the newest heartbeat, how many have expired, and when another host may take over the
    last of them.
    """

    owner: str
    host: str
    leases: int
    expired: int
    heartbeat_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A known worker. Figures that only a living worker reports are None for the others. `unwritten`: outcomes not yet
    in the database; `behind`: too many of them. `failing_since`: since when the worker cannot reach the database.
    """

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
class LeaseRow(LeaseInfo):
    """A held lease and what happens to it."""

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
    """Its leases and job chains: how many chains run, how many wait and until when. None: Redis is away."""

    chains_running: int | None = None
    chains_waiting: int | None = None
    chain_due: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountTrouble:
    """A sending account whose circuit is open (`rests`), whose server fails at an extension that it offers
    (`weakness`), or that servers refuse (`reported`).
    """

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
    """A sending account whose server pushed back within the last hour, and its learnt rate."""

    id: int
    name: str
    pace: Pace


@dataclass(frozen=True, slots=True)
class Stores:
    """Answer times of database and Redis in ms (None: no answer), and the depth of the queues."""

    database: str
    database_ms: float
    redis_ms: float | None
    send: Depth | None
    work: Depth | None
    memory: Memory | None = None


@dataclass(frozen=True, slots=True)
class Operations:
    """The state at one moment. The lists hold at most what a page shows; the totals count everything."""

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
