"""What the sending path exchanges with the ledger. Light to import: SQLite's process loads it and little else."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from campaign_app.delivery.ledger.outcome import Outcome

LEASE_TTL_S = 30.0
ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)  # a lease that can be claimed at once, whatever happens to the clock
CONTACT_COLUMNS = (
    "email",
    "phone",
    "first_name",
    "last_name",
    "company",
    "time_zone",
    "language",
    "attributes",
)


@dataclass(frozen=True, slots=True)
class LeaseOwner:
    """Who claims: the worker's name, its host, its journal's file name."""

    worker: str
    host: str
    journal: str


@dataclass(slots=True)
class Row:
    """A pending delivery with its contact. `suppressed` is a SuppressionReason; `contact` None: it was deleted."""

    id: int
    address: str
    domain: str
    attempts: int
    suppressed: str | None
    contact: dict[str, Any] | None


RawRow = Sequence[Any]
"""(id, address, domain, attempts, suppressed, contact id, contact columns …)"""


@dataclass(frozen=True, slots=True)
class LeaseHandle:
    """A lease and the epoch under which this worker holds it."""

    lease_id: int
    epoch: int
    campaign_id: int
    first_id: int
    last_id: int


@dataclass(slots=True)
class ClaimedLease:
    """A lease this worker holds, and its first rows. Nothing behind `read_through_id` may be sent yet."""

    handle: LeaseHandle
    read_through_id: int
    rows: list[Row]


@dataclass(slots=True)
class WriteBatch:
    """One transaction: outcomes, heartbeats of the leases that they belong to, leases that end."""

    outcomes: list["Outcome"] = field(default_factory=list)
    handles: list[LeaseHandle] = field(default_factory=list)
    finished: list[LeaseHandle] = field(default_factory=list)


@dataclass(slots=True)
class LedgerWrite:
    """A WriteBatch in the database's values, with the sums of its outcomes: what `writing` takes."""

    at: Any
    clock: tuple[Any, ...]
    any_time: Any
    handles: list[LeaseHandle] = field(default_factory=list)
    finished: list[LeaseHandle] = field(default_factory=list)
    leases: set[int] = field(default_factory=set)  # those that the rows belong to
    sent: list[tuple[Any, ...]] = field(default_factory=list)  # id, attempts before, at, response
    other: list[tuple[Any, ...]] = field(default_factory=list)  # the same, status, reason, attempts, next attempt
    counters: dict[int, dict[str, int]] = field(default_factory=dict)  # campaign: status: change
    minutes: list[tuple[Any, ...]] = field(default_factory=list)  # campaign, minute, sent, failed
    domains: list[tuple[Any, ...]] = field(default_factory=list)  # campaign, domain, sent, failed, bounced
    refs: list[tuple[Any, ...]] = field(default_factory=list)  # account, provider's id, delivery, attempt

    def count(self, campaign_id: int, changes: dict[str, int]) -> None:
        """Add to the campaign's counters."""
        counter = self.counters.setdefault(campaign_id, {})
        for status, change in changes.items():
            counter[status] = counter.get(status, 0) + change


@dataclass(slots=True)
class WriteResult:
    """The result of a write: leases that were lost, and when each finished lease can be claimed again (None: done).

    `disputed`: nothing was written, because rows were not as the outcomes expect. They must be settled.
    """

    lost: set[int] = field(default_factory=set)
    reopened: dict[int, Any] = field(default_factory=dict)
    disputed: bool = False


class LeaseStore(Protocol):
    """The sending path's door to the ledger. One per worker process."""

    async def claim(self, campaign_id: int, owner: LeaseOwner, rows: int, at: datetime) -> ClaimedLease | None:
        """The next available lease of a running campaign with its first rows; None when there is none now."""

    async def read_more(
        self, handle: LeaseHandle, after_id: int, rows: int, at: datetime
    ) -> tuple[list[Row], int] | None:
        """The rows behind `after_id` and the id through which the lease is read now; None when the lease was lost."""

    async def write(self, batch: WriteBatch, at: datetime) -> WriteResult:
        """Everything in one transaction, counters and roll-ups included."""

    async def close(self) -> None:
        """Close the connections."""


def make_row(raw: RawRow) -> Row:
    """A row as the engine wants it."""
    contact = dict(zip(CONTACT_COLUMNS, raw[6:], strict=True)) if raw[5] is not None else None
    return Row(raw[0], raw[1], raw[2], raw[3], raw[4], contact)
