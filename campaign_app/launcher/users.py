"""`./campaign user`: people who may sign in, from the command line."""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from campaign_app.auth import second_factor, service, setup_link
from campaign_app.auth.schemas import NewUser
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM
from campaign_app.core.config import settings
from campaign_app.launcher import console, running
from campaign_app.models.user import Role


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The flags of `user`."""
    made = commands.add_parser("user", help="create people who may sign in, or give them a new password")
    commands = made.add_subparsers(metavar="what", required=True)
    create = commands.add_parser("create", help="add a person", description="Adds a person who may sign in.")
    create.add_argument("--email", required=True, help="the address they sign in with")
    create.add_argument("--name", default="", help="their name (default: the part before the @)")
    create.add_argument("--role", choices=[r.value for r in Role], default=Role.MARKETER.value, help="what they may do")
    create.add_argument("--password", default="", help="default: asked for, or generated and printed once")
    create.set_defaults(run=_migrated(_create))
    password = commands.add_parser(
        "password", help="set a new password", description="Sets a password and signs the person out everywhere."
    )
    password.add_argument("--email", required=True, help="whose")
    password.add_argument("--password", default="", help="default: asked for")
    password.set_defaults(run=_migrated(_password))
    factor = commands.add_parser(
        "reset-second-factor",
        help="let a person who lost the phone sign in without a code",
        description="Removes the second factor and its recovery codes and signs the person out everywhere.",
    )
    factor.add_argument("email", help="whose")
    factor.set_defaults(run=_migrated(_reset_factor))
    link = commands.add_parser(
        "setup-link",
        help="print the one-time link for the first owner",
        description="Prints the link with which the first user becomes the owner, while this installation has no user.",
    )
    link.set_defaults(run=_migrated(_setup_link))
    listing = commands.add_parser("list", help="show who may sign in")
    listing.set_defaults(run=_migrated(_list))


def _migrated(act: Callable[[argparse.Namespace], Coroutine[Any, Any, int]]) -> Callable[[argparse.Namespace], int]:
    """Run a command after migrating the database, also before the first start."""

    def run(given: argparse.Namespace) -> int:
        from campaign_app.launcher.database import migrate

        migrate()
        return asyncio.run(act(given))

    return run


async def _create(given: argparse.Namespace) -> int:
    name = given.name or given.email.partition("@")[0]
    password = given.password or _ask("Password (empty: generated): ")
    try:
        async with db.transaction() as session:
            if given.role == Role.OWNER and not await service.has_users(session):
                if not password:
                    console.show(
                        console.Problem("The first owner needs a password.", "add --password, or use a terminal")
                    )
                    return 1
                await service.create_owner(session, given.email, name, password)
                made_up = ""
            else:
                new = NewUser(email=given.email, name=name, role=Role(given.role), password=password)
                made_up = (await service.create_user(session, SYSTEM, new)).password
    finally:
        await db.dispose()
    console.done(f"{given.email} may sign in as {given.role}")
    if made_up:
        console.out.print(f"Password, shown only now: [bold]{made_up}[/bold]")
    return 0


async def _password(given: argparse.Namespace) -> int:
    try:
        async with db.transaction() as session:
            await service.set_password(session, given.email, given.password or _ask("New password: "))
    finally:
        await db.dispose()
    console.done(f"New password for {given.email}; signed out everywhere")
    return 0


async def _reset_factor(given: argparse.Namespace) -> int:
    try:
        async with db.transaction() as session:
            removed = await second_factor.reset_by_email(session, given.email)
    finally:
        await db.dispose()
    if removed:
        console.done(f"{given.email} signs in without a code now; signed out everywhere")
    else:
        console.done(f"{given.email} has no second factor")
    return 0


async def _setup_link(_given: argparse.Namespace) -> int:
    try:
        async with db.transaction() as session:
            token = await setup_link.ensure(session)
    finally:
        await db.dispose()
    if not token:
        console.show(console.Problem("This installation has an owner already.", "./campaign user list"))
        return 1
    running_here = running.holder(settings().var_dir) or {}
    server = str(running_here.get("url", ""))  # `up` may run with another --port than this process's settings say
    console.out.print(
        f"Open this link to become the owner. It works once and for a day:\n{setup_link.address(token, server)}"
    )
    return 0


async def _list(_given: argparse.Namespace) -> int:
    try:
        async with db.reading() as session:
            users = await service.list_users(session, SYSTEM)
    finally:
        await db.dispose()
    for user in users:
        state = "" if user.is_active else "  (switched off)"
        console.out.print(f"{user.role.value:<9} {user.email}  {user.name}{state}", markup=False)
    return 0


def _ask(question: str) -> str:
    return getpass.getpass(question) if sys.stdin.isatty() else ""
