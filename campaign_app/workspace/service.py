"""Use cases of the workspace's settings."""

from functools import lru_cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import phonenumbers
from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audit import service as audit
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Invalid
from campaign_app.kit import zones
from campaign_app.workspace import address, repository
from campaign_app.workspace.schemas import Workspace


async def get(session: AsyncSession) -> Workspace:
    """The settings, with defaults for what is not set."""
    return Workspace.model_validate(await repository.load(session))


async def zone_of(session: AsyncSession, actor: Actor) -> str:
    """The time zone in which this person reads times: their own, else the workspace's."""
    return actor.time_zone or (await get(session)).time_zone


async def update(
    session: AsyncSession,
    actor: Actor,
    *,
    company: str | None = None,
    postal_address: str | None = None,
    time_zone: str | None = None,
    default_country: str | None = None,
    public_url: str | None = None,
    needs_postal_address: bool | None = None,
    suppress_refused: bool | None = None,
) -> Workspace:
    """Change the given settings.

    Raises:
        Invalid: a field is too long, the zone or country is unknown, or recipients could not open the address.
    """
    actor.require("workspace:write")
    before = await get(session)
    given = {
        "company": company,
        "postal_address": postal_address,
        "time_zone": time_zone,
        "default_country": default_country.upper() if default_country else None,
        "public_url": public_url,
        "needs_postal_address": needs_postal_address,
        "suppress_refused": suppress_refused,
    }
    after = _checked({name: value for name, value in given.items() if value is not None}, before)
    await _keep(session, actor, before, after.model_copy(update={"introduced": True}))
    return after


async def introduce(session: AsyncSession, actor: Actor) -> None:
    """Record that the set-up step was skipped, so that it is not shown again."""
    actor.require("workspace:write")
    before = await get(session)
    await _keep(session, actor, before, before.model_copy(update={"introduced": True}))


async def _keep(session: AsyncSession, actor: Actor, before: Workspace, after: Workspace) -> None:
    if before == after:
        return
    await repository.save(session, after.model_dump())
    changed = {
        name: {"from": old, "to": getattr(after, name)}
        for name, old in before.model_dump().items()
        if old != getattr(after, name) and name != "introduced"
    }
    if changed:
        await audit.record(session, actor, "workspace.update", "workspace", "", after.company, **changed)


def _checked(given: dict[str, Any], before: Workspace) -> Workspace:
    values, wrong = {**before.model_dump(), **given}, {}
    if not zones.is_known(values["time_zone"]):
        wrong["time_zone"] = "This time zone is not known. Choose one such as Europe/Berlin."
    if values["default_country"] not in countries():
        wrong["default_country"] = "This country is not known. Give its two letters, such as DE."
    if values["public_url"] != before.public_url:
        try:
            values["public_url"] = _public_url(values["public_url"])
        except ValueError as error:
            wrong["public_url"] = str(error)
    try:
        workspace = Workspace.model_validate(values)
    except ValidationError as error:
        for problem in error.errors():
            limit = problem.get("ctx", {}).get("max_length", "")
            wrong[str(problem["loc"][0])] = f"At most {limit} characters fit here."
    if wrong:
        raise Invalid("The settings were not saved. Check the marked fields.", wrong, title="Settings not saved")
    return workspace


def _public_url(given: str) -> str:
    """The address can be replaced but not removed, because running campaigns need one at any time."""
    if not given.strip():
        raise ValueError("Messages need a public address. Enter another one.")
    return address.checked(given)


@lru_cache
def countries() -> dict[str, str]:
    """ISO 3166 code → English name of the countries whose phone numbers can be read, sorted by name."""
    names = _country_names()
    named = {code: _english(names.get(code, {})) or code for code in phonenumbers.SUPPORTED_REGIONS}
    return dict(sorted(named.items(), key=lambda pair: pair[1]))


def _country_names() -> dict[str, dict[str, str]]:
    """Reads only the table of names: importing its package loads every geocoder, 3 s and 100 MB per process."""
    spec = spec_from_file_location(
        "phonenumbers.geodata.locale", Path(phonenumbers.__file__).parent / "geodata" / "locale.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    table: dict[str, dict[str, str]] = module.LOCALE_DATA
    return table


def _english(names: dict[str, str]) -> str:
    name = names.get("en", "")
    return names[name[1:]] if name.startswith("*") else name  # "*aa" = the same as in language aa
