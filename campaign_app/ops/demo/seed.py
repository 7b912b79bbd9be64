"""Demo data for `./campaign up --demo`. Written once; later starts only update the port of the sandbox's account."""

import random
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import segment_service
from campaign_app.audience.schemas import SegmentInput
from campaign_app.auth import service as auth
from campaign_app.auth.permissions import actor_of
from campaign_app.auth.schemas import NewUser
from campaign_app.campaigns import service as campaigns
from campaign_app.campaigns import templates_service
from campaign_app.core import clock
from campaign_app.core.actor import SYSTEM, Actor
from campaign_app.media import service as library
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import CampaignStatus
from campaign_app.models.contact import AttributeDefinition, Contact, ContactList, ListMember
from campaign_app.models.setting import Setting
from campaign_app.models.suppression import Suppression, SuppressionReason
from campaign_app.models.template import Template
from campaign_app.models.user import Role, User
from campaign_app.ops.demo import history, images, people
from campaign_app.ops.demo.rehearsal import insert_many, sandbox_account
from campaign_app.ops.demo.stories import STORIES
from campaign_app.workspace import service as workspace

KEY = "demo"
CONTACTS = 10_000
PEOPLE = (
    ("Olga Brandt", "owner@beacon.example", Role.OWNER),
    ("Ada Lindqvist", "admin@beacon.example", Role.ADMIN),
    ("Marco Rossi", "manager@beacon.example", Role.MANAGER),
    ("Ines Keller", "marketer@beacon.example", Role.MARKETER),
    ("Vik Shah", "viewer@beacon.example", Role.VIEWER),
)
LISTS = (
    ("Newsletter", "Signed up on the website", 0.62),
    ("Customers", "Bought something in the last two years", 0.31),
    ("Event guests", "Came to one of our evenings", 0.11),
)
SEGMENTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("German speakers", "Language is German", {"field": "language", "op": "is", "value": "de"}),
    (
        "Business customers in Berlin or London",
        "For the evening events",
        {
            "op": "and",
            "rules": [
                {"field": "attribute:plan", "op": "is", "value": "business"},
                {
                    "op": "or",
                    "rules": [
                        {"field": "attribute:city", "op": "is", "value": "Berlin"},
                        {"field": "attribute:city", "op": "is", "value": "London"},
                    ],
                },
            ],
        },
    ),
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A demo user's sign-in. The password is known only when it has just been generated."""

    name: str
    email: str
    role: str
    password: str


async def is_seeded(session: AsyncSession) -> bool:
    """Whether the demo data exists."""
    return await session.get(Setting, KEY) is not None


async def seed(session: AsyncSession, smtp_port: int) -> list[Credentials]:
    """Write all demo data in one transaction; returns the new sign-ins."""
    made = await _users(session)
    await workspace.update(
        session,
        SYSTEM,
        company=people.COMPANY,
        postal_address=people.POSTAL_ADDRESS,
        time_zone="Europe/Berlin",
        default_country="DE",
    )
    await templates_service.ensure_built_in(session)
    account = await sandbox_account(session, smtp_port)
    await _audience(session)
    owner, marketer = await _user(session, Role.OWNER), await _user(session, Role.MARKETER)
    for number, story in enumerate(STORIES):
        await history.write(session, story, account, marketer if number % 2 else owner)
    await _open_campaigns(session, account, marketer)
    session.add(Setting(key=KEY, value={"version": 1, "account_id": account.id}))
    return made


async def keep_port(session: AsyncSession, smtp_port: int) -> None:
    """Update the account's port: the sandbox may listen on another one than at the last start."""
    setting = await session.get(Setting, KEY)
    account = await session.get(SendingAccount, setting.value.get("account_id")) if setting else None
    if account is None:
        return
    known = account.settings
    if known["host"] == "127.0.0.1" and known["port"] != smtp_port:
        account.settings = {**known, "port": smtp_port}
        session.add(account)


async def _users(session: AsyncSession) -> list[Credentials]:
    made = []
    for name, email, role in PEOPLE:
        if (await session.exec(select(User.id).where(User.email == email))).first() is not None:
            continue
        password = secrets.token_urlsafe(12)
        if role is Role.OWNER and not await auth.has_users(session):
            await auth.create_owner(session, email, name, password, "Europe/Berlin")
        else:
            new = NewUser(email=email, name=name, role=role, password=password, time_zone="Europe/Berlin")
            await auth.create_user(session, SYSTEM, new)
        made.append(Credentials(name, email, role.value, password))
    return made


