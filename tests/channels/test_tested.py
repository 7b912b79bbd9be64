"""A test of the form counts for the account that is saved with exactly its settings, for a quarter of an hour."""

from dataclasses import replace
from datetime import timedelta

import pytest

from campaign_app.channels import service, tested
from campaign_app.channels.email_smtp.settings import Tls
from campaign_app.channels.schemas import Account, AccountForm
from campaign_app.channels.tested import CheckedConnection
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from tests.channels.accounts import config_of, smtp_form
from tests.conftest import MakeActor

VALUES = {
    "name": "Main", "host": "smtp.meridian-supply.com", "port": 587, "username": "jo", "password": "open sesame",
    "from_address": "a@b.de",
}  # fmt: skip


def form(**changes) -> AccountForm:
    return smtp_form(**(VALUES | changes))


FORM = form()
OTHER = {
    "host": "smtp.other.de",
    "port": 25,
    "tls": Tls.NONE,
    "username": "ann",
    "password": "another one",
}


async def tried(actor: Actor, form: AccountForm = FORM, *, ok: bool = True, minutes: float = 1) -> CheckedConnection:
    async with db.reading() as session:
        config = await service.form_config(session, actor, form)
    words = "" if ok else "535 wrong password"
    return CheckedConnection(
        tested.mark(config), now() - timedelta(minutes=minutes), ok, words, {"SIZE": "1000"} if ok else {}
    )


async def saved(actor: Actor, found: CheckedConnection | None, form: AccountForm = FORM) -> Account:
    async with db.transaction() as session:
        number = await service.create(session, actor, form, found)
    async with db.reading() as session:
        return await service.get(session, actor, number)


async def test_it_counts_for_what_was_tested(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    found = await tried(ines)
    account = await saved(ines, found)
    assert (account.last_checked_at, account.works, account.health) == (found.at, True, "healthy")
    assert account.offers == ("messages up to 0 MB",)


async def test_a_failed_one_counts_too(sqlite_database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    account = await saved(ines, await tried(ines, ok=False))
    assert (account.works, account.last_error) == (False, "535 wrong password")


@pytest.mark.parametrize("field", OTHER)
async def test_not_for_other_settings(sqlite_database: str, make_actor: MakeActor, field: str) -> None:
    ines = await make_actor()
    account = await saved(ines, await tried(ines), form(**{field: OTHER[field]}))
    assert (account.last_checked_at, account.works) == (None, False)


@pytest.mark.parametrize("minutes", [16, -1])
async def test_not_for_long_and_not_from_the_future(
    sqlite_database: str, make_actor: MakeActor, minutes: float
) -> None:
    ines = await make_actor()
    assert not (await saved(ines, await tried(ines, minutes=minutes))).works


async def test_what_a_stranger_makes_up_is_nothing(sqlite_database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    made_up = replace(await tried(ines), mark="0" * 64)
    assert not (await saved(ines, made_up)).works


async def test_other_settings_end_what_was_known(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    account = await saved(ines, await tried(ines))
    renamed = form(name="News", password=None)
    async with db.transaction() as session:
        await service.update(session, ines, account.id, 1, renamed)
    async with db.reading() as session:
        assert (await service.get(session, ines, account.id)).works
    moved = {"port": 465, "tls": Tls.IMPLICIT}
    async with db.transaction() as session:
        await service.update(session, ines, account.id, 2, form(**moved))
    async with db.reading() as session:
        assert not (await service.get(session, ines, account.id)).works
    found = await tried(ines, form(**moved, password="new one"))
    async with db.transaction() as session:
        await service.update(session, ines, account.id, 3, form(**moved, password="new one"), found)
    async with db.reading() as session:
        assert (await service.get(session, ines, account.id)).works


def test_the_mark_tells_nothing(var_dir: object) -> None:
    values = {"host": "h", "username": "jo", "password": "open sesame"}
    made = config_of(**values)
    assert "open sesame" not in tested.mark(made)
    assert tested.mark(made) == tested.mark(config_of(**values | {"name": "other", "host": "H"}))
    assert tested.mark(made) != tested.mark(config_of(**values | {"password": "open sesame "}))
