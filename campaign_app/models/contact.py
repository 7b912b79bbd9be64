"""Contacts, lists, tags."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from campaign_app.core.clock import now
from campaign_app.models.base import BIG, JSON, big_id


class Contact(SQLModel, table=True):
    """A person. `identity` is the e-mail address (lower case, IDN domain in ASCII), else the phone in E.164."""

    __table_args__ = (
        sa.Index("ix_contact_updated_at_id", "updated_at", "id"),
        sa.Index("ix_contact_last_name_id", "last_name", "id"),
        sa.Index("ix_contact_company_id", "company", "id"),
        sa.Index("ix_contact_domain", "domain"),
    )

    id: int | None = big_id()
    identity: str = Field(max_length=254, unique=True)
    email: str = Field(default="", max_length=254)
    domain: str = Field(default="", max_length=255)
    phone: str = Field(default="", max_length=20)
    first_name: str = Field(default="", max_length=255)
    last_name: str = Field(default="", max_length=255)
    company: str = Field(default="", max_length=255)
    time_zone: str = Field(default="", max_length=64)
    language: str = Field(default="", max_length=16)
    attributes: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    created_at: datetime = Field(default_factory=now)
    updated_at: datetime = Field(default_factory=now)


class ContactList(SQLModel, table=True):
    """A named set of contacts that people keep by hand or by import. `members` is kept by the audience room."""

    __tablename__ = "contact_list"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=255, unique=True)
    description: str = Field(default="", max_length=1000)
    members: int = 0
    created_at: datetime = Field(default_factory=now)


class ListMember(SQLModel, table=True):
    """A contact in a list."""

    __tablename__ = "list_member"

    list_id: int = Field(foreign_key="contact_list.id", primary_key=True, ondelete="CASCADE")
    contact_id: int = Field(
        sa_type=BIG,
        foreign_key="contact.id",
        primary_key=True,
        ondelete="CASCADE",
        index=True,
    )


class Tag(SQLModel, table=True):
    """A label for contacts."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=64, unique=True)


class ContactTag(SQLModel, table=True):
    """A contact with a tag."""

    __tablename__ = "contact_tag"

    tag_id: int = Field(foreign_key="tag.id", primary_key=True, ondelete="CASCADE")
    contact_id: int = Field(
        sa_type=BIG,
        foreign_key="contact.id",
        primary_key=True,
        ondelete="CASCADE",
        index=True,
    )


class AttributeDefinition(SQLModel, table=True):
    """A custom attribute that some contact has: its key in templates and the heading it came from."""

    __tablename__ = "attribute_definition"

    key: str = Field(primary_key=True, max_length=64)
    label: str = Field(max_length=255)
    created_at: datetime = Field(default_factory=now)
