"""Use cases of the workspace's settings."""

from functools import lru_cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import phonenumbers
from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audit import service as audit
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Invalid
from campaign_app.kit import zones
from campaign_app.workspace import repository
from campaign_app.workspace.schemas import Workspace


async def get(session: AsyncSession) -> Workspace:
    """The settings, with defaults for what nobody has set."""
    return Workspace.model_validate(await repository.load(session))


async def update(
    session: AsyncSession,
    actor: Actor,
    *,
    company: str | None = None,
    postal_address: str | None = None,
    time_zone: str | None = None,
    default_country: str | None = None,
) -> Workspace:
    """Change what is given.

    Raises:
        Invalid: a field is too long, or the zone or country is unknown.
    """
    actor.require("workspace:write")
    before = await get(session)
    given = {
        "company": company,
        "postal_address": postal_address,
        "time_zone": time_zone,
        "default_country": default_country.upper() if default_country else None,
    }
    after = _checked({**before.model_dump(), **{name: value for name, value in given.items() if value is not None}})
    changed = {
        name: {"from": old, "to": getattr(after, name)}
        for name, old in before.model_dump().items()
        if old != getattr(after, name)
    }
    if changed:
        await repository.save(session, after.model_dump())
        await audit.record(session, actor, "workspace.update", "workspace", "", after.company, **changed)
    return after


def _checked(values: dict[str, str]) -> Workspace:
    wrong: dict[str, str] = {}
    if not zones.is_known(values["time_zone"]):
        wrong["time_zone"] = "This time zone is not known. Choose one such as Europe/Berlin."
    if values["default_country"] not in countries():
        wrong["default_country"] = "This country is not known. Give its two letters, such as DE."
    try:
        workspace = Workspace.model_validate(values)
    except ValidationError as error:
        for problem in error.errors():
            limit = problem.get("ctx", {}).get("max_length", "")
            wrong[str(problem["loc"][0])] = f"At most {limit} characters fit here."
    if wrong:
        raise Invalid("The settings were not saved. Check the marked fields.", wrong, title="Settings not saved")
    return workspace


@lru_cache
def countries() -> dict[str, str]:
    """ISO 3166 code → English name of the countries whose phone numbers can be read, by name."""
    names = _country_names()
    named = {code: _english(names.get(code, {})) or code for code in phonenumbers.SUPPORTED_REGIONS}
    return dict(sorted(named.items(), key=lambda pair: pair[1]))


def _country_names() -> dict[str, dict[str, str]]:
    """The table alone: importing its package loads every geocoder, 3 s and 100 MB in each process."""
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
