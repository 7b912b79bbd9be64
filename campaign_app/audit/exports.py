"""What leaves the installation as a file, and its entry in the log."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audit import repository, service
from campaign_app.core import db
from campaign_app.core.actor import Actor

Count = Callable[[AsyncSession], Awaitable[int]]
NO_PEOPLE: Final = None  # the file holds figures, settings or texts, and nothing of single people


@dataclass(frozen=True, slots=True)
class Export:
    """A file in words for the log. `people` counts whom or what it holds, by the same filters as the file."""

    actor: Actor
    action: str
    object_type: str
    name: str
    people: Count | None
    object_id: object = ""
    filters: Mapping[str, Any] = field(default_factory=dict)


def of_log(actor: Actor, filters: Mapping[str, Any]) -> Export:
    """The log itself."""
    given = {"action": "", "object_type": "", "actor_id": None, "text": ""} | dict(filters)

    async def entries(session: AsyncSession) -> int:
        return await repository.count(session, repository.conditions(**given))

    return Export(actor, "audit.export", "audit", "Audit log as CSV", entries, filters=filters)


def of_anchor(actor: Actor) -> Export:
    """The signed end of the log."""
    return Export(actor, "audit.export_anchor", "audit", "Anchor of the audit log", NO_PEOPLE)


async def note(export: Export) -> None:
    """Write it to the log, before the file goes out. The caller has asked for the permission."""
    details: dict[str, Any] = {"filters": dict(export.filters)}
    if export.people is not None:
        async with db.reading() as session:
            details["count"] = await export.people(session)
    async with db.transaction() as session:
        await service.record(
            session, export.actor, export.action, export.object_type, export.object_id, export.name, **details
        )
