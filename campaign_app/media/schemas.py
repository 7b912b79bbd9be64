"""What goes in and out of the media room."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from campaign_app.models.media import MediaKind

Sort = Literal["added", "name", "size"]


class MediaQuery(BaseModel):
    """Which files, in what order, which page. `search`: words that the name or the alternative text holds."""

    model_config = ConfigDict(frozen=True)

    search: str = Field(default="", max_length=200)
    kind: MediaKind | None = None
    sort: Sort = "added"
    descending: bool = True
    cursor: str = ""
    limit: int = 50


class MediaInput(BaseModel):
    """What people change: the name and what is read out in the place of an image."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    alt_text: str = Field(default="", max_length=500)


@dataclass(frozen=True, slots=True)
class MediaRow:
    """A file of the library. `address` is the public one; `width` and `height` are in pixels, of images only."""

    id: int
    name: str
    kind: MediaKind
    content_type: str
    size_bytes: int
    width: int | None
    height: int | None
    alt_text: str
    address: str
    version: int
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class Added:
    """An upload. `is_new`: these bytes were not in the library before."""

    media: MediaRow
    is_new: bool


@dataclass(frozen=True, slots=True)
class Use:
    """A message that refers to a file: `noun` is campaign or template."""

    noun: Literal["campaign", "template"]
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Space:
    """How much of the library is used, in bytes."""

    used: int
    limit: int
    files: int


@dataclass(frozen=True, slots=True)
class PublicFile:
    """What the public address gives."""

    path: Path
    name: str
    content_type: str
    kind: MediaKind
