"""Checks and normalises a contact that a person entered: fields, address not yet taken, attribute keys."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import headings, identity, repository
from campaign_app.audience.errors import ContactExists
from campaign_app.audience.schemas import ContactInput
from campaign_app.core.errors import Invalid
from campaign_app.models.contact import AttributeDefinition
from campaign_app.workspace import service as workspace


def full_name(contact: Any) -> str:
    """First and last name. Without a name: the e-mail address, else the phone number."""
    return f"{contact.first_name} {contact.last_name}".strip() or contact.identity


async def cleaned(session: AsyncSession, data: ContactInput) -> dict[str, Any]:
    """The columns of a contact. Raises Invalid with one message per wrong field."""
    country = (await workspace.get(session)).default_country
    email, phone = identity.email(data.email), identity.phone(data.phone, country or "DE")
    wrong: dict[str, str] = {}
    if data.email.strip() and not email:
        wrong["email"] = identity.email_problem(data.email)
    if data.phone.strip() and not phone:
        wrong["phone"] = "This is not a phone number. Write it with its country code, such as +49 151 20001234."
    if not email and not phone and not wrong:
        wrong["email"] = "Enter an e-mail address or a phone number."
    zone = identity.time_zone(data.time_zone)
    if data.time_zone and not zone:
        wrong["time_zone"] = "This time zone does not exist. Enter one such as Europe/Berlin."
    language = identity.language(data.language)
    if data.language and not language:
        wrong["language"] = "Enter a language code such as de or pt-BR."
    if wrong:
        raise Invalid(next(iter(wrong.values())), wrong, title="The contact was not saved")
    return {
        "identity": email or phone,
        "email": email,
        "domain": email.partition("@")[2],
        "phone": phone,
        "first_name": " ".join(data.first_name.split()),
        "last_name": " ".join(data.last_name.split()),
        "company": " ".join(data.company.split()),
        "time_zone": zone,
        "language": language,
    }


async def must_be_free(session: AsyncSession, address: str, contact_id: int | None) -> None:
    """Raise ContactExists when another contact has the address."""
    other = await repository.contact_by_identity(session, address)
    if other is not None and other.id != contact_id:
        message = f"{full_name(other)} already has this address. Open that contact and edit it instead."
        raise ContactExists(message, {"email" if "@" in address else "phone": message}, title="This contact exists")


async def attributes(session: AsyncSession, given: Mapping[str, str], at: datetime) -> dict[str, str]:
    """Attributes by keys that templates can use. New attributes get a definition."""
    known = {label: key for key, label in (await definitions(session)).items()}
    keys = set(known.values())
    found: dict[str, str] = {}
    new: dict[str, str] = {}
    for name, value in given.items():
        label, text = name.strip()[:255], value.strip()[:2_000].replace("\x00", "")
        if not label or not text:
            continue
        key = label if label in keys else known.get(label, "")
        if not key:
            key = headings.attribute_key(label, keys, len(keys) + 1)
            keys.add(key)
            new[key] = label
        found[key] = text
    await repository.define_attributes(session, new, at)
    return found


async def definitions(session: AsyncSession) -> dict[str, str]:
    """Key → label of the custom attributes, sorted by label."""
    settled = col(AttributeDefinition.moving_to).is_(None)
    rows = await session.exec(select(AttributeDefinition).where(settled).order_by(AttributeDefinition.label))
    return {row.key: row.label for row in rows}
