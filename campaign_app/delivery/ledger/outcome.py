"""The end of an attempt, and the sums of many. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from campaign_app.models.delivery import SENT_STATUSES, DeliveryStatus, Reason

SENT_FAMILY = frozenset(SENT_STATUSES)
_UNTOLD = frozenset({DeliveryStatus.PENDING, DeliveryStatus.UNCERTAIN})


@dataclass(slots=True)
class Outcome:
    """The end of one attempt. `status` PENDING means: again at `next_attempt_at`.

    `before` is the number of attempts that the row had: a write-back that is repeated finds another number and
    changes nothing. `provider_id`: how the provider of `account_id` calls this attempt in its reports.
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
    account_id: int = 0
    provider_id: str = ""


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
        """Count one move, or `count` equal ones."""
        if source is target:
            return
        counter = self.counters[campaign_id]
        counter[source] -= count
        counter[target] += count
        sent = count * ((target in SENT_FAMILY) - (source in SENT_FAMILY))
        failed = count * ((target is DeliveryStatus.FAILED) - (source is DeliveryStatus.FAILED))
        bounced = count * ((target is DeliveryStatus.BOUNCED) - (source is DeliveryStatus.BOUNCED))
        if not (sent or failed or bounced):
            return
        row = self.domains[campaign_id, domain]
        row[0] += sent
        row[1] += failed
        row[2] += bounced
        first = sent if source in _UNTOLD else 0  # a minute counts what was handed over in it, and takes nothing back
        if first > 0 or failed > 0:
            minute = self.minutes[campaign_id, at.replace(second=0, microsecond=0)]
            minute[0] += max(0, first)
            minute[1] += max(0, failed)


def tally(outcomes: Iterable[Outcome]) -> Tally:
    """The sums of outcomes of pending rows. Equal outcomes are counted first."""
    alike = Counter((one.campaign_id, one.status, one.domain, int(one.at.timestamp()) // 60) for one in outcomes)
    total = Tally()
    for (campaign_id, status, domain, minute), count in alike.items():
        at = datetime.fromtimestamp(minute * 60, UTC)
        total.add(campaign_id, DeliveryStatus.PENDING, status, at, domain, count)
    return total
