"""CSV imports."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from campaign_app.core.clock import now
from campaign_app.models.base import BIG, JSON, TEXT, choice


class ImportStatus(StrEnum):
    """draft → queued → running → completed | failed | cancelled."""

    DRAFT = "draft"
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ContactImport(SQLModel, table=True):
    """A file on disk and the result of its import.

    `encodings`: possible encodings, best first, when the encoding is not certain: {"codec", "label", "samples"}. Then
    `encoding_chosen` is False until a person has chosen. `rows_above`: rows before the headings, which are skipped.
    `mapping`: column index as text → field name, `attribute:<key>`, `tags`, or "" (leave out).
    `result`: the counters of contacts-messy.expected.json. `path` and `rejected_path` are relative to var_dir.
    `claim` names the run that may write; `checkpoint` is where the next run continues:
    {"rows": consumed, "rejected_bytes": length of the rejected file, "attempts": runs without progress}.
    """

    __tablename__ = "contact_import"

    id: int | None = Field(default=None, primary_key=True)
    filename: str = Field(max_length=255)
    path: str = Field(max_length=255)
    size_bytes: int = Field(default=0, sa_type=BIG)
    status: ImportStatus = Field(default=ImportStatus.DRAFT, sa_type=choice(ImportStatus))
    encoding: str = Field(default="", max_length=32)
    encodings: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=JSON, sa_column_kwargs={"server_default": "[]"}
    )
    encoding_chosen: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    rows_above: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    delimiter: str = Field(default="", max_length=4)
    mapping: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    country: str = Field(default="DE", max_length=2)
    list_id: int | None = None
    update_existing: bool = True
    rows_done: int = 0
    rows_total: int = 0
    result: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    checkpoint: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    claim: str = Field(default="", max_length=32)
    heartbeat_at: datetime | None = None
    rejected_path: str = Field(default="", max_length=255)
    error: str = Field(default="", sa_type=TEXT)
    created_by: int | None = None
    created_at: datetime = Field(default_factory=now)
    started_at: datetime | None = None
    finished_at: datetime | None = None
