"""Use cases of the media library. A file never changes. A changed image is another file with another address."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audit import service as audit
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.core.config import settings
from campaign_app.core.errors import Invalid
from campaign_app.kit.bulk import ItemResult, each
from campaign_app.kit.pagination import Page
from campaign_app.media import files, names, repository, types
from campaign_app.media.errors import LibraryFull, MediaChanged, MediaInUse, MediaNotFound
from campaign_app.media.schemas import Added, MediaInput, MediaQuery, MediaRow, PublicFile, Space, Use
from campaign_app.models.media import Media
from campaign_app.workspace import address
from campaign_app.workspace import service as workspace

PREFIX: Final = "/media/"
"""Public addresses consist of PREFIX, the file's token, a slash and its name."""


async def search(session: AsyncSession, actor: Actor, query: MediaQuery) -> Page[MediaRow]:
    """A page of the library."""
    actor.require("media:read")
    base = await _base(session)
    return (await repository.page(session, query)).map(lambda row: _row(row[0], row[1], base))


async def get(session: AsyncSession, actor: Actor, media_id: int) -> MediaRow:
    """One file.

    Raises:
        MediaNotFound: it does not exist.
    """
    actor.require("media:read")
    media, person = await _known(session, media_id)
    return _row(media, person, await _base(session))


async def uses(session: AsyncSession, actor: Actor, media_id: int) -> Sequence[Use]:
    """Campaigns and templates whose message uses the file."""
    actor.require("media:read")
    media, _ = await _known(session, media_id)
    return await repository.uses(session, media.token)


async def space(session: AsyncSession, actor: Actor) -> Space:
    """How much of the library is used."""
    actor.require("media:read")
    return await repository.space(session, _limit())


async def add(session: AsyncSession, actor: Actor, filename: str, stream: AsyncIterator[bytes]) -> Added:
    """Store an upload while it arrives. If the library already has the same bytes, return that file.

    The type is found by the content. Bytes after the end of an image are cut off.

    Raises:
        MediaRefused: the type is not accepted, the file is damaged or too large. LibraryFull. No file is kept.
    """
    actor.require("media:write")
    values = await _stored(session, await files.receive(stream))
    found = types.BY_CONTENT_TYPE[values["content_type"]]
    row = Media(**values, name=names.clean(filename, found), token=secrets.token_urlsafe(16), created_by=actor.user_id)
    is_new = await repository.insert(session, row.model_dump(exclude={"id"}))
    media = await repository.by_digest(session, row.digest)
    assert media is not None
    if is_new:
        details = {"type": media.content_type, "size": media.size_bytes}
        await audit.record(session, actor, "media.upload", "media", media.id, media.name, **details)
    return Added(await get(session, actor, media.id or 0), is_new)


async def _stored(session: AsyncSession, draft: files.Draft) -> dict[str, Any]:
    """Move the bytes to their place; return the columns of the row. Bytes without a row are deleted later."""
    try:
        found, extent = await asyncio.to_thread(types.examine, draft.path)
        digest = await asyncio.to_thread(files.cut_and_hash, draft, extent.length)
        if await repository.by_digest(session, digest) is None:
            await _must_have_room(session, extent.length)
        await asyncio.to_thread(files.keep, draft, digest)
    finally:
        draft.path.unlink(missing_ok=True)
    return {
        "kind": found.kind,
        "content_type": found.content_type,
        "digest": digest,
        "size_bytes": extent.length,
        "width": extent.width,
        "height": extent.height,
    }


