"""Inputs and results of the audience room."""

from dataclasses import dataclass
from dataclasses import field as made
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from campaign_app.kit.ids import Id
from campaign_app.models.contact_import import ImportStatus
from campaign_app.models.suppression import SuppressionReason

Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]
TagName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class ContactSort(StrEnum):
    """What the contact list can be sorted by."""

    NAME = "name"
    COMPANY = "company"
    ADDED = "added"
    UPDATED = "updated"


class ContactStatus(StrEnum):
    """Whether a contact may be written to."""

    ANY = "any"
    ACTIVE = "active"
    SUPPRESSED = "suppressed"


class ContactQuery(BaseModel):
    """Filters, order and page of the contact list. `search`: beginnings of words; all must match."""

    model_config = ConfigDict(frozen=True)

    search: str = Field(default="", max_length=200)
    list_id: Id | None = None
    tag: str = Field(default="", max_length=200)
    segment_id: Id | None = None
    status: ContactStatus = ContactStatus.ANY
    sort: ContactSort = ContactSort.UPDATED
    descending: bool = True
    cursor: str = Field(default="", max_length=2_000)
    limit: int = Field(default=50, ge=1, le=100)


class ContactInput(BaseModel):
    """A contact as a person enters it. None for tags or lists leaves them unchanged.

    `expected_updated_at`: the `updated_at` when the editor loaded the contact. A different stored value means that
    somebody else saved it since.
    """

    email: str = Field(default="", max_length=320)
    phone: str = Field(default="", max_length=40)
    first_name: Name = ""
    last_name: Name = ""
    company: Name = ""
    time_zone: Name = ""
    language: Annotated[str, StringConstraints(strip_whitespace=True, max_length=16)] = ""
    attributes: dict[str, str] = Field(default_factory=dict)
    tags: list[TagName] | None = None
    list_ids: list[int] | None = None
    expected_updated_at: datetime | None = None


class SegmentInput(BaseModel):
    """A segment as a person saves it. `version`: the one that the editor loaded."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
    description: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] = ""
    rules: dict[str, Any]
    version: int | None = None


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A row of the contact list. `name` is the address when there is no name. `messages`: how many were sent."""

    id: int
    name: str
    first_name: str
    last_name: str
    email: str
    phone: str
    company: str
    tags: list[str]
    suppressed: SuppressionReason | None
    messages: int
    last_activity: str
    last_activity_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ListRow:
    id: int
    name: str
    description: str
    members: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TagRow:
    id: int
    name: str
    members: int


@dataclass(frozen=True, slots=True)
class AttributeRow:
    """A custom attribute: its key in templates and rules, its label for people.

    `moving_to`: the attribute into which it is being merged, or "" while it is being deleted.
    """

    key: str
    label: str
    moving_to: str | None = None


@dataclass(frozen=True, slots=True)
class ContactDetail:
    """Everything about one contact. Figures cover the last 12 months."""

    id: int
    name: str
    first_name: str
    last_name: str
    email: str
    phone: str
    company: str
    time_zone: str
    language: str
    attributes: dict[str, str]
    tags: list[str]
    lists: list[ListRow]
    suppressed: SuppressionReason | None
    source: str
    messages: int
    opened: int
    clicked: int
    created_at: datetime
    updated_at: datetime


class TimelineKind(StrEnum):
    """What the timeline can be filtered by."""

    ALL = ""
    EMAIL = "email"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One event of the timeline. `what` chooses the icon: sent, failed, open, click, …, changed, suppressed."""

    at: datetime
    kind: TimelineKind
    what: str
    title: str
    detail: str = ""
    campaign_id: int | None = None
    delivery_id: int | None = None
    machine: str = ""


@dataclass(frozen=True, slots=True)
class SegmentRow:
    id: int
    name: str
    description: str
    rules: dict[str, Any]
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field of segment rules. `values`: (value, label) pairs when the choice is fixed."""

    field: str
    label: str
    kind: str
    operators: list[tuple[str, str]]
    values: list[tuple[str, str]] = made(default_factory=list)


@dataclass(frozen=True, slots=True)
class SuppressionRow:
    id: int
    address: str
    reason: SuppressionReason
    note: str
    campaign_id: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AddResult:
    """The result of adding addresses to the suppression list."""

    added: int
    already: int
    invalid: list[str]


@dataclass(frozen=True, slots=True)
class AudienceCount:
    """How many contacts an audience reaches now: total = reachable + no_address + suppressed."""

    total: int
    reachable: int
    no_address: int
    suppressed: dict[SuppressionReason, int]


@dataclass(frozen=True, slots=True)
class SampleContact:
    """A contact to preview a message with."""

    id: int
    name: str
    address: str
    company: str


@dataclass(frozen=True, slots=True)
class ImportRow:
    """An import with its progress. `result` has the keys of contacts-messy.expected.json."""

    id: int
    filename: str
    size_bytes: int
    status: ImportStatus
    encoding: str
    delimiter: str
    mapping: dict[str, str]
    country: str
    list_id: int | None
    rows_done: int
    rows_total: int
    result: dict[str, Any]
    has_rejected: bool
    error: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column of an uploaded file with its first values and the proposed field."""

    index: int
    heading: str
    values: list[str]
    proposed: str


@dataclass(frozen=True, slots=True)
class EncodingChoice:
    """An encoding that the file may have, with cells of the file read in it."""

    codec: str
    label: str
    samples: list[str]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in an uploaded file.

    `encodings`: the possible ones when the encoding is not certain. `asks_encoding`: nobody has chosen one yet.
    `first_rows`: the rows among which the headings may be. `rows_above`: how many of them are skipped.
    """

    encoding: str
    delimiter: str
    rows: int
    has_headings: bool
    columns: list[ColumnInfo]
    encoding_label: str = ""
    encodings: list[EncodingChoice] = made(default_factory=list)
    asks_encoding: bool = False
    rows_above: int = 0
    first_rows: list[list[str]] = made(default_factory=list)


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row of the file as it would be imported. A row with an `error` is left out. `bad`: indexes of wrong columns."""

    row: int
    cells: list[str]
    error: str
    warnings: list[str]
    bad: list[int]


@dataclass(frozen=True, slots=True)
class ColumnCheck:
    """How many cells of a mapped column are filled and how many are wrong, in the rows of the preview."""

    index: int
    filled: int
    invalid: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows, checked. `total`: rows in the file."""

    total: int
    checked: int
    importable: int
    columns: list[ColumnCheck]
    problems: list[PreviewRow]
    rows: list[PreviewRow]


@dataclass(frozen=True, slots=True)
class RejectedRow:
    row: int
    cells: list[str]
    reason: str
