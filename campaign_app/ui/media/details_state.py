"""One file: its details, the messages that use it, its name and alternative text."""

from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.media import service
from campaign_app.media.schemas import MediaRow, Use
from campaign_app.ui import routes
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.ids import to_id
from campaign_app.ui.kit.dialogs_state import Dialog
from campaign_app.ui.kit.forms_state import Field, Form, FormDialog
from campaign_app.ui.media.library_state import MediaLibrary, MediaLine, line_of
from campaign_app.workspace import service as workspace


@dataclass
class UseLine:
    """A message that uses the file."""

    noun: str
    name: str
    href: str


_NOTHING = MediaLine(0, "", "", False, "", "", "", "", "", "", "")


class MediaDetails(Dialog, AppState):
    """The dialog of one file."""

    file: MediaLine = _NOTHING
    address: str = ""
    uses: list[UseLine] = []

    @rx.event
    async def open(self, media_id: int) -> None:
        """Show a file."""
        actor = await self.require("media:read")
        async with db.reading() as session:
            row = await service.get(session, actor, media_id)
            found = await service.uses(session, actor, media_id)
            zone = await workspace.zone_of(session, actor)
        self.file, self.address = line_of(row, zone), row.address
        self.uses = [_use_line(use) for use in found]
        self._open(media_id, row.name)


class MediaForm(FormDialog, AppState):
    """Name and alternative text. Addresses in messages stay valid."""

    form: ClassVar[Form] = Form(
        "media",
        "media:write",
        (
            Field("name", "Name"),
            Field(
                "alt_text",
                "Alternative text",
                hint="Read out in place of the image, and shown where images are off",
                optional=True,
            ),
        ),
    )
    _version: int = 0

    async def _start(self, actor: Actor, key: str) -> dict[str, str]:
        async with db.reading() as session:
            row = await service.get(session, actor, to_id(key, "file"))
        self.subject, self._version = row.name, row.version
        return {"name": row.name, "alt_text": row.alt_text}

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> MediaRow:
        return await service.update(session, actor, to_id(self.key, "file"), self._version, given)

    async def _saved(self, actor: Actor, saved: MediaRow) -> Any:  # noqa: ARG002
        await (await self.get_state(MediaLibrary))._read()
        return notify_success(f"{saved.name} saved")


def _use_line(use: Use) -> UseLine:
    builders = {"campaign": routes.campaign, "template": routes.template}
    return UseLine(use.noun.capitalize(), use.name, builders[use.noun](use.id))
