"""Every SQL statement about campaigns."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.campaigns.schemas import VIEWS, CampaignQuery
from campaign_app.core.actor import Actor
from campaign_app.kit import pagination
from campaign_app.kit.pagination import Page, SortKey
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignActivity, CampaignCounter, CampaignStatus
from campaign_app.models.contact import AttributeDefinition, Contact
from campaign_app.models.user import User

_campaigns: sa.Table = Campaign.__table__  # type: ignore[attr-defined]
_total = sa.func.coalesce(CampaignCounter.total, 0)
_SORT: Mapping[str, Any] = {
    "updated": Campaign.updated_at,
    "created": Campaign.created_at,
    "name": sa.func.lower(Campaign.name, type_=sa.String()),
    "audience": _total,
}


async def move_status(
    session: AsyncSession, campaign: Campaign, current: CampaignStatus, changes: Mapping[str, Any]
) -> bool:
    """Change the status from `current`; False when the stored campaign is no longer in `current`."""
    return await _claim(session, campaign, _campaigns.c.status == current, changes)


async def save(session: AsyncSession, campaign: Campaign, version: int, changes: Mapping[str, Any]) -> bool:
    """Write changes; False when the stored campaign has another version or can no longer be edited."""
    condition = sa.and_(_campaigns.c.version == version, _campaigns.c.status == campaign.status)
    return await _claim(session, campaign, condition, {**changes, "version": version + 1})


async def _claim(
    session: AsyncSession, campaign: Campaign, condition: sa.ColumnElement[bool], changes: Mapping[str, Any]
) -> bool:
    await session.flush()
    claimed = await session.execute(
        sa.update(_campaigns)
        .where(_campaigns.c.id == campaign.id, _campaigns.c.deleted_at.is_(None), condition)
        .values(**changes)
        .returning(_campaigns.c.id)
    )
    if claimed.first() is None:
        return False
    for name, value in changes.items():
        set_committed_value(campaign, name, value)
    return True


async def get(session: AsyncSession, campaign_id: int) -> Campaign | None:
    """A campaign that is not deleted, read afresh."""
    statement = select(Campaign).where(Campaign.id == campaign_id, col(Campaign.deleted_at).is_(None))
    return (await session.exec(statement.execution_options(populate_existing=True))).first()


def _attention() -> sa.ColumnElement[bool]:
    """Failed, paused by the system, or with uncertain messages."""
    return sa.or_(
        col(Campaign.status) == CampaignStatus.FAILED,
        sa.and_(col(Campaign.status) == CampaignStatus.PAUSED, col(Campaign.status_reason) != ""),
        sa.func.coalesce(CampaignCounter.uncertain, 0) > 0,
    )


def _of_view(view: str, actor_id: int | None) -> sa.ColumnElement[bool]:
    condition: sa.ColumnElement[bool] = col(Campaign.status).in_(sorted(VIEWS.get(view, VIEWS["all"])))
    if view == "attention":
        condition = sa.and_(condition, _attention())
    if view == "mine":
        condition = sa.and_(condition, col(Campaign.owner_id) == actor_id)
    return condition


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _conditions(query: CampaignQuery, actor_id: int | None) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [col(Campaign.deleted_at).is_(None), _of_view(query.view, actor_id)]
    if query.status is not None:
        found.append(col(Campaign.status) == query.status)
    if query.owner is not None:
        found.append(col(Campaign.owner_id) == query.owner)
    for word in query.search.split()[:8]:
        pattern = f"%{_escape(word.lower())}%"
        either = (sa.func.lower(column).like(pattern, escape="\\") for column in (Campaign.name, Campaign.subject))
        found.append(sa.or_(*either))
    return found


def _joined(statement: Any) -> Any:
    return statement.select_from(Campaign).outerjoin(
        CampaignCounter, col(CampaignCounter.campaign_id) == col(Campaign.id)
    )


Line = tuple[Campaign, CampaignCounter | None, str]


async def page(session: AsyncSession, query: CampaignQuery, actor_id: int | None) -> Page[Line]:
    """One page of (campaign, its counters, owner's name) in the list's order."""
    keys = [SortKey(_SORT.get(query.sort, _SORT["updated"]), query.descending), SortKey(Campaign.id, query.descending)]
    statement = _joined(sa.select(Campaign, CampaignCounter, sa.func.coalesce(User.name, "")))
    statement = statement.outerjoin(User, col(User.id) == col(Campaign.owner_id)).where(*_conditions(query, actor_id))
    found = await pagination.page(session, statement, keys, cursor=query.cursor, limit=query.limit)
    return found.map(lambda row: row[:3]).counted(await count(session, query, actor_id))


async def of_ids(session: AsyncSession, ids: Sequence[int]) -> list[Line]:
    """(campaign, its counters, owner's name) of those not deleted, last changed first."""
    statement = _joined(sa.select(Campaign, CampaignCounter, sa.func.coalesce(User.name, "")))
    statement = statement.outerjoin(User, col(User.id) == col(Campaign.owner_id))
    chosen = statement.where(col(Campaign.id).in_(ids), col(Campaign.deleted_at).is_(None))
    rows = (await session.execute(chosen.order_by(col(Campaign.updated_at).desc()))).all()
    return [tuple(row) for row in rows]


async def count(session: AsyncSession, query: CampaignQuery, actor_id: int | None) -> int:
    """How many campaigns match a query."""
    statement = _joined(sa.select(sa.func.count())).where(*_conditions(query, actor_id))
    return int((await session.execute(statement)).scalar_one())


async def counts(session: AsyncSession, actor_id: int | None) -> dict[str, int]:
    """View → number of campaigns, in one query."""
    columns = [sa.func.count().filter(_of_view(view, actor_id)).label(view) for view in VIEWS]
    row = (await session.execute(_joined(sa.select(*columns)).where(col(Campaign.deleted_at).is_(None)))).one()
    return {view: int(number) for view, number in row._mapping.items()}


async def names_like(session: AsyncSession, start: str) -> set[str]:
    """Names of campaigns that begin with `start`."""
    pattern = f"{_escape(start)}%"
    statement = select(Campaign.name).where(
        col(Campaign.name).like(pattern, escape="\\"), col(Campaign.deleted_at).is_(None)
    )
    return set((await session.exec(statement)).all())


async def only_account(session: AsyncSession) -> int | None:
    """The id of the only active sending account; None when there are none or several."""
    statement = select(SendingAccount.id).where(
        col(SendingAccount.deleted_at).is_(None), col(SendingAccount.is_active).is_(True)
    )
    found = (await session.exec(statement.limit(2))).all()
    return found[0] if len(found) == 1 else None


async def provider_of(session: AsyncSession, account_id: int) -> str:
    """An account's provider, or "" when the account does not exist."""
    return (await session.exec(select(SendingAccount.provider).where(SendingAccount.id == account_id))).first() or ""


async def last_activity(session: AsyncSession, campaign_id: int) -> CampaignActivity | None:
    """The newest entry of a campaign's activity log."""
    statement = select(CampaignActivity).where(CampaignActivity.campaign_id == campaign_id)
    return (await session.exec(statement.order_by(col(CampaignActivity.id).desc()).limit(1))).first()


async def activity(session: AsyncSession, campaign_id: int, limit: int) -> Sequence[CampaignActivity]:
    """The newest entries of a campaign's activity log."""
    statement = select(CampaignActivity).where(CampaignActivity.campaign_id == campaign_id)
    return (await session.exec(statement.order_by(col(CampaignActivity.id).desc()).limit(limit))).all()


async def add_activity(
    session: AsyncSession, campaign_id: int, at: datetime, kind: str, actor: Actor, title: str, detail: str
) -> None:
    """Add an entry. The same edit by the same person within ten minutes is one entry."""
    last = await last_activity(session, campaign_id) if kind == "edit" else None
    same = last is not None and (last.kind, last.actor_name, last.title) == (kind, actor.name, title)
    if last is not None and same and at - last.at < timedelta(minutes=10):
        last.at, last.detail = at, detail
        session.add(last)
        return
    session.add(
        CampaignActivity(
            campaign_id=campaign_id,
            at=at,
            kind=kind,
            actor_name=actor.name,
            by_person=actor.user_id is not None,
            title=title[:255],
            detail=detail[:1000],
        )
    )


async def contact(session: AsyncSession, contact_id: int) -> Contact | None:
    return await session.get(Contact, contact_id)


async def attribute_keys(session: AsyncSession) -> set[str]:
    """Keys of the custom attributes that at least one contact has."""
    return set((await session.exec(select(AttributeDefinition.key))).all())
