"""The media library: files that messages use."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from campaign_app.core.clock import now
from campaign_app.models.base import BIG, choice


class MediaKind(StrEnum):
    """What a file is to a person; limits of size go by it."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"

    @property
    def label(self) -> str:
        """As shown to people."""
        return self.value.capitalize()


class Media(SQLModel, table=True):
    """An uploaded file. Its bytes are in the media folder under `digest` (SHA-256, hexadecimal), each once.

    `token` is in the public address, which never changes. `width` and `height` are in pixels, of images only.
    """

    __table_args__ = (
        sa.Index("ix_media_created_at_id", "created_at", "id"),
        {"sqlite_autoincrement": True},  # a page that was left open must not mean another file by an old id
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
