"""Results for pages and exports. Counts are people unless the name says otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from campaign_app.channels.content import Capabilities
from campaign_app.models.campaign import Pauser


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """One step of the funnel: sent, opened and clicked (people), unsubscribed. `share` (0–1) is of the first step."""

    key: str
    label: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class TimePoint:
    """What happened in one slot of time (`at` is its start, UTC)."""

    at: datetime
    sent: int = 0
    failed: int = 0
    opens: int = 0
    clicks: int = 0
    opened: int = 0
    clicked: int = 0
    unsubscribed: int = 0


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many recipients have this reason; `status` is failed, bounced, skipped or uncertain."""

    status: str
    reason: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class LinkCount:
    """A link of the message, the people who clicked it, and its clicks."""

    position: int
    url: str
    people: int
    clicks: int


@dataclass(frozen=True, slots=True)
class DomainCount:
    """Figures of one mailbox domain."""

    domain: str
    sent: int
    failed: int
    bounced: int
    opened: int
    clicked: int
    unsubscribed: int = 0
    complained: int = 0


@dataclass(frozen=True, slots=True)
class Results:
    """All results of one campaign. `slot_minutes`: width of the points of `times` (1, 5, 60 …)."""

    campaign_id: int
    total: int
    sent: int
    opened: int
    clicked: int
    unsubscribed: int
    complained: int
    bounced: int
    failed: int
    machine_opens: int
    machine_clicks: int
    funnel: Sequence[FunnelStep] = ()
    times: Sequence[TimePoint] = ()
    slot_minutes: int = 1
    reasons: Sequence[ReasonCount] = ()
    links: Sequence[LinkCount] = ()
    domains: Sequence[DomainCount] = ()
    can: Capabilities = field(default_factory=Capabilities)
    has_domains: bool = True


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a period."""

    sent: int = 0
    failed: int = 0
    opened: int = 0
    clicked: int = 0
    unsubscribed: int = 0


@dataclass(frozen=True, slots=True)
class DayPoint:
    """One day of a period, in the person's time zone."""

    day: date
    sent: int = 0
    failed: int = 0
    opened: int = 0
    clicked: int = 0
    unsubscribed: int = 0


@dataclass(frozen=True, slots=True)
class Overview:
    """A period and the one before it."""

    days: Sequence[DayPoint]
    before: Sequence[DayPoint]
    totals: Totals
    totals_before: Totals
    heat: Sequence[Sequence[float | None]] = ()  # 7 × 24: share of people's opens in that hour


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """A campaign on the dashboard or in the table of analytics."""

    id: int
    name: str
    status: str
    status_reason: str
    total: int
    counts: dict[str, int]
    sent: int
    opened: int
    clicked: int
    unsubscribed: int
    paused_by: str = ""
    pauser: Pauser | None = None
    paused_at: datetime | None = None
    finished_at: datetime | None = None
    send_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attention:
    """Something that needs a person. `severity` is blocking, warning or scheduled."""

    severity: str
    title: str
    detail: str
    kind: str  # campaign, account or workspace
    id: int
    act: str  # "Review", "Open", …


@dataclass(frozen=True, slots=True)
class AccountUse:
    """A sending account's use today. `health` is healthy, bouncing, refused, disconnected or unused."""

    id: int
    address: str
    health: str
    words: str
    sent_today: int
    limit_used: int
    limit_per_day: int | None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What the dashboard shows."""

    active: Sequence[CampaignLine] = ()
    finished: Sequence[CampaignLine] = ()
    attention: Sequence[Attention] = ()
    accounts: Sequence[AccountUse] = ()
    overview: Overview = field(default_factory=lambda: Overview((), (), Totals(), Totals()))
