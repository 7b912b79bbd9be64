"""Use cases of the audit log: write, search, prove."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audit import chain, repository
from campaign_app.core import clock, crypto
from campaign_app.core.actor import Actor
from campaign_app.kit.pagination import MAX_PAGE, Page, decode_cursor, encode_cursor
from campaign_app.models.audit import AuditEntry

_WAITING = "audit"
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Choices:
    """What the log can be filtered by."""

    actions: list[str]
    object_types: list[str]
    actors: list[tuple[int, str]]


async def record(
    session: AsyncSession,
    actor: Actor,
    action: str,
    object_type: str,
    object_id: object,
    object_name: str = "",
    **details: Any,
) -> None:
    """Note an act. It is written with the commit, so that no long transaction keeps others from the chain."""
    waiting: list[AuditEntry] | None = session.info.get(_WAITING)
    if waiting is None:
        waiting = session.info[_WAITING] = []
        event.listen(session.sync_session, "before_commit", _write)
    waiting.append(
        AuditEntry(
            at=clock.now(),
            actor_id=actor.user_id,
            actor_name=chain.clean_text(actor.name, 255),
            action=action,
            object_type=object_type,
            object_id=chain.clean_text(str(object_id), 64),
            object_name=chain.clean_text(object_name, 255),
            details=chain.clean(details),
            ip=actor.ip[:64],
            hash="",
        )
    )


def _write(session: Session) -> None:
    entries: list[AuditEntry] = session.info.get(_WAITING, [])
    if not entries:
        return
    session.info[_WAITING] = []
    repository.lock(session)
    head = repository.head(session)
    key = _key()
    for entry in entries:
        entry.previous_hash = head.value["hash"]
        entry.hash = chain.seal(key, entry)
        repository.append(session, entry, head)


async def search(
    session: AsyncSession,
    actor: Actor,
    *,
    action: str = "",
    object_type: str = "",
    actor_id: int | None = None,
    text: str = "",
    cursor: str = "",
    limit: int = 50,
) -> Page[AuditEntry]:
    """Entries newest first. An `action` ending in "." takes all that begin so."""
    actor.require("audit:read")
    limit = min(max(limit, 1), MAX_PAGE)
    _, last_id, backwards = decode_cursor(cursor) or (None, None, False)
    rows = await repository.newest(
        session,
        repository.conditions(action, object_type, actor_id, text),
        last_id=last_id,
        backwards=backwards,
        limit=limit + 1,
    )
    more = len(rows) > limit
    if more:
        rows = rows[1:] if backwards else rows[:limit]
    if not rows:
        return Page(rows)
    has_next, has_previous = (True, more) if backwards else (more, last_id is not None)
    return Page(
        rows,
        next_cursor=encode_cursor(None, rows[-1].id or 0) if has_next else None,
        previous_cursor=encode_cursor(None, rows[0].id or 0, backwards=True) if has_previous else None,
    )


async def export(
    session: AsyncSession,
    actor: Actor,
    *,
    action: str = "",
    object_type: str = "",
    actor_id: int | None = None,
    text: str = "",
) -> AsyncIterator[AuditEntry]:
    """Every entry that a search would find, newest first, read in batches."""
    actor.require("audit:read")
    conditions = repository.conditions(action, object_type, actor_id, text)
    last_id: int | None = None
    while rows := await repository.newest(session, conditions, last_id=last_id, backwards=False, limit=_BATCH):
        for entry in rows:
            yield entry
        last_id = rows[-1].id
        session.expunge_all()


async def choices(session: AsyncSession, actor: Actor) -> Choices:
    """Actions, kinds of objects and people that the log knows."""
    actor.require("audit:read")
    return Choices(
        actions=await repository.distinct(session, AuditEntry.action),
        object_types=await repository.distinct(session, AuditEntry.object_type),
        actors=await repository.actors(session),
    )


async def verify_chain(session: AsyncSession) -> list[int]:
    """Ids of the entries that do not fit: changed, put in, after a gap, or missing at the end."""
    key, previous, last_id = _key(), "", 0
    wrong: list[int] = []
    while rows := await repository.after(session, last_id, _BATCH):
        for entry in rows:
            if not chain.fits(key, entry, previous):
                wrong.append(entry.id or 0)
            previous, last_id = entry.hash, entry.id or 0
        session.expunge_all()
    head = await repository.stored_head(session)
    if head != {"id": last_id, "hash": previous} and last_id not in wrong:
        wrong.append(max(int(head.get("id", 0)), last_id))
    return wrong


def _key() -> bytes:
    return crypto.derive("audit chain")
