"""Inputs and results of the media room."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from campaign_app.models.media import MediaKind

Sort = Literal["added", "name", "size"]


class MediaQuery(BaseModel):
    """Filters, order and page of the library. `search`: words in the name or the alternative text."""

    model_config = ConfigDict(frozen=True)

    search: str = Field(default="", max_length=200)
    kind: MediaKind | None = None
    sort: Sort = "added"
    descending: bool = True
    cursor: str = ""
    limit: int = 50


class MediaInput(BaseModel):
    """What people can change: the name, and the alternative text that is read out for an image."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    alt_text: str = Field(default="", max_length=500)


@dataclass(frozen=True, slots=True)
class MediaRow:
    """A file of the library. `address`: the public one. `width` and `height`: in pixels, of images only."""

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
    """The result of an upload. `is_new`: these bytes were not in the library before."""

    media: MediaRow
    is_new: bool


@dataclass(frozen=True, slots=True)
class Use:
    """A message that uses a file. `noun`: campaign or template."""

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
    """What the public address of a file returns."""

    path: Path
    name: str
    content_type: str
    kind: MediaKind
