"""Who may add, change and switch off whom; there is always an owner."""

import asyncio
import unicodedata

import pytest

from campaign_app.audit import service as audit
from campaign_app.auth import passwords, service
from campaign_app.auth.errors import AddressTaken, AlreadySetUp, LastOwner
from campaign_app.auth.permissions import actor_of
from campaign_app.auth.schemas import NewUser, UserPatch
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM, Actor
from campaign_app.core.errors import AppError, Forbidden, Invalid, NotFound
from campaign_app.models.user import Role, User
from tests.auth.conftest import PASSWORD, add, enter, who
from tests.conftest import MakeActor, count_rows

pytestmark = pytest.mark.usefixtures("redis_url")


async def create(actor: Actor, role: Role, email: str = "new@example.com", password: str = "") -> tuple[User, str]:
    async with db.transaction() as session:
        made = await service.create_user(session, actor, NewUser(email=email, name="New", role=role, password=password))
    return made.user, made.password


async def change(actor: Actor, user_id: int | None, **patch: object) -> User:
    async with db.transaction() as session:
        return await service.update_user(session, actor, user_id or 0, UserPatch.model_validate(patch))


async def test_only_one_owner_is_created_by_the_first_start(database: str) -> None:
    async def start(number: int) -> object:
        async with db.transaction() as session:
            return await service.create_owner(session, f"o{number}@example.com", "Owner", PASSWORD)

    results = await asyncio.gather(*(start(number) for number in range(4)), return_exceptions=True)
    assert sum(isinstance(result, User) for result in results) == 1
    assert sum(isinstance(result, AlreadySetUp) for result in results) == 3
    assert await count_rows("app_user") == 1
    async with db.reading() as session:
        assert await service.has_users(session)
        assert (await audit.prove(session)).is_whole


async def test_a_made_up_password_works_and_is_never_stored(database: str, make_actor: MakeActor) -> None:
    user, password = await create(await make_actor(Role.ADMIN), Role.MARKETER)
    assert password not in user.password_hash
    assert user.password_hash.startswith("$argon2id$")
    assert (await enter("new@example.com", password)).user.id == user.id
    _, given = await create(await make_actor(Role.ADMIN), Role.MARKETER, "two@example.com", PASSWORD)
    assert given == ""


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MARKETER, Role.MANAGER])
async def test_who_may_not_write_users(sqlite_database: str, make_actor: MakeActor, role: Role) -> None:
    actor, other = await make_actor(role), await add("other@example.com")
    with pytest.raises(Forbidden):
        await create(actor, Role.VIEWER)
    with pytest.raises(Forbidden):
        await change(actor, other.id, name="X")
    with pytest.raises(Forbidden):
        async with db.transaction() as session:
            await service.reset_password(session, actor, other.id or 0)


async def test_an_admin_reaches_up_to_admin(database: str, make_actor: MakeActor) -> None:
    admin, owner = await make_actor(Role.ADMIN), await make_actor(Role.OWNER)
    assert (await create(admin, Role.ADMIN))[0].role is Role.ADMIN
    with pytest.raises(Forbidden):
        await create(admin, Role.OWNER, "boss@example.com")
    for patch in ({"role": Role.VIEWER}, {"is_active": False}, {"name": "X"}):
        with pytest.raises(Forbidden):
            await change(admin, owner.user_id, **patch)
    with pytest.raises(Forbidden):
        await change(admin, admin.user_id, role=Role.OWNER)
    with pytest.raises(Forbidden):
        async with db.transaction() as session:
            await service.reset_password(session, admin, owner.user_id or 0)
    assert (await change(owner, admin.user_id, role=Role.OWNER)).role is Role.OWNER


@pytest.mark.parametrize("patch", [{"role": Role.ADMIN}, {"is_active": False}])
async def test_the_last_owner_stays(database: str, make_actor: MakeActor, patch: dict[str, object]) -> None:
    owner = await make_actor(Role.OWNER)
    with pytest.raises(LastOwner):
        await change(owner, owner.user_id, **patch)
    second = await make_actor(Role.OWNER)
    await change(owner, owner.user_id, **patch)
    with pytest.raises(LastOwner):
        await change(second, second.user_id, **patch)


async def test_two_owners_cannot_demote_each_other_at_once(database: str, make_actor: MakeActor) -> None:
    first, second = await make_actor(Role.OWNER), await make_actor(Role.OWNER)
    results = await asyncio.gather(
        change(first, second.user_id, role=Role.VIEWER),
        change(second, first.user_id, role=Role.VIEWER),
        return_exceptions=True,
    )
    assert sum(isinstance(result, LastOwner) for result in results) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "no address"),
        ("name", "  "),
        ("name", "x" * 256),
        ("password", "too short"),
        ("password", "aaaaaaaaaaaaaa"),
        ("password", "x1" * 101),
        ("time_zone", "Mars/Olympus"),
    ],
)
async def test_what_will_not_do_is_named(sqlite_database: str, field: str, value: str) -> None:
    given = {"email": "a@example.com", "name": "A", "password": PASSWORD, field: value}
    with pytest.raises(Invalid) as caught:
        async with db.transaction() as session:
            await service.create_user(session, SYSTEM, NewUser.model_validate(given))
    assert list(caught.value.fields) == [field]
    assert await count_rows("app_user") == 0


