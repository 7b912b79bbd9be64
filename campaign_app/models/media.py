"""The media library: files that messages use."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from campaign_app.core.clock import now
from campaign_app.models.base import BIG, choice


class MediaKind(StrEnum):
    """Kind of a file. The size limits depend on it."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"

    @property
    def label(self) -> str:
        """Text for people."""
        return self.value.capitalize()


class Media(SQLModel, table=True):
    """An uploaded file. Its bytes are in the media folder, named by `digest` (SHA-256, hexadecimal) and stored once.

    `token` is part of the public address, which never changes. `width` and `height` (pixels) are set for images only.
    """

    __table_args__ = (
        sa.Index("ix_media_created_at_id", "created_at", "id"),
        {"sqlite_autoincrement": True},  # ids are not reused: an open page may still show an old id
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=255)
    kind: MediaKind = Field(sa_type=choice(MediaKind))
    content_type: str = Field(max_length=64)
    digest: str = Field(max_length=64, unique=True)
    token: str = Field(max_length=32, unique=True)
    size_bytes: int = Field(sa_type=BIG)
    width: int | None = None
    height: int | None = None
    alt_text: str = Field(default="", max_length=500)
    version: int = 1
    created_by: int | None = None
    created_at: datetime = Field(default_factory=now)
    updated_at: datetime = Field(default_factory=now)
