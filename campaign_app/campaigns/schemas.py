"""Inputs and results of the campaigns room."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from campaign_app.campaigns import schedule
from campaign_app.core.errors import Invalid
from campaign_app.models.campaign import CampaignStatus, LatePolicy
from campaign_app.models.template import Editor
from campaign_app.rendering.finding import Finding

S = CampaignStatus
T = TypeVar("T")
_AUDIENCE_KEYS = ("lists", "segments", "exclude_lists", "exclude_segments")

VIEWS: Mapping[str, frozenset[CampaignStatus]] = {
    "all": frozenset(CampaignStatus),
    "running": frozenset({S.RUNNING}),
    "attention": frozenset({S.RUNNING, S.PAUSED, S.COMPLETED, S.FAILED}),
    "scheduled": frozenset({S.SCHEDULED}),
    "drafts": frozenset({S.DRAFT}),
    "completed": frozenset({S.COMPLETED}),
    "mine": frozenset(CampaignStatus),
}
VIEW_LABELS: Mapping[str, str] = {
    "all": "All",
    "running": "Running",
    "attention": "Needs attention",
    "scheduled": "Scheduled",
    "drafts": "Drafts",
    "completed": "Completed",
    "mine": "Mine",
}
SORTS = ("updated", "created", "name", "audience")


class CampaignQuery(BaseModel):
    """Filters, order and page of the list. `view`: a key of VIEWS. `sort`: one of SORTS. `limit`: at most 100."""

    model_config = ConfigDict(extra="ignore")

    view: str = "all"
    search: str = ""
    status: CampaignStatus | None = None
    owner: int | None = None
    sort: str = "updated"
    descending: bool = True
    cursor: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A row of the list. Counts come from the ledger. `opened` and `clicked` count people, never machines."""

    id: int
    name: str
    subject: str
    channel: str
    status: CampaignStatus
    status_reason: str
    step_reached: int
    send_at: datetime | None
    owner_id: int | None
    owner_name: str
    version: int
    created_at: datetime
    updated_at: datetime
    total: int
    counts: Mapping[str, int]
    sent: int
    opened: int
    clicked: int
    replied: int


def _line(value: str) -> str:
    if any(ord(letter) < 32 or letter == "\x7f" for letter in value):
        raise ValueError("One line of text, without line breaks")
    return value


class CampaignPatch(BaseModel):
    """What one step of the builder saves. Only given fields change. Times have a zone, rates are per minute.

    `content`: fields of the channel's content model that have no column of their own.
    """

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    account_id: int | None = None
    from_name: str = Field(default="", max_length=255)
    reply_to: str = Field(default="", max_length=254)
    subject: str = Field(default="", max_length=998)
    preheader: str = Field(default="", max_length=255)
    editor: Editor = Editor.TEXT
    html: str = Field(default="", max_length=1_000_000)
    text: str = Field(default="", max_length=1_000_000)
    content: dict[str, Any] = Field(default_factory=dict)
    track_opens: bool = True
    track_clicks: bool = True
    audience: dict[str, Any] = Field(default_factory=dict)
    send_at: datetime | None = None
    time_zone: str = "UTC"
    late_policy: LatePolicy = LatePolicy.SEND
    rate_per_minute: int | None = Field(default=None, ge=1, le=1_000_000)
    batch_size: int | None = Field(default=None, ge=1, le=1_000_000)
    batch_delay_ms: int = Field(default=0, ge=0, le=86_400_000)
    windows: dict[str, Any] = Field(default_factory=dict)
    priority: int = Field(default=5, ge=1, le=9)
    step_reached: int = Field(default=1, ge=1, le=5)

    @field_validator("name", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return value.strip() if isinstance(value, str) else value

    @field_validator("name", "from_name", "subject", "preheader")
    @classmethod
    def _one_line(cls, value: str | None) -> str | None:
        return None if value is None else _line(value)

    @field_validator("send_at")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("A time needs a time zone")
        return value

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return _said_by(lambda: schedule.zone_of(value).key)

    @field_validator("windows")
    @classmethod
    def _windows(cls, value: dict[str, Any]) -> dict[str, Any]:
        _said_by(lambda: schedule.parse_windows(value))
        return value

    @field_validator("audience")
    @classmethod
    def _audience(cls, value: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {key: sorted({int(item) for item in value.get(key) or ()}) for key in _AUDIENCE_KEYS}
        return found | {"everyone": bool(value.get("everyone"))}


def _said_by(check: Callable[[], T]) -> T:
    try:
        return check()
    except Invalid as error:
        raise ValueError(error.message) from None


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as one person would get it. When it cannot be rendered, `problem` is set and the rest is empty."""

    subject: str = ""
    preheader: str = ""
    html: str = ""
    text: str = ""
    recipient: str = ""
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    problem: str = ""
    problem_part: str = ""
    problem_line: int | None = None
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """The server's answer to a test message."""

    __test__ = False

    to: str
    ok: bool
    response: str


class TemplateInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
    category: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] = ""
    description: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    subject: str = Field(default="", max_length=998)
    preheader: str = Field(default="", max_length=255)
    editor: Editor = Editor.HTML
    html: str = Field(default="", max_length=1_000_000)
    text: str = Field(default="", max_length=1_000_000)

    @field_validator("name", "category", "subject", "preheader")
    @classmethod
    def _one_line(cls, value: str) -> str:
        return _line(value)


@dataclass(frozen=True, slots=True)
class Report:
    """The findings of pre-flight, most urgent first. `finishing`: (start of the hour, messages in it)."""

    findings: tuple[Finding, ...]
    summary: Mapping[str, Any] = field(default_factory=dict)
    finishing: tuple[tuple[datetime, int], ...] = ()
    finishes_at: datetime | None = None
    starts_at: datetime | None = None
    limited_by: str = ""
    checked_at: datetime | None = None

    def of(self, severity: str) -> tuple[Finding, ...]:
        """Findings of one severity: blocking, warning or fine."""
        return tuple(finding for finding in self.findings if finding.severity == severity)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that stop the launch."""
        return self.of("blocking")