async def test_addresses_are_unique_whatever_their_case(database: str) -> None:
    first, second = await add("ines@example.com"), await add("eve@example.com")
    with pytest.raises(AddressTaken):
        await add("INES@Example.com")
    with pytest.raises(AddressTaken):
        await change(SYSTEM, second.id, email="Ines@example.com")
    assert (await change(SYSTEM, first.id, email="Ines@example.com", name="Ines")).name == "Ines"


async def test_reset_gives_a_new_password_once(database: str) -> None:
    user = await add("ines@example.com")
    signed_in = await enter("ines@example.com")
    async with db.transaction() as session:
        fresh = await service.reset_password(session, SYSTEM, user.id or 0)
    assert await who(signed_in.token) is None
    assert (await enter("ines@example.com", fresh)).token
    async with db.transaction() as session:
        await service.set_password(session, "Ines@example.com", "from the command line")
    assert (await enter("ines@example.com", "from the command line")).token
    with pytest.raises(NotFound):
        async with db.transaction() as session:
            await service.set_password(session, "nobody@example.com", PASSWORD)


async def test_own_profile(database: str) -> None:
    user = await add("ines@example.com", Role.VIEWER)
    actor = actor_of(user)
    async with db.transaction() as session:
        await service.update_profile(session, actor, name=" Ines K. ", time_zone="Europe/Berlin")
    async with db.reading() as session:
        again = await service.get_user(session, actor, user.id or 0)
    assert (again.name, again.time_zone) == ("Ines K.", "Europe/Berlin")
    with pytest.raises(AppError):
        async with db.transaction() as session:
            await service.update_profile(session, SYSTEM, name="X", time_zone="UTC")


async def test_acts_are_logged_without_secrets(database: str, make_actor: MakeActor) -> None:
    admin = await make_actor(Role.ADMIN)
    user, password = await create(admin, Role.VIEWER)
    await change(admin, user.id, role=Role.MARKETER, is_active=False)
    async with db.transaction() as session:
        await service.reset_password(session, admin, user.id or 0)
    async with db.reading() as session:
        rows = (await audit.search(session, SYSTEM, object_type="user")).rows
    assert [row.action for row in rows] == ["user.reset_password", "user.update", "user.create"]
    assert rows[1].details == {"role": {"from": "viewer", "to": "marketer"}, "is_active": {"from": True, "to": False}}
    assert password not in str([row.details for row in rows])


async def test_listing_people(database: str, make_actor: MakeActor) -> None:
    manager = await make_actor(Role.MANAGER, "Zoe")
    await add("a@example.com", name="anna")
    off = await add("b@example.com", name="Aaron")
    await change(SYSTEM, off.id, is_active=False)
    async with db.reading() as session:
        assert [user.name for user in await service.list_users(session, manager)] == ["anna", "Zoe", "Aaron"]
        with pytest.raises(Forbidden):
            await service.list_users(session, await make_actor(Role.MARKETER))


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("password123", "many people use"),
        ("1qaz2wsx3edc", "many people use"),
        ("p@ssw0rd123", "many people use"),
        ("qwertyuiop[]", "keyboard"),
        ("abcdefghijklm", "sequence"),
        ("abcabcabcabcabc", "repeats"),
        ("BeaconBeacon", "repeats"),
        ("beacon12345", "this product"),
        ("ineskeller1", "your name"),
        ("ines.k2024", "e-mail"),
    ],
)
def test_common_passwords_are_refused_with_the_reason(password: str, why: str) -> None:
    sentence = passwords.problem(password, "ines.k@example.com", "Ines Keller")
    assert sentence.startswith("This password is easy to guess.")
    assert why in sentence


@pytest.mark.parametrize(
    "password", [PASSWORD, "a quiet morning by the sea", "kQ7-vw2x-Zp9d", "Ines sammelt Ufersteine"]
)
def test_uncommon_passwords_are_accepted(password: str) -> None:
    assert passwords.problem(password, "ines.k@example.com", "Ines Keller") == ""


def test_what_zxcvbn_is_shown_is_short_and_has_few_signs_for_letters() -> None:
    shown = passwords._readable("4@8({[<369&#!1|0$5+7%2" * 9)
    assert len(shown) == 72
    assert set(shown) == set("4@8({[~")


async def test_every_way_to_set_a_password_refuses_a_common_one(sqlite_database: str) -> None:
    user = await add("ines@example.com")
    common = "password123"
    ways = (
        lambda session: service.create_user(session, SYSTEM, NewUser(email="b@example.com", name="B", password=common)),
        lambda session: service.create_owner(session, "b@example.com", "B", common),
        lambda session: service.set_password(session, "ines@example.com", common),
        lambda session: service.change_password(session, actor_of(user), PASSWORD, common),
    )
    for way in ways:
        with pytest.raises(Invalid, match="easy to guess"):
            async with db.transaction() as session:
                await way(session)


def test_made_up_passwords_pass_the_rule_and_differ() -> None:
    made = {passwords.made_up() for _ in range(100)}
    assert len(made) == 100
    assert not any(passwords.problem(password) for password in made)


async def test_unicode_forms_of_one_password_are_one() -> None:
    typed = "Fünf Zwölfer é"
    stored = await passwords.hash_password(unicodedata.normalize("NFD", typed))
    assert await passwords.matches(stored, unicodedata.normalize("NFC", typed))
    assert not await passwords.matches(stored, "Funf Zwolfer e")
    assert not await passwords.matches("not a hash", "x")
