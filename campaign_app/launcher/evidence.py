"""`./campaign audit`: reads the whole audit log and says whether it was changed."""

import argparse
import asyncio
from pathlib import Path

from campaign_app.audit import anchors, labels, service
from campaign_app.audit.anchors import Anchor
from campaign_app.core import clock, db
from campaign_app.kit import text
from campaign_app.launcher import console
from campaign_app.launcher.console import Problem


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The flags of `audit`."""
    made = commands.add_parser(
        "audit",
        help="check that the audit log is complete and unchanged, also against a saved anchor",
        description="Compares every entry with its seal, the signed end, the anchors of this host and those in FILE. "
        "Prints the present anchor: keep it where the database's administrators cannot change it.",
    )
    made.add_argument("--anchor", type=Path, metavar="FILE", help="a file with anchors: one saved, or a log")
    made.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """1 when the log was changed."""
    more = _read(given.anchor) if given.anchor else []
    found = asyncio.run(_prove(more))
    say = console.done if found.is_whole else console.warn
    say(labels.verdict(found, text.exact(clock.now(), "UTC")))
    if more:
        console.out.print(f"Compared with {text.plural(len(more), 'anchor')} of {given.anchor}")
    if found.is_whole:
        console.out.print(found.anchor.text(), markup=False)
    return int(not found.is_whole)


def _read(path: Path) -> list[Anchor]:
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.", "give the file that was saved") from None
    found = [anchor for line in lines if (anchor := anchors.parse(line))]
    if not found:
        raise Problem(
            f"{path} holds no anchor that this installation wrote.", "take another file, or the right var/secret.key"
        )
    return found


async def _prove(more: list[Anchor]) -> service.Proof:
    try:
        async with db.reading() as session:
            found = await service.prove(session, more)
        service.keep_anchor(found)
        return found
    finally:
        await db.dispose()
