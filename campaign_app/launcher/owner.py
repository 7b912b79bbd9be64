"""The first user: from flags or the environment, by prompt, or by a one-time link. Never a default password."""

import getpass
import os
import sys
from dataclasses import dataclass

from campaign_app.auth import service, setup_link
from campaign_app.core import db
from campaign_app.core.errors import AppError
from campaign_app.launcher import console
from campaign_app.launcher.console import Problem


@dataclass(frozen=True, slots=True)
class Given:
    """The owner as given by flags and environment."""

    email: str = ""
    password: str = ""
    name: str = ""

    @classmethod
    def collect(cls, email: str, password: str, name: str) -> "Given":
        """Flags win over BEACON_OWNER_EMAIL, BEACON_OWNER_PASSWORD and BEACON_OWNER_NAME."""
        return cls(
            email or os.environ.get("BEACON_OWNER_EMAIL", ""),
            password or os.environ.get("BEACON_OWNER_PASSWORD", ""),
            name or os.environ.get("BEACON_OWNER_NAME", ""),
        )


async def ensure(given: Given) -> str:
    """Create the owner if there is none; returns the setup token when the browser has to do it, else an empty text.

    Raises:
        Problem: the given values are not valid.
    """
    async with db.reading() as session:
        if await service.has_users(session):
            return ""
    if given.email and given.password:
        await _create(given.email, given.name, given.password)
        return ""
    if sys.stdin.isatty() and console.out.is_terminal:
        await _ask(given)
        return ""
    async with db.transaction() as session:
        return await setup_link.ensure(session)


async def _create(email: str, name: str, password: str) -> None:
    try:
        async with db.transaction() as session:
            await service.create_owner(session, email, name or email.partition("@")[0], password)
    except AppError as error:
        raise Problem(f"The owner was not created: {error.message}", "give another --owner-email or password") from None
    console.done(f"Owner {email} created")


async def _ask(given: Given) -> None:
    console.out.print("\n[bold]First start.[/bold] Who owns this installation?")
    while True:
        email = given.email or input("  E-mail: ").strip()
        name = given.name or input("  Name: ").strip()
        password = getpass.getpass("  Password (10 characters or more): ")
        if password != getpass.getpass("  Password again: "):
            console.warn("The two passwords differ.")
            continue
        try:
            await _create(email, name, password)
        except Problem as problem:
            console.warn(problem.fact)
            continue
        return
