"""Contacts, lists, tags."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from campaign_app.core.clock import now
from campaign_app.kit.folding import sort_key
from campaign_app.models.base import BIG, JSON, big_id

EMAIL, PHONE = "email", "phone"
"""Kinds of address with a column of their own. Other kinds are rows of `contact_address`."""

_SORTED = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")


def _sorted_column() -> Any:
    return Field(default="", max_length=255, sa_type=_SORTED, sa_column_kwargs={"server_default": ""})


class Contact(SQLModel, table=True):
    """A person. `identity` is the e-mail address (lower case, IDN domain in ASCII), else the phone in E.164.

    `sort_name` and `sort_company` are made from the names (kit.folding); lists sort and search by them.
    Ids are never reused, because the ledger keeps the ids of deleted contacts.
    """

    __table_args__ = (
        sa.Index("ix_contact_updated_at_id", "updated_at", "id"),
        sa.Index("ix_contact_sort_name_id", "sort_name", "id"),
        sa.Index("ix_contact_sort_company_id", "sort_company", "id"),
        {"sqlite_autoincrement": True},
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
    sort_name: str = _sorted_column()
    sort_company: str = _sorted_column()
    source_import_id: int | None = None
    created_at: datetime = Field(default_factory=now)
    updated_at: datetime = Field(default_factory=now)


@sa.event.listens_for(Contact, "before_insert")
@sa.event.listens_for(Contact, "before_update")
def _keep_sort_keys(_mapper: Any, _connection: Any, contact: Contact) -> None:
    contact.sort_name = sort_key(contact.last_name, contact.first_name) or sort_key(contact.identity)
    contact.sort_company = sort_key(contact.company)


class ContactAddress(SQLModel, table=True):
    """An identity of a contact without a column of its own: an account name, a gateway's id, another spelling.

    `scope`: the account or workspace at the provider in which it is valid, "" for everywhere.
    """

    __tablename__ = "contact_address"
    __table_args__ = (
        sa.UniqueConstraint("kind", "scope", "value"),
        sa.Index("ix_contact_address_contact_id_kind", "contact_id", "kind"),
    )

    id: int | None = big_id()
    contact_id: int = Field(sa_type=BIG, foreign_key="contact.id", ondelete="CASCADE")
    kind: str = Field(max_length=32)
    scope: str = Field(default="", max_length=64)
    value: str = Field(max_length=254)


class ContactList(SQLModel, table=True):
    """A named set of contacts, filled by hand or by import. `members` is kept up to date by the audience room."""

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
    """A label for contacts. `members` is kept up to date by the audience room."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=64, unique=True)
    members: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


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
    """A custom attribute of contacts: its key in templates and its name for people.

    `moving_to`: set while the attribute is merged into the attribute with that key, or deleted ("").
    """

    __tablename__ = "attribute_definition"

    key: str = Field(primary_key=True, max_length=64)
    label: str = Field(max_length=255)
    moving_to: str | None = Field(default=None, max_length=64)
    created_at: datetime = Field(default_factory=now)
