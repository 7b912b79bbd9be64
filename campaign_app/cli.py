"""`python -m campaign_app.cli`, which is what `./campaign` runs: the commands and how their errors are shown."""

import argparse
import sys

from campaign_app import __version__
from campaign_app.core.errors import AppError
from campaign_app.launcher import (
    benchmark,
    console,
    demo,
    doctor,
    evidence,
    imports,
    locking,
    processes,
    testing,
    up,
    users,
)

DESCRIPTION = """Beacon: build, approve, send and measure campaigns.

Start with:   ./campaign up            (your own installation)
         or:  ./campaign up --demo     (with demo data; no mail leaves this machine)"""


def parser() -> argparse.ArgumentParser:
    """Every command with its flags."""
    made = argparse.ArgumentParser(
        prog="./campaign", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--version", action="version", version=f"Beacon {__version__}")
    commands = made.add_subparsers(metavar="command", required=True)
    for module in (up, demo, imports, users, doctor, evidence, testing, benchmark, locking):
        module.add_parser(commands)
    processes.add_parsers(commands)
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code."""
    given, rest = parser().parse_known_args(arguments)
    if rest and not getattr(given, "rest", False):
        parser().error(f"not known: {' '.join(rest)}")
    given.arguments = rest
    try:
        code: int = given.run(given)
    except console.Problem as problem:
        console.show(problem)
        return 1
    except AppError as error:
        console.show(console.Problem(error.message, error.hint))
        return 1
    except KeyboardInterrupt:
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
