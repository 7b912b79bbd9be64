"""SIGKILL of the worker at random instants, compared with the sandbox's own log: recipients lost or sent to twice.

Twice for each database: with the worker's journal, and with the journal deleted after each kill (the disk was lost).
"""

import json
import random
import secrets
import signal
import time
import urllib.request
from argparse import Namespace
from collections import Counter
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from bench.installation import Installation, installed
from campaign_app.core import db, redis
from campaign_app.models.delivery import DeliveryStatus, Lease, LeaseState, Reason
from campaign_app.ops.demo import rehearsal

FAULTS = {
    "slow_ms": 5,
    "temporary_share": 0.01,
    "permanent_share": 0.01,
    "drop_before_dot": 0.0003,
    "drop_after_dot": 0.0003,
}
RETRY_SECONDS = "[1, 2, 4, 8, 8, 8]"  # temporary refusals come back within the run
AT_START = 0.15  # so many of the kills hit a worker that has only just been started
PATIENCE_S = 240.0


class Sandbox:
    """The witness: the sandbox's control API."""

    def __init__(self, url: str) -> None:
        self._url = url

    def _get(self, path: str, body: dict[str, Any] | None = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bytes(answer.read())

    def faults(self, settings: dict[str, Any]) -> None:
        """What goes wrong from now on."""
        self._get("/api/faults", settings)

    def accepted(self) -> int:
        """How many messages so far."""
        return int(json.loads(self._get("/api/log"))["accepted"])

    def cut_off(self) -> frozenset[str]:
        """Whose messages met a closed connection instead of an answer to the final dot."""
        return frozenset(json.loads(self._get("/api/cut-off"))["recipients"])

    def log(self) -> Counter[str]:
        """Recipient → how many messages, from the log file itself."""
        return Counter(recipient for _, recipient in self.times())

    def times(self) -> list[tuple[float, str]]:
        """Every acceptance: when (Unix seconds) and for whom."""
        lines = (line.split("\t") for line in self._get("/api/log.txt").decode().splitlines())
        return [(float(line[0]), line[1]) for line in lines]


def run(given: Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """One row per database and journal. `uncertain` is what the kills left in doubt, at most kills × connections with a
    journal; `uncertain_by_faults` what the sandbox did when it cut connections before its answer.
    """
    seed = given.seed if given.seed is not None else secrets.randbelow(1_000_000)
    runs = []
    for database in given.databases:
        for kept in (True, False):
            say(f"{database}, journal {'kept' if kept else 'deleted'}, {given.recipients:,} recipients, seed {seed}")
            with installed(database, BEACON_RETRY_SECONDS=RETRY_SECONDS) as installation:
                runs.append(_one(installation, given, random.Random(f"{seed} {database} {kept}"), kept, say))
            say(f"  {runs[-1]}")
    return {"runs": runs, "recipients": given.recipients, "seed": seed, "faults": FAULTS}


def _one(
    installation: Installation, given: Namespace, chance: random.Random, kept: bool, say: Callable[[str], None]
) -> dict[str, Any]:
    installation.stack.start_sandbox()
    sandbox = Sandbox(installation.stack.sandbox_url)
    sandbox.faults(FAULTS)
    campaign_id = installation.campaign(
        installation.people(given.recipients), installation.stack.smtp_port, given.connections
    )
    installation.start_worker()
    began = installation.launch(campaign_id)
    instants = sorted(chance.uniform(0.01, 0.9) * given.recipients for _ in range(given.kills))
    kills = 0
    for instant in instants:
        if chance.random() < AT_START:
            time.sleep(chance.uniform(0.0, 2.0))
        elif reached(installation, campaign_id, sandbox, instant):
            time.sleep(chance.uniform(0.0, 0.06))
        else:
            break
        installation.stack.stop("worker", signal.SIGKILL)
        kills += 1
        if not kept:
            lose_the_disk(installation)
        installation.start_worker(wait=False)
        say(f"  kill {kills} of {given.kills} after {sandbox.accepted():,} messages")
    installation.over(campaign_id, PATIENCE_S)
    seconds = round(time.time() - began, 1)
    found = installation.run(judge(campaign_id, sandbox.log(), sandbox.cut_off()))
    journal = "kept" if kept else "deleted"
    shown = {"database": installation.database, "journal": journal, "kills": kills, **found}
    return {**shown, "connections": given.connections, "seconds": seconds}


def reached(installation: Installation, campaign_id: int, sandbox: Sandbox, messages: float) -> bool:
    """Whether so many recipients are settled. False: the campaign ended before (without journal many are doubtful)."""
    end, look = time.monotonic() + PATIENCE_S, 0.0
    while sandbox.accepted() < messages:
        if time.monotonic() > look:
            counts = installation.run(rehearsal.counts(campaign_id))
            if counts["finished"] or not counts["pending"]:
                return False
            if counts["total"] - counts["pending"] >= messages:
                return True
            look = time.monotonic() + 1.0
        if time.monotonic() > end:
            raise TimeoutError(
                f"{sandbox.accepted()} messages after {PATIENCE_S:.0f} s\n{installation.stack.log('worker')}"
            )
        time.sleep(0.01)
    return True


def lose_the_disk(installation: Installation) -> None:
    """Delete the journal and let the 30 seconds pass after which a lease (and its job chain) counts as abandoned."""
    for path in (installation.stack.var / "journal").glob("*"):
        path.unlink()

    async def time_passes() -> None:
        async with db.transaction() as session:
            held = sa.update(Lease).where(sa.column("state") == LeaseState.HELD.value)
            await session.execute(held.values(expires_at=Lease.claimed_at))
        async for key in redis.client().scan_iter(match="chain:*"):
            await redis.client().delete(key)

    installation.run(time_passes())


async def judge(campaign_id: int, seen: Counter[str], cut: frozenset[str]) -> dict[str, int]:
    """The ledger against the log: `lost` are those it calls sent and the log does not know, and those left open.

    `cut`: whose messages the sandbox cut off. Where the worker was killed before it had written that, the ledger's
    reason speaks of the worker.
    """
    async with db.reading() as session:
        statement = sa.text("SELECT address, status, reason FROM delivery WHERE campaign_id = :campaign")
        rows = (await session.execute(statement, {"campaign": campaign_id})).all()
    states = Counter(str(status) for _, status, _ in rows)
    sent = sum(states[name] for name in ("sent", "delivered", "read", "replied", "bounced"))
    missing = sum(str(status) == DeliveryStatus.SENT.value and address not in seen for address, status, _ in rows)
    wrong = sum(str(status) == DeliveryStatus.FAILED.value and address in seen for address, status, _ in rows)
    doubtful = [
        (address, str(reason)) for address, status, reason in rows if str(status) == DeliveryStatus.UNCERTAIN.value
    ]
    cut_off = sum(reason == Reason.CONNECTION_LOST.value or address in cut for address, reason in doubtful)
    settled = sent + states["failed"] + states["skipped"] + states["uncertain"]
    return {
        "lost": missing + len(rows) - settled,
        "duplicates": sum(seen.values()) - len(seen),
        "uncertain": len(doubtful) - cut_off,
        "uncertain_by_faults": cut_off,
        "sent": sent,
        "failed": states["failed"],
        "failed_but_accepted": wrong,
        "accepted": sum(seen.values()),
    }
