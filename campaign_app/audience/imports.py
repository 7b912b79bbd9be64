"""Use cases of CSV imports: upload, inspect, map columns, preview, start, cancel."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from pathlib import Path, PurePath
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import attributes, identity, import_files, repository
from campaign_app.audience.csv_import import mapping_problem
from campaign_app.audience.errors import EncodingUnknown, FileUnusable, ImportNotFound, ImportState, ListNotFound
from campaign_app.audience.headings import ATTRIBUTE
from campaign_app.audience.schemas import ImportRow, Inspection, Preview, RejectedRow
from campaign_app.audit import service as audit
from campaign_app.audit.exports import Export
from campaign_app.core import db, queue
from campaign_app.core.actor import SYSTEM, Actor
from campaign_app.core.clock import now
from campaign_app.core.errors import Invalid
from campaign_app.kit.csv_encodings import LABELS
from campaign_app.kit.csv_sniff import Format
from campaign_app.models.contact import AttributeDefinition, ContactList
from campaign_app.models.contact_import import ContactImport, ImportStatus

_OPEN = (ImportStatus.DRAFT, ImportStatus.QUEUED, ImportStatus.RUNNING)


async def create_from_upload(
    session: AsyncSession, actor: Actor, filename: str, stream: AsyncIterator[bytes]
) -> ContactImport:
    """Store an upload while it arrives and read it once. Memory use does not grow with the file.

    Raises:
        FileUnusable: too large, empty, binary, mixed encodings, broken quotes, no addresses. No file is kept.
    """
    actor.require("contacts:import")
    relative, size = await import_files.receive(stream)
    return await _create(session, actor, filename, relative, size)


async def _create(session: AsyncSession, actor: Actor, filename: str, relative: str, size: int) -> ContactImport:
    try:
        found, above = await asyncio.to_thread(import_files.examine, relative)
    except FileUnusable:
        import_files.absolute(relative).unlink(missing_ok=True)
        raise
    row = ContactImport(
        filename=PurePath(filename.replace("\\", "/")).name[:255] or "contacts.csv",
        path=relative,
        size_bytes=size,
        encodings=[asdict(candidate) for candidate in found.candidates],
        encoding_chosen=not found.candidates,
        created_by=actor.user_id,
    )
    await _read_so(row, found, above)
    session.add(row)
    await session.flush()
    await audit.record(session, actor, "import.upload", "import", row.id, row.filename, size=size, rows=row.rows_total)
    return row


async def _read_so(row: ContactImport, found: Format, above: int) -> None:
    row.encoding, row.delimiter, row.rows_above = found.encoding, found.delimiter, above
    first_row = await asyncio.to_thread(lambda: import_files.Table(row).first_row)
    row.rows_total = max(found.records - (first_row - 1), 0)


async def read_as(
    session: AsyncSession, actor: Actor, import_id: int, *, encoding: str = "", rows_above: int | None = None
) -> None:
    """Change the encoding or the row of headings with which the file is read. "" and None change nothing.

    Raises:
        ImportState: it was already started.
        Invalid: the encoding is unknown or does not fit the file, or the row does not exist.
    """
    actor.require("contacts:import")
    row = await _with_file(session, import_id)
    if row.status is not ImportStatus.DRAFT:
        raise ImportState("This import was started already.", title="Nothing changed")
    if encoding and encoding not in LABELS:
        raise Invalid(f"There is no encoding “{encoding[:40]}”.", {"encoding": "Choose an encoding from the list."})
    try:
        found, above = await asyncio.to_thread(import_files.examine, row.path, encoding or row.encoding)
        if rows_above is not None:
            above = rows_above
        elif not encoding:
            above = row.rows_above
        if not 0 <= above < min(found.records, 1_000):
            raise Invalid("The file has no such row.", {"rows_above": "Choose the row with the headings."})
        await _read_so(row, found, above)
        await asyncio.to_thread(import_files.check_columns, row)
    except FileUnusable as error:
        raise Invalid(error.message, {"encoding": error.message}) from None
    row.encoding_chosen = row.encoding_chosen or bool(encoding)
    session.add(row)
    await session.flush()


async def _import(session: AsyncSession, import_id: int) -> ContactImport:
    row = await session.get(ContactImport, import_id, populate_existing=True)
    if row is None:
        raise ImportNotFound("This import does not exist or was deleted.")
    return row


async def _with_file(session: AsyncSession, import_id: int) -> ContactImport:
    row = await _import(session, import_id)
    if not await asyncio.to_thread(import_files.absolute(row.path).exists):
        raise FileUnusable("The uploaded file is no longer on this server. Upload it again.")
    return row


async def inspect(session: AsyncSession, actor: Actor, import_id: int) -> Inspection:
    """The columns, their first values and the proposed mapping."""
    actor.require("contacts:import")
    row = await _with_file(session, import_id)
    known = {d.label: d.key for d in await session.exec(select(AttributeDefinition))}
    return await asyncio.to_thread(import_files.inspect, row, known)


async def preview(
    session: AsyncSession, actor: Actor, import_id: int, mapping: Mapping[str, str], country: str = "DE"
) -> Preview:
    """The first rows as they would be imported, with the problems of each.

    Raises:
        Invalid: the mapping is not valid (`fields["mapping"]`), or the country does not exist.
    """
    actor.require("contacts:import")
    row = await _with_file(session, import_id)
    await asyncio.to_thread(_check_plan, row, mapping, country)
    return await asyncio.to_thread(import_files.preview, row, dict(mapping), country)


def _check_plan(row: ContactImport, mapping: Mapping[str, str], country: str) -> None:
    problem = mapping_problem(mapping, import_files.Table(row).columns)
    if problem:
        raise Invalid(problem, {"mapping": problem})
    if not identity.is_country(country):
        raise Invalid(f"There is no country “{country}”.", {"country": "Choose a country."})


async def start(
    session: AsyncSession,
    actor: Actor,
    import_id: int,
    mapping: Mapping[str, str],
    country: str = "DE",
    *,
    list_id: int | None = None,
    list_name: str = "",
    update_existing: bool = True,
) -> ImportRow:
    """Queue the import. `list_name`: the list with this name, created if needed. `list_id`: an existing list.

    Raises:
        ImportState: it was already started (a second click changes nothing).
        Invalid: as for `preview`.
    """
    row = await _plan(
        session,
        actor,
        import_id,
        mapping,
        country,
        list_id=list_id,
        list_name=list_name,
        update_existing=update_existing,
    )
    queue.collect(session, "run_import", job_id=f"import:{import_id}", import_id=import_id)
    return row


async def _plan(
    session: AsyncSession,
    actor: Actor,
    import_id: int,
    mapping: Mapping[str, str],
    country: str,
    *,
    list_id: int | None,
    list_name: str,
    update_existing: bool,
) -> ImportRow:
    actor.require("contacts:import")
    row = await _with_file(session, import_id)
    if not row.encoding_chosen:
        ask = "Choose the encoding of this file. The samples show how it reads in each."
        raise Invalid(ask, {"encoding": ask})
    await asyncio.to_thread(_check_plan, row, mapping, country)
    if list_name.strip():
        list_id = await _named_list(session, actor, " ".join(list_name.split())[:255])
    elif list_id is not None and await session.get(ContactList, list_id) is None:
        raise ListNotFound("This list does not exist or was deleted. Choose another one.")
    values = {
        "status": ImportStatus.QUEUED,
        "mapping": dict(mapping),
        "country": country.upper(),
        "list_id": list_id,
        "update_existing": update_existing,
    }
    draft = sa.and_(col(ContactImport.id) == import_id, col(ContactImport.status) == ImportStatus.DRAFT)
    claimed: Any = await session.execute(sa.update(ContactImport).where(draft).values(values))
    if claimed.rowcount != 1:
        raise ImportState("This import was started already.", title="Nothing changed")
    await _define_attributes(session, row, mapping)
    await audit.record(session, actor, "import.start", "import", import_id, row.filename, list_id=list_id)
    return _row(await _import(session, import_id))


async def _named_list(session: AsyncSession, actor: Actor, name: str) -> int:
    found = (await session.exec(select(ContactList).where(ContactList.name == name))).first()
    if found is None:
        found = ContactList(name=name)
        session.add(found)
        await session.flush()
        await audit.record(session, actor, "list.create", "list", found.id, name)
    return int(found.id or 0)


async def _define_attributes(session: AsyncSession, row: ContactImport, mapping: Mapping[str, str]) -> None:
    labels = (await asyncio.to_thread(import_files.Table, row)).headings
    custom = {t.removeprefix(ATTRIBUTE): labels[int(i)] for i, t in mapping.items() if t.startswith(ATTRIBUTE)}
    leaving = next((key for key in await attributes.moving(session) if key in custom), "")
    if leaving:
        wait = f"The attribute “{leaving}” is being merged or deleted. Wait until that is done, or choose another one."
        raise Invalid(wait, {"mapping": wait})
    await repository.define_attributes(session, custom, now())


async def cancel(session: AsyncSession, actor: Actor, import_id: int) -> ImportRow:
    """Stop an import. A running one stops after the rows being written; imported contacts stay.

    Raises:
        ImportState: it has already ended.
    """
    actor.require("contacts:import")
    row = await _import(session, import_id)
    still = sa.and_(col(ContactImport.id) == import_id, col(ContactImport.status).in_(_OPEN))
    values = {"status": ImportStatus.CANCELLED, "finished_at": now()}
    stopped: Any = await session.execute(sa.update(ContactImport).where(still).values(values))
    if stopped.rowcount != 1:
        raise ImportState(f"This import has ended already ({row.status.value}).")
    await audit.record(session, actor, "import.cancel", "import", import_id, row.filename)
    return _row(await _import(session, import_id))


async def get(session: AsyncSession, actor: Actor, import_id: int) -> ImportRow:
    """One import with its progress."""
    actor.require("contacts:read")
    return _row(await _import(session, import_id))


async def list_imports(session: AsyncSession, actor: Actor, *, limit: int = 50) -> list[ImportRow]:
    """Imports, newest first."""
    actor.require("contacts:read")
    query = select(ContactImport).order_by(col(ContactImport.id).desc()).limit(min(max(limit, 1), 200))
    return [_row(row) for row in await session.exec(query)]


async def rejected_rows(session: AsyncSession, actor: Actor, import_id: int, *, limit: int = 100) -> list[RejectedRow]:
    """The first rows that the import left out."""
    actor.require("contacts:import")
    row = await _import(session, import_id)
    return await asyncio.to_thread(import_files.read_rejected, row, limit)


async def rejected_file(session: AsyncSession, actor: Actor, import_id: int) -> tuple[Path, str]:
    """(path, download name) of the file of rows left out."""
    actor.require("contacts:import")
    row = await _import(session, import_id)
    path = import_files.absolute(row.rejected_path)
    if not row.rejected_path or not await asyncio.to_thread(path.exists):
        raise ImportNotFound("No rows were left out, or the file is no longer kept.")
    return path, f"{PurePath(row.filename).stem}-left-out.csv"


def of_rejected(actor: Actor, import_id: int) -> Export:
    """For the audit log: an export of the rows that an import left out."""

    async def people(session: AsyncSession) -> int:
        reasons: dict[str, int] = (await _import(session, import_id)).result.get("rejected", {})
        return sum(reasons.values())

    return Export(actor, "import.export_rejected", "import", "Rows left out as CSV", people, import_id)


async def run_now(
    path: Path,
    list_name: str = "",
    country: str = "DE",
    actor: Actor = SYSTEM,
    *,
    encoding: str = "",
    rows_above: int | None = None,
) -> dict[str, Any]:
    """Import a file on this machine at once, without the queue; return the report.

    Raises:
        EncodingUnknown: the file can be read in several encodings, and `encoding` names none.
        FileUnusable, Invalid: with a message for a person; nothing was imported.
    """
    from campaign_app.audience import import_run  # loads polars: 40 MB that only imports need

    relative = import_files.new_path()
    copy = import_files.absolute(relative)
    await asyncio.to_thread(shutil.copyfile, path, copy)
    size = (await asyncio.to_thread(copy.stat)).st_size
    async with db.transaction() as session:
        row = await _create(session, actor, path.name, relative, size)
        import_id = int(row.id or 0)
        if encoding or rows_above is not None:
            await read_as(session, actor, import_id, encoding=encoding, rows_above=rows_above)
        if not row.encoding_chosen:
            raise EncodingUnknown([(found["codec"], found["label"], found["samples"]) for found in row.encodings])
        columns = (await inspect(session, actor, import_id)).columns
        mapping = {str(column.index): column.proposed for column in columns}
        await _plan(
            session, actor, import_id, mapping, country, list_id=None, list_name=list_name, update_existing=True
        )
    await import_run.run(import_id)
    async with db.reading() as session:
        done = await _import(session, import_id)
    if done.status != ImportStatus.COMPLETED:
        raise FileUnusable(done.error or f"The import ended as {done.status.value}.")
    return done.result


def _row(row: ContactImport) -> ImportRow:
    return ImportRow(
        id=int(row.id or 0),
        filename=row.filename,
        size_bytes=row.size_bytes,
        status=row.status,
        encoding=row.encoding,
        delimiter=row.delimiter,
        mapping=row.mapping,
        country=row.country,
        list_id=row.list_id,
        rows_done=row.rows_done,
        rows_total=row.rows_total,
        result=row.result,
        has_rejected=bool(row.rejected_path),
        error=row.error,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