async def update(
    session: AsyncSession, actor: Actor, media_id: int, version: int, fields: MediaInput | dict[str, Any]
) -> MediaRow:
    """Change the name and the alternative text. Addresses in messages keep working.

    Raises:
        MediaChanged: someone else saved it after it was loaded. Invalid: a field is wrong. MediaNotFound.
    """
    actor.require("media:write")
    given = _read(fields)
    media, _ = await _known(session, media_id)
    after = {"name": names.clean(given.name, types.BY_CONTENT_TYPE[media.content_type]), "alt_text": given.alt_text}
    changed = {key: {"from": getattr(media, key), "to": value} for key, value in after.items()}
    changed = {key: both for key, both in changed.items() if both["from"] != both["to"]}
    if not await repository.save(session, media_id, version, {**after, "updated_at": now()}):
        raise MediaChanged(
            f"“{media.name}” was saved by someone else while you edited it. Your changes were not saved. "
            "Reload to see the saved version, then repeat your changes.",
            title="Changed by someone else",
        )
    if changed:
        await audit.record(session, actor, "media.update", "media", media_id, after["name"], **changed)
    return await get(session, actor, media_id)


async def delete(session: AsyncSession, actor: Actor, media_id: int) -> None:
    """Remove a file from the library. Its address stops working.

    Raises:
        MediaInUse: a campaign or template uses it. MediaNotFound.
    """
    actor.require("media:write")
    media, _ = await _known(session, media_id)
    if found := await repository.uses(session, media.token):
        shown = ", ".join(f"{use.noun} “{use.name}”" for use in found[:3])
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise MediaInUse(f"“{media.name}” is used in {shown}{more}. Remove it there first.", title="File in use")
    await repository.remove(session, media_id)
    await audit.record(session, actor, "media.delete", "media", media_id, media.name)


async def delete_many(session: AsyncSession, actor: Actor, ids: Sequence[int]) -> list[ItemResult]:
    """Take files out of the library; those in use stay."""
    actor.require("media:write")

    async def name_of(media_id: int) -> str:
        found = await repository.get(session, media_id)
        return found[0].name if found else f"File {media_id}"

    return await each(session, ids, name_of, lambda media_id: delete(session, actor, media_id))


async def published(session: AsyncSession, token: str) -> PublicFile | None:
    """The file behind the public address with this token, for anybody; None when there is none."""
    media = await repository.by_token(session, token)
    if media is None:
        return None
    return PublicFile(files.path_of(media.digest), media.name, media.content_type, media.kind)


async def missing(session: AsyncSession) -> int:
    """How many files of the library are missing in this host's media folder."""
    paths = [files.path_of(digest) for digest in await repository.digests(session)]
    return sum(await asyncio.to_thread(lambda: [not path.is_file() for path in paths]))


async def _must_have_room(session: AsyncSession, size: int) -> None:
    used, limit = (await repository.space(session, _limit())).used, _limit()
    if used + size > limit:
        megabytes = limit // types.MEGABYTE
        raise LibraryFull(
            f"The media library holds at most {megabytes:,} MB, and this file does not fit. Delete files that no "
            "message uses, or ask your administrator to raise BEACON_MEDIA_LIMIT_MB.",
            title="Library full",
        )


def _limit() -> int:
    return settings().media_limit_mb * types.MEGABYTE


async def _base(session: AsyncSession) -> str:
    return address.of(await workspace.get(session)).url


async def _known(session: AsyncSession, media_id: int) -> tuple[Media, str]:
    found = await repository.get(session, media_id)
    if found is None:
        raise MediaNotFound("This file is no longer in the library. Someone may have deleted it.", title="No such file")
    return found


def _read(fields: MediaInput | dict[str, Any]) -> MediaInput:
    if isinstance(fields, MediaInput):
        return fields
    try:
        return MediaInput.model_validate(fields)
    except ValidationError as error:
        wrong = {str(part["loc"][0]): "This is too long or empty." for part in error.errors() if part["loc"]}
        raise Invalid("Check the marked fields.", wrong, title="Not saved") from None


def _path(media: Media) -> str:
    return f"{PREFIX}{media.token}/"


def _row(media: Media, person: str, base: str) -> MediaRow:
    return MediaRow(
        id=media.id or 0,
        name=media.name,
        kind=media.kind,
        content_type=media.content_type,
        size_bytes=media.size_bytes,
        width=media.width,
        height=media.height,
        alt_text=media.alt_text,
        address=f"{base}{_path(media)}{names.in_address(media.name)}",
        version=media.version,
        created_at=media.created_at,
        created_by=person,
    )
