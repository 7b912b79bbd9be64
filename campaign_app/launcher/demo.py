"""`./campaign demo`: the main job without a browser, through the real worker and the sandbox's SMTP server."""

import argparse
import asyncio
import json
import os
import secrets
import sys
import tempfile
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from campaign_app.core import db, redis
from campaign_app.core.config import settings
from campaign_app.launcher import console, database, redis_server
from campaign_app.launcher.children import Child, python_module
from campaign_app.launcher.supervisor import Stopped, Supervisor

START_S = 60.0
LOOK_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where this demo's sandbox listens."""

    smtp_port: int
    http_port: int

    def witness(self) -> dict[str, int]:
        """What the sandbox's own log says: accepted, distinct recipients, duplicates."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/api/log?by=recipient", timeout=10) as answer:
            found: dict[str, int] = json.load(answer)
            return found


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The flags of `demo`."""
    made = commands.add_parser(
        "demo",
        help="send a whole campaign through the sandbox and account for every recipient",
        description="Makes contacts and a campaign in a folder of its own, sends it through a real worker to the "
        "sandbox's SMTP server, and compares the ledger with the sandbox's own log. No mail leaves this machine. "
        "Exit code 1 when they do not agree.",
    )
    made.add_argument("--recipients", type=int, default=1_000, metavar="N", help="how many (default 1000)")
    made.add_argument("--rate", type=int, default=None, metavar="PER_MINUTE", help="limit (default: none)")
    made.add_argument("--json", action="store_true", help="print the accounting as one JSON object, nothing else")
    made.add_argument(
        "--keep", type=Path, default=None, metavar="FOLDER", help="keep the data there (default: thrown away)"
    )
    made.add_argument("--database", default="", metavar="URL", help="use this empty PostgreSQL database, not SQLite")
    made.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """0 when the accounting agrees with the sandbox's log, 1 otherwise."""
    if given.recipients < 1 or (given.rate is not None and given.rate < 1):
        raise console.Problem("--recipients and --rate are numbers from 1 up.", "for example --recipients 1000")
    if given.json:
        console.out.file = sys.stderr
    with ExitStack() as stack:
        folder = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="beacon-demo-")))
        supervisor = Supervisor()
        stack.enter_context(supervisor.signals())
        stack.callback(supervisor.stop_all)
        _private(folder.resolve(), given.database)
        try:
            result = _run(supervisor, given)
        except Stopped:
            return 130
    problems = disagreements(result)
    if given.json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        _show(result, problems)
    for problem in problems:
        console.err.print(f"[red]✗[/red] {problem}")
    return int(bool(problems))


