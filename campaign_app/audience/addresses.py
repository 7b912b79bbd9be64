"""The address of a kind that a contact has, as SQL. Pure."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from campaign_app.models.campaign import Campaign
from campaign_app.models.contact import EMAIL, PHONE, Contact, ContactAddress
from campaign_app.models.suppression import Suppression


def of_kind(kind: str) -> sa.ColumnElement[str]:
    """The address, "" where a contact has none of this kind. Of several that hold everywhere the first counts."""
    if kind == EMAIL:
        return col(Contact.email)  # type: ignore[return-value]
    if kind == PHONE:
        return col(Contact.phone)  # type: ignore[return-value]
    first: Any = (
        sa.select(col(ContactAddress.value))
        .where(col(ContactAddress.contact_id) == Contact.id, col(ContactAddress.kind) == kind)
        .where(col(ContactAddress.scope) == "")
        .order_by(col(ContactAddress.id))
        .limit(1)
        .scalar_subquery()
    )
    return sa.func.coalesce(first, "")


def domain_of_kind(kind: str) -> sa.ColumnElement[str]:
    """What receivers are counted by: the mailbox domain; "" for kinds without."""
    return col(Contact.domain) if kind == EMAIL else sa.literal("")  # type: ignore[return-value]


def is_suppressed(kind: Any, address: Any) -> sa.ColumnElement[bool]:
    """Condition for a join with suppressions."""
    return sa.and_(col(Suppression.kind) == kind, col(Suppression.address) == address)


def kind_of_text(address: str) -> str:
    """Of an address that a person entered."""
    return EMAIL if "@" in address else PHONE


def kind_of_campaign(campaign_id: Any) -> Any:
    """A campaign's kind, as a subquery."""
    return sa.select(col(Campaign.address_kind)).where(col(Campaign.id) == campaign_id).scalar_subquery()
