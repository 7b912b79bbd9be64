"""The workspace's settings: defaults, changes, refused values, permissions."""

import pytest

from campaign_app.audit import service as audit
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM
from campaign_app.core.errors import Forbidden, Invalid
from campaign_app.models.user import Role
from campaign_app.workspace import service
from campaign_app.workspace.schemas import Workspace
from tests.conftest import MakeActor

pytestmark = pytest.mark.usefixtures("redis_url")


async def load() -> Workspace:
    async with db.reading() as session:
        return await service.get(session)


async def test_defaults_then_what_was_saved(database: str) -> None:
    assert await load() == Workspace(company="", postal_address="", time_zone="UTC", default_country="DE")
    async with db.transaction() as session:
        await service.update(session, SYSTEM, company=" Beacon GmbH ", postal_address="Weg 1\n10115 Berlin")
    async with db.transaction() as session:
        await service.update(session, SYSTEM, time_zone="Europe/Berlin", default_country="at")
    assert await load() == Workspace(
        company="Beacon GmbH",
        postal_address="Weg 1\n10115 Berlin",
        time_zone="Europe/Berlin",
        default_country="AT",
        introduced=True,
    )


async def test_changes_are_logged_and_nothing_is_when_nothing_changes(database: str) -> None:
    for _ in range(2):
        async with db.transaction() as session:
            await service.update(session, SYSTEM, company="Beacon")
    async with db.reading() as session:
        (row,) = (await audit.search(session, SYSTEM, object_type="workspace")).rows
    assert row.details == {"company": {"from": "", "to": "Beacon"}}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("default_country", "XX"),
        ("company", "x" * 256),
        ("public_url", "http://127.0.0.1:8300"),
        ("public_url", "https://beacon.internal"),
        ("public_url", "https://me:secret@mail.meridian-supply.com"),
        ("public_url", "not an address"),
    ],
)
async def test_what_will_not_do(sqlite_database: str, field: str, value: str) -> None:
    with pytest.raises(Invalid) as caught:
        async with db.transaction() as session:
            await service.update(session, SYSTEM, **{field: value})  # type: ignore[arg-type]
    assert list(caught.value.fields) == [field]
    assert await load() == Workspace()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MARKETER, Role.MANAGER])
async def test_who_may_not(sqlite_database: str, make_actor: MakeActor, role: Role) -> None:
    with pytest.raises(Forbidden):
        async with db.transaction() as session:
            await service.update(session, await make_actor(role), company="X")


async def test_the_public_address_is_kept_in_its_normal_form_and_never_taken_away(sqlite_database: str) -> None:
    async with db.transaction() as session:
        await service.update(session, SYSTEM, public_url=" HTTPS://Mail.Meridian-Supply.com:443/ ")
    assert (await load()).public_url == "https://mail.meridian-supply.com"
    with pytest.raises(Invalid, match="marked"):
        async with db.transaction() as session:
            await service.update(session, SYSTEM, public_url="")
    assert (await load()).public_url == "https://mail.meridian-supply.com"


async def test_who_says_that_no_postal_address_is_needed_is_logged(sqlite_database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    async with db.transaction() as session:
        await service.update(session, ines, needs_postal_address=False)
    async with db.reading() as session:
        (row,) = (await audit.search(session, SYSTEM, object_type="workspace")).rows
    assert (row.actor_name, row.details) == (ines.name, {"needs_postal_address": {"from": True, "to": False}})


async def test_a_skipped_set_up_step_is_not_asked_again(sqlite_database: str, make_actor: MakeActor) -> None:
    async with db.transaction() as session:
        await service.introduce(session, SYSTEM)
    assert await load() == Workspace(introduced=True)
    with pytest.raises(Forbidden):
        async with db.transaction() as session:
            await service.introduce(session, await make_actor(Role.MARKETER))


def test_countries_have_names() -> None:
    named = service.countries()
    assert (named["DE"], named["AT"]) == ("Germany", "Austria")
    assert not [name for name in named.values() if name.startswith("*")]