def _private(folder: Path, database_url: str) -> None:
    """Make this process and its children use only the demo's folder, never the installation's data."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["BEACON_VAR"] = str(folder)
    os.environ["BEACON_SECRET_KEY"] = secrets.token_urlsafe(32)
    os.environ["DATABASE_URL"] = database_url
    redis_server.use(redis_server.url(folder))


def _run(supervisor: Supervisor, given: argparse.Namespace) -> dict[str, Any]:
    with console.step("Starting Redis, sandbox and worker", "Redis, sandbox and worker run"):
        sandbox = _start(supervisor)
    with console.step("Making contacts and a campaign", f"{given.recipients:,} contacts and a campaign made"):
        campaign_id = asyncio.run(_prepare(given, sandbox))
    seconds = asyncio.run(_send(supervisor, campaign_id, given.recipients))
    counts = asyncio.run(_counts(campaign_id))
    return account(counts, seconds, sandbox.witness())


def _start(supervisor: Supervisor) -> Sandbox:
    var = settings().var_dir
    supervisor.start(redis_server.child(var))
    ports_file = var / "sandbox" / "ports.json"
    ports_file.unlink(missing_ok=True)
    command = python_module("campaign_app.sandbox", "--smtp-port", "0", "--http-port", "0")
    supervisor.start(Child("Sandbox", command, {}, var / "logs" / "sandbox.log"))
    supervisor.wait_until(lambda: redis_server.answers(var), "Redis does not answer", START_S)
    database.migrate()
    supervisor.start(Child("Worker", python_module("campaign_app.worker"), {}, var / "logs" / "worker.log", 40))
    supervisor.wait_until(ports_file.exists, "The sandbox does not answer", START_S)
    return Sandbox(**json.loads(ports_file.read_text()))


async def _prepare(given: argparse.Namespace, sandbox: Sandbox) -> int:
    from campaign_app.ops.demo import rehearsal

    try:
        async with db.transaction() as session:
            campaign_id = await rehearsal.create(session, given.recipients, sandbox.smtp_port, given.rate)
        async with db.transaction() as session:
            await rehearsal.launch(session, campaign_id)
    finally:
        await _dispose()
    return campaign_id


async def _send(supervisor: Supervisor, campaign_id: int, total: int) -> float:
    """Wait until no recipient is pending; seconds from the campaign's start to its last message."""
    from campaign_app.ops.demo import rehearsal

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console.out) as bar:
            task = bar.add_task("Sending", total=total)
            while True:
                counts = await rehearsal.counts(campaign_id)
                bar.update(task, completed=counts["total"] - counts["pending"])
                if counts["finished"]:
                    return await rehearsal.seconds(campaign_id)
                await asyncio.to_thread(supervisor.pause, LOOK_EVERY_S)
                supervisor.tend()
    finally:
        await _dispose()


async def _counts(campaign_id: int) -> dict[str, int]:
    from campaign_app.ops.demo import rehearsal

    try:
        return await rehearsal.counts(campaign_id)
    finally:
        await _dispose()


async def _dispose() -> None:
    await db.dispose()
    await redis.dispose()


def account(counts: dict[str, int], seconds: float, witness: dict[str, int]) -> dict[str, Any]:
    """The accounting with exactly the keys that `--json` promises."""
    shown = {name: counts[name] for name in ("total", "sent", "failed", "bounced", "skipped", "uncertain", "pending")}
    accepted = counts["sent"] + counts["bounced"]
    return {
        **shown,
        "seconds": round(seconds, 3),
        "rate_per_second": round(accepted / seconds, 1) if seconds > 0 else 0.0,
        "witness": witness,
    }


def disagreements(result: dict[str, Any]) -> list[str]:
    """The contradictions in the accounting; empty when there are none.

    An uncertain recipient may or may not be in the witness log; everybody else is exactly once, or not at all.
    """
    states = sum(result[name] for name in ("sent", "failed", "bounced", "skipped", "uncertain", "pending"))
    surely = result["sent"] + result["bounced"]
    distinct = result["witness"]["distinct"]
    found = []
    if states != result["total"]:
        found.append(f"The states sum to {states}, the campaign has {result['total']} recipients.")
    if result["witness"]["duplicates"]:
        found.append(f"{result['witness']['duplicates']} messages reached somebody twice.")
    if not surely <= distinct <= surely + result["uncertain"]:
        found.append(f"The ledger says {surely} were sent, the sandbox's log holds {distinct} recipients.")
    if result["pending"]:
        found.append(f"{result['pending']} recipients are still pending.")
    return found


def _show(result: dict[str, Any], problems: list[str]) -> None:
    for name in ("total", "sent", "failed", "bounced", "skipped", "uncertain", "pending"):
        console.out.print(f"  {name:<10} {result[name]:>12,}")
    witness = result["witness"]
    console.out.print(f"  Took {result['seconds']:.1f} s, {result['rate_per_second']:,.0f} messages per second.")
    console.out.print(
        f"  Sandbox's own log: {witness['accepted']:,} accepted, {witness['distinct']:,} different recipients, "
        f"{witness['duplicates']:,} twice."
    )
    if not problems:
        console.done("Every recipient is accounted for, and the sandbox's log agrees")
