"""SQL for a contact's address of one kind (e-mail, phone, …)."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from campaign_app.models.campaign import Campaign
from campaign_app.models.contact import EMAIL, PHONE, Contact, ContactAddress
from campaign_app.models.suppression import Suppression


def of_kind(kind: str) -> sa.SQLColumnExpression[str]:
    """The address, or "" when the contact has none of this kind. The first one without a scope counts."""
    if kind == EMAIL:
        return col(Contact.email)
    if kind == PHONE:
        return col(Contact.phone)
    first: Any = (
        sa.select(col(ContactAddress.value))
        .where(col(ContactAddress.contact_id) == Contact.id, col(ContactAddress.kind) == kind)
        .where(col(ContactAddress.scope) == "")
        .order_by(col(ContactAddress.id))
        .limit(1)
        .scalar_subquery()
    )
    return sa.func.coalesce(first, "")


def domain_of_kind(kind: str) -> sa.SQLColumnExpression[str]:
    """The domain by which recipients are counted: that of the mailbox, or "" for kinds without domains."""
    return col(Contact.domain) if kind == EMAIL else sa.literal("")


def is_suppressed(kind: Any, address: Any) -> sa.ColumnElement[bool]:
    """The condition that joins contacts with suppressions."""
    return sa.and_(col(Suppression.kind) == kind, col(Suppression.address) == address)


def kind_of_text(address: str) -> str:
    """The kind of an address that a person entered."""
    return EMAIL if "@" in address else PHONE


def kind_of_campaign(campaign_id: Any) -> Any:
    """A campaign's address kind, as a subquery."""
    return sa.select(col(Campaign.address_kind)).where(col(Campaign.id) == campaign_id).scalar_subquery()
