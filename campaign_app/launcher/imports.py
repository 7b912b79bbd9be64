"""`./campaign import`: a CSV file into the contacts, without a browser."""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from campaign_app.core import db, redis
from campaign_app.launcher import console, redis_server
from campaign_app.launcher.console import Problem


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The flags of `import`."""
    made = commands.add_parser(
        "import",
        help="import contacts from a CSV file",
        description="Detects encoding, delimiter and columns, cleans values, merges duplicates. "
        "The same file twice changes nothing.",
    )
    made.add_argument("file", type=Path, help="the CSV file")
    made.add_argument("--list", default="", metavar="NAME", help="add the contacts to this list (created if needed)")
    made.add_argument("--country", default="", metavar="DE", help="country of telephone numbers without a code")
    made.add_argument(
        "--encoding", default="", metavar="NAME", help="the file's encoding, such as cp1250 (default: detected)"
    )
    made.add_argument("--rows-above", type=int, metavar="N", help="rows above the headings to skip (default: detected)")
    made.add_argument("--json", action="store_true", help="print the result as one JSON object")
    made.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """0 when the file was imported."""
    if not given.file.is_file():
        raise Problem(f"There is no file {given.file}.", "check the name")
    from campaign_app.launcher.database import migrate

    with redis_server.available():
        migrate()
        result = asyncio.run(_import(given))
    if given.json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
        return 0
    for name, value in result.items():
        if not isinstance(value, dict | list):
            console.out.print(f"{name.replace('_', ' '):<24} {value}", markup=False)
    for name, value in result.items():
        if isinstance(value, dict):
            console.out.print(
                f"{name.replace('_', ' ')}: {', '.join(f'{k} {v}' for k, v in value.items())}", markup=False
            )
    return 0


async def _import(given: argparse.Namespace) -> dict[str, Any]:
    from campaign_app.audience import imports
    from campaign_app.audience.errors import EncodingUnknown

    try:
        return dict(
            await imports.run_now(
                given.file, given.list, given.country, encoding=given.encoding, rows_above=given.rows_above
            )
        )
    except EncodingUnknown as unknown:
        best = unknown.candidates[0][0]
        raise Problem(unknown.message, f"look at the samples and name one: --encoding {best}") from None
    finally:
        await db.dispose()
        await redis.dispose()