async def _user(session: AsyncSession, role: Role) -> User:
    email = next(address for _, address, its in PEOPLE if its is role)
    return (await session.exec(select(User).where(User.email == email))).one()


async def _audience(session: AsyncSession) -> None:
    """Create contacts, lists, segments and some addresses suppressed by hand."""
    at = clock.now()
    known = set((await session.exec(select(Contact.identity))).all())
    fresh = (row for row in people.rows(CONTACTS, at) if row["identity"] not in known)
    await insert_many(session, Contact, fresh)
    for key, label in (("plan", "Plan"), ("city", "City")):
        if await session.get(AttributeDefinition, key) is None:
            session.add(AttributeDefinition(key=key, label=label))
    domains = [col(Contact.domain).in_(people.DOMAINS)]
    ids = [
        int(found or 0) for found in (await session.exec(select(Contact.id).where(*domains).order_by(col(Contact.id))))
    ]
    chance = random.Random(3)
    for name, description, share in LISTS:
        await _list(session, name, description, [found for found in ids if chance.random() < share])
    for name, description, rules in SEGMENTS:
        await segment_service.create(session, SYSTEM, SegmentInput(name=name, description=description, rules=rules))
    addresses = (await session.exec(select(Contact.email).where(col(Contact.id).in_(ids[100:1_300:100])))).all()
    rows = (_by_hand(address, at - timedelta(days=80)) for address in addresses)
    await insert_many(session, Suppression, rows)


def _by_hand(address: str, at: Any) -> dict[str, Any]:
    note = "Asked by telephone not to be written to"
    return {"address": address, "reason": SuppressionReason.MANUAL, "note": note, "created_at": at}


async def _list(session: AsyncSession, name: str, description: str, ids: Iterable[int]) -> None:
    made = ContactList(name=name, description=description)
    session.add(made)
    await session.flush()
    made.members = await insert_many(session, ListMember, ({"list_id": made.id, "contact_id": each} for each in ids))
    session.add(made)


async def _open_campaigns(session: AsyncSession, account: SendingAccount, marketer: User) -> None:
    """Create a campaign ready to launch, a scheduled one and an unfinished one."""
    actor = actor_of(marketer)
    lists = {each.name: each.id for each in (await session.exec(select(ContactList))).all()}
    offer = await _content(session, "Offer")
    ready = {"account_id": account.id, "rate_per_minute": 600, "step_reached": 5}
    await campaigns.create(
        session, actor, "November restock offer", **offer, **ready, audience={"lists": [lists["Customers"]]}
    )
    later = (clock.now() + timedelta(days=5)).replace(hour=9, minute=0, second=0, microsecond=0)
    invitation = await campaigns.create(
        session,
        actor,
        "Invitation: winter evening",
        **await _content(session, "Event invitation"),
        **ready,
        audience={"lists": [lists["Event guests"]]},
        send_at=later,
    )
    invitation.status = CampaignStatus.SCHEDULED
    session.add(invitation)
    welcome = await _content(session, "Welcome")
    welcome["html"] = f"{await _images(session, actor)}{welcome['html']}"
    await campaigns.create(session, actor, "Welcome to new customers", **welcome)


async def _images(session: AsyncSession, actor: Actor) -> str:
    """Fill the media library; returns one of its images as HTML."""
    shown = ""
    for name, (alt_text, *_) in images.SEASONS.items():
        media = (await library.add(session, actor, name, images.image(name))).media
        await library.update(session, actor, media.id, media.version, {"name": name, "alt_text": alt_text})
        shown = f'<p><img src="{media.address}" alt="{alt_text}" width="{media.width}"></p>\n'
    return shown


async def _content(session: AsyncSession, name: str) -> dict[str, Any]:
    template = (await session.exec(select(Template).where(Template.name == name))).one()
    return {
        "subject": template.subject,
        "preheader": template.preheader,
        "editor": template.editor,
        "html": people.in_our_words(template.html),
        "text": people.in_our_words(template.text),
    }


async def summary(session: AsyncSession) -> dict[str, int]:
    """Number of rows by kind, for tests that seed twice."""
    found = {}
    for kind in (User, Contact, ContactList, Template, Suppression):
        found[kind.__name__] = int((await session.execute(sa.select(sa.func.count()).select_from(kind))).scalar_one())
    return found
