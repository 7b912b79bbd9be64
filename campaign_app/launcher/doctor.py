"""`./campaign doctor`: checks every part and says how to solve what is wrong."""

import argparse
import asyncio
import json
import sys
from dataclasses import asdict

from rich.table import Table

from campaign_app.core import db, redis
from campaign_app.core.config import settings
from campaign_app.launcher import console, redis_server
from campaign_app.ops import checkup
from campaign_app.ops.checkup import Check

MARKS = {"ok": "[green]✓[/green]", "warning": "[yellow]![/yellow]", "problem": "[red]✗[/red]"}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The flags of `doctor`."""
    made = commands.add_parser(
        "doctor",
        help="check database, Redis, migrations, front end, accounts, clock, disk",
        description="Checks every part of this installation and says how to fix what is wrong. Changes nothing.",
    )
    made.add_argument("--json", action="store_true", help="print the findings as JSON")
    made.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """1 when something is broken, 0 otherwise, also with warnings."""
    if not settings().redis_url and redis_server.answers(settings().var_dir):
        redis_server.use(redis_server.url(settings().var_dir))
    findings = asyncio.run(_look())
    if given.json:
        sys.stdout.write(json.dumps([asdict(f) for f in findings]) + "\n")
    else:
        _show(findings)
    return int(any(f.state == "problem" for f in findings))


async def _look() -> list[Check]:
    try:
        return await checkup.examine()
    finally:
        await db.dispose()
        await redis.dispose()


def _show(findings: list[Check]) -> None:
    table = Table(box=None, show_header=False, padding=(0, 1))
    for finding in findings:
        table.add_row(MARKS[finding.state], finding.part, finding.words)
        if finding.mend:
            table.add_row("", "", f"[bold]Fix:[/bold] {finding.mend}")
    console.out.print(table)
