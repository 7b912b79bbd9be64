"""Use cases of the audit log: write, search, verify."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audit import anchors, chain, repository
from campaign_app.audit.anchors import Anchor
from campaign_app.core import clock, crypto, logging
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Conflict
from campaign_app.kit.pagination import Page
from campaign_app.models.audit import AuditEntry

_WAITING = "audit"
_BATCH = 1_000
log = logging.get("audit")


class Fault(StrEnum):
    """Faults of the chain as a whole."""

    END = "end"  # the newest entry is not the one in the head
    HEAD = "head"  # the head is missing or not signed with our key
    COUNT = "count"  # the number of entries differs from the head
    EMPTY = "empty"  # users exist, but no entry
    ANCHOR = "anchor"  # an anchored entry is missing or was replaced
    BROKEN = "broken"  # entries were written after one of these faults


@dataclass(frozen=True, slots=True)
class Proof:
    """Ids of entries that do not fit (changed, inserted, after a gap), faults of the whole, and the end as found."""

    wrong: list[int]
    faults: list[str]
    anchor: Anchor

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong and not self.faults


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
    """Record an action. It is written at the commit, so that a long transaction does not block the chain for others."""
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
    key, head_key = _key(), _head_key()
    head, last = repository.head(session), repository.last(session)
    broken = _end_fault(head_key, head, last) != "" or (not head and not _begins(session, entries))
    count, (last_id, last_hash) = int(head.get("count") or 0), last
    previous = str(head.get("hash") or "") if head else last_hash
    for entry in entries:
        entry.previous_hash = previous
        entry.hash = previous = chain.seal(key, entry)
        last_id, count = repository.append(session, entry), count + 1
    repository.keep_head(session, chain.head(head_key, last_id, previous, count, broken=broken))


def _begins(session: Session, entries: Sequence[AuditEntry]) -> bool:
    """Whether the log may begin with these entries: every existing user is created by them."""
    return repository.people(session) <= sum(entry.action == "user.create" for entry in entries)


def _end_fault(key: bytes, head: Mapping[str, Any], last: tuple[int, str]) -> str:
    """The fault at the end of the chain, or ""."""
    if not head:
        return Fault.HEAD if last[0] else ""
    if not chain.head_fits(key, head):
        return Fault.HEAD
    if head["broken"]:
        return Fault.BROKEN
    return "" if (head["id"], head["hash"]) == last else Fault.END


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
    """Entries, newest first. An `action` that ends in "." matches all actions with this beginning."""
    actor.require("audit:read")
    return await repository.page(session, repository.conditions(action, object_type, actor_id, text), cursor, limit)


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
    async for entries in repository.newest_first(session, conditions, _BATCH):
        for entry in entries:
            yield entry


async def choices(session: AsyncSession, actor: Actor) -> Choices:
    """Actions, kinds of objects and people in the log."""
    actor.require("audit:read")
    return Choices(
        actions=await repository.distinct(session, AuditEntry.action),
        object_types=await repository.distinct(session, AuditEntry.object_type),
        actors=await repository.actors(session),
    )


async def prove(session: AsyncSession, more: Sequence[Anchor] = ()) -> Proof:
    """Read the whole chain and compare it with its head, this host's anchors and the anchors in `more`."""
    head, last = await repository.stored_head(session), await repository.stored_last(session)
    expected = {(anchor.id, anchor.hash, anchor.count) for anchor in (*anchors.kept(), *more) if anchor.id}
    key, previous, last_id, count = _key(), "", 0, 0
    wrong: list[int] = []
    async for entries in repository.in_order(session, _BATCH):
        for entry in entries:
            if not chain.fits(key, entry, previous):
                wrong.append(entry.id or 0)
            previous, last_id, count = entry.hash, entry.id or 0, count + 1
            expected.discard((last_id, previous, count))
    faults: list[str] = [Fault.ANCHOR] if expected else []
    if end := await _end(session, head, last, count):
        faults.append(end)
        if end in (Fault.END, Fault.HEAD) and last_id not in wrong:
            wrong.append(max(int(head.get("id") or 0), last_id))
    anchor = Anchor(clock.now(), count, last_id, previous)
    return Proof(wrong, faults, anchor)


async def _end(session: AsyncSession, head: Mapping[str, Any], last: tuple[int, str], count: int | None) -> str:
    if fault := _end_fault(_head_key(), head, last):
        return fault
    if not head and await repository.any_user(session):
        return Fault.EMPTY
    return Fault.COUNT if head and count is not None and head["count"] != count else ""


async def glance(session: AsyncSession) -> Proof:
    """Like `prove`, but reads only the head, the last entry and the anchored entries: fast enough for every hour."""
    head, last = await repository.stored_head(session), await repository.stored_last(session)
    known = {anchor.id: anchor.hash for anchor in anchors.kept() if anchor.id}
    faults: list[str] = [Fault.ANCHOR] if await repository.hashes(session, list(known)) != known else []
    if end := await _end(session, head, last, None):
        faults.append(end)
    return Proof([], faults, Anchor(clock.now(), int(head.get("count") or 0), *last))


def keep_anchor(proof: Proof) -> None:
    """Write an anchor to this process's log and this host's file; log an error instead if the chain is not whole."""
    if proof.is_whole:
        anchors.keep(proof.anchor)
    else:
        log.error("the audit log was changed", faults=[*proof.faults], entries=proof.wrong[:20])


async def anchor_text(session: AsyncSession, actor: Actor) -> str:
    """The current end of the chain as an anchor to keep elsewhere.

    Raises:
        Conflict: the end does not fit, so an anchor would confirm a wrong state.
    """
    actor.require("audit:read")
    found = await glance(session)
    if not found.is_whole:
        raise Conflict("The audit log was changed. Its page says what is wrong.", title="No anchor")
    return found.anchor.text()


def _key() -> bytes:
    return crypto.derive("audit chain")


def _head_key() -> bytes:
    return crypto.derive("audit head")
