"""The log entry of each file that is exported."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audit import repository, service
from campaign_app.core import db
from campaign_app.core.actor import Actor

Count = Callable[[AsyncSession], Awaitable[int]]
NO_PEOPLE: Final = None  # the file holds figures, settings or texts, no data of single people


@dataclass(frozen=True, slots=True)
class Export:
    """An exported file as the log describes it. `people` counts what it holds, by the same filters as the file."""

    actor: Actor
    action: str
    object_type: str
    name: str
    people: Count | None
    object_id: object = ""
    filters: Mapping[str, Any] = field(default_factory=dict)


def of_log(actor: Actor, filters: Mapping[str, Any]) -> Export:
    """An export of the log."""
    given = {"action": "", "object_type": "", "actor_id": None, "text": ""} | dict(filters)

    async def entries(session: AsyncSession) -> int:
        return await repository.count(session, repository.conditions(**given))

    return Export(actor, "audit.export", "audit", "Audit log as CSV", entries, filters=filters)


def of_anchor(actor: Actor) -> Export:
    """An export of the signed end of the log."""
    return Export(actor, "audit.export_anchor", "audit", "Anchor of the audit log", NO_PEOPLE)


async def note(export: Export) -> None:
    """Record the export before the file is sent. The caller has checked the permission."""
    details: dict[str, Any] = {"filters": dict(export.filters)}
    if export.people is not None:
        async with db.reading() as session:
            details["count"] = await export.people(session)
    async with db.transaction() as session:
        await service.record(
            session, export.actor, export.action, export.object_type, export.object_id, export.name, **details
        )
