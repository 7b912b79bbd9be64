"""What became of one message, and what many of them add up to. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from campaign_app.models.delivery import SENT_STATUSES, DeliveryStatus, Reason

SENT_FAMILY = frozenset(SENT_STATUSES)


@dataclass(slots=True)
class Outcome:
    """The end of one attempt. `status` PENDING means: again at `next_attempt_at`.

    `before` is the number of attempts that the row had: a write-back that is repeated finds another number and
    changes nothing.
    """

    delivery_id: int
    campaign_id: int
    lease_id: int
    status: DeliveryStatus
    at: datetime
    domain: str = ""
    before: int = 0
    attempts: int = 0
    reason: Reason = Reason.NONE
    response: str = ""
    next_attempt_at: datetime | None = None


@dataclass(slots=True)
class Tally:
    """Changes of the counter row and the roll-ups: by campaign and status, by minute, by mailbox domain."""

    counters: dict[int, Counter[DeliveryStatus]] = field(default_factory=lambda: defaultdict(Counter))
    minutes: dict[tuple[int, datetime], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    domains: dict[tuple[int, str], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))

    def add(
        self,
        campaign_id: int,
        source: DeliveryStatus,
        target: DeliveryStatus,
        at: datetime,
        domain: str = "",
        count: int = 1,
    ) -> None:
        """Count one move, or so many that are alike."""
        if source is target:
            return
        counter = self.counters[campaign_id]
        counter[source] -= count
        counter[target] += count
        sent = count * (target in SENT_FAMILY and source not in SENT_FAMILY)
        failed = count * (target is DeliveryStatus.FAILED)
        bounced = count * ((target is DeliveryStatus.BOUNCED) - (source is DeliveryStatus.BOUNCED))
        if not (sent or failed or bounced):
            return
        row = self.domains[campaign_id, domain]
        row[0] += sent
        row[1] += failed
        row[2] += bounced
        if sent or failed:
            minute = self.minutes[campaign_id, at.replace(second=0, microsecond=0)]
            minute[0] += sent
            minute[1] += failed


def tally(outcomes: Iterable[Outcome]) -> Tally:
    """What outcomes of rows that were pending add up to; those that are alike are counted first."""
    alike = Counter((one.campaign_id, one.status, one.domain, int(one.at.timestamp()) // 60) for one in outcomes)
    total = Tally()
    for (campaign_id, status, domain, minute), count in alike.items():
        at = datetime.fromtimestamp(minute * 60, UTC)
        total.add(campaign_id, DeliveryStatus.PENDING, status, at, domain, count)
    return total
