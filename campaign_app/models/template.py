"""The library of message templates."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from campaign_app.core.clock import now
from campaign_app.models.base import TEXT, choice


class Editor(StrEnum):
    """The editor in which a message was last written. The content is HTML with Jinja2 variables in every case."""

    TEXT = "text"
    HTML = "html"


class Template(SQLModel, table=True):
    """A reusable message. `built_in` ones come with the product and are copied, not edited."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=255, unique=True)
    category: str = Field(default="", max_length=64)
    description: str = Field(default="", max_length=500)
    subject: str = Field(default="", max_length=998)
    preheader: str = Field(default="", max_length=255)
    editor: Editor = Field(default=Editor.TEXT, sa_type=choice(Editor))
    html: str = Field(default="", sa_type=TEXT)
    text: str = Field(default="", sa_type=TEXT)
    built_in: bool = False
    version: int = 1
    created_by: int | None = None
    created_at: datetime = Field(default_factory=now)
    updated_at: datetime = Field(default_factory=now)
    deleted_at: datetime | None = None
