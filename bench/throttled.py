"""A provider that accepts five messages a second: the time for 200 recipients, and the share of refused attempts.

A real worker on SQLite, an account and a provider for each case, all at the same time: only the provider is slow. The
cases differ in words, command, distance, connections and what the provider lets through at once.
"""

from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import sqlalchemy as sa

from bench import target
from bench.installation import Installation, installed
from bench.target import Sink
from campaign_app.core import db

ALLOWED = 5
CONNECTIONS = 10
PATIENCE_S = 180.0
_RATE = ("--per-second", str(ALLOWED))
CASES: dict[str, tuple[str, ...]] = {
    "451 at RCPT": (*_RATE, "--burst", "5", "--words", "451 4.7.1 Rate limit exceeded, try again later"),
    "454 at MAIL": (*_RATE, "--burst", "5", "--words", "454 4.7.0 Throttling failure: rate exceeded", "--at", "MAIL"),
    "no burst": (*_RATE, "--burst", "1"),
    "burst of 25": (*_RATE, "--burst", "25"),
    "two connections": (*_RATE, "--burst", "5", "--most-connections", "2"),
    "100 ms away": (*_RATE, "--burst", "5", "--rtt-ms", "100"),
}


def run(given: Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Every case, and the worst of them."""
    names = [name for name in CASES if not given.case or name in given.case]
    with installed(given.databases[0]) as installation, ExitStack() as sinks:
        installation.start_worker()
        began: dict[str, tuple[Sink, int, float]] = {}
        for name in names:
            sink = sinks.enter_context(target.sink(options=CASES[name]))
            list_id = installation.people(given.people, f"case{len(began)}.example")
            campaign_id = installation.campaign(list_id, sink.port, CONNECTIONS)
            began[name] = sink, campaign_id, installation.launch(campaign_id)
        cases = [_case(installation, name, given.people, *began[name]) for name in names]
    for found in cases:
        say(f"  {found}")
    return {
        "allowed_per_second": ALLOWED,
        "seconds": max(found["seconds"] for found in cases),
        "refused_share": max(found["refused_share"] for found in cases),
        "attempts_lost": sum(found["attempts_lost"] for found in cases),
        "people": given.people,
        "cases": cases,
    }


def _case(
    installation: Installation, name: str, people: int, sink: Sink, campaign_id: int, launched: float
) -> dict[str, Any]:
    """One campaign's end.

    Raises:
        RuntimeError: the provider's log and the ledger do not agree.
    """
    counts = installation.over(campaign_id, PATIENCE_S)
    seen = sink.seen()
    if (seen.accepted, seen.distinct, counts["sent"]) != (people, people, people):
        raise RuntimeError(f"{name}: {seen} of {people}, ledger {counts}")
    return {
        "case": name,
        "seconds": round(seen.last - launched, 1),
        "refused": seen.refused,
        "refused_share": round(seen.refused / (seen.refused + seen.accepted), 4),
        "attempts_lost": installation.run(_attempts(campaign_id)) - people,
    }


async def _attempts(campaign_id: int) -> int:
    async with db.reading() as session:
        statement = sa.text("SELECT SUM(attempts) FROM delivery WHERE campaign_id = :campaign")
        return int((await session.execute(statement, {"campaign": campaign_id})).scalar_one())
