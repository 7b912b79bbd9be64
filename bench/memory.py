"""Peak memory of worker and web process for a small and a large campaign: what grows with the recipients?

The worker sends the whole campaign. The web process (fresh for each size) hands out the contacts and the campaign's
recipients as CSV, the campaign's tables of results, and a thousand pixels.
"""

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from bench import machine, target
from bench.installation import Installation, installed
from campaign_app.auth import service as auth
from campaign_app.core import db
from campaign_app.rendering import links

EMAIL, PASSWORD = "bench@example.com", "a password for benches only"
TABLES = ("recipients", "domains", "links", "minutes", "reasons")
PIXELS = 1_000


def run(given: Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Megabytes by size, and the ratio of the largest to the smallest."""
    runs = []
    for database in given.databases:
        worker, web = {}, {}
        for size in sorted({given.smallest, given.largest}):
            with installed(database) as installation:
                worker[size], web[size] = _peaks(installation, size, given.connections)
            say(f"  {database}, {size:,} recipients: worker {worker[size]:.0f} MB, web {web[size]:.0f} MB")
        runs.append({"database": database, "worker": _shown(worker), "web": _shown(web)})
    return {"runs": runs}


def _shown(peaks: dict[int, float]) -> dict[str, float]:
    sizes = sorted(peaks)
    megabytes = {str(size): round(peaks[size], 1) for size in sizes}
    return {**megabytes, "ratio": round(peaks[sizes[-1]] / peaks[sizes[0]], 3)}


def _peaks(installation: Installation, size: int, connections: int) -> tuple[float, float]:
    list_id = installation.people(size)
    pid = installation.start_worker()
    with target.sink() as sink:
        campaign_id = installation.campaign(list_id, sink.port, connections)
        installation.launch(campaign_id)
        sink.wait_for(size, 60)
        installation.over(campaign_id)
    worker = machine.peak_mb(pid)
    installation.stack.stop("worker")
    return worker, _web(installation, campaign_id)


def _web(installation: Installation, campaign_id: int) -> float:
    start_web(installation)
    with signed_in(installation) as client:
        paths = ["/files/contacts.csv", *(f"/files/campaigns/{campaign_id}/{name}.csv" for name in TABLES)]
        for path in paths:
            with client.stream("GET", path) as answer:
                if answer.status_code != httpx.codes.NOT_FOUND:  # a table that this version does not have
                    answer.raise_for_status()
                    for _ in answer.iter_raw():
                        pass
        for delivery_id in range(1, PIXELS + 1):
            client.get(pixel(delivery_id)).raise_for_status()
    peak = machine.peak_mb(installation.stack.processes["web"].pid)
    installation.stack.stop("web")
    return peak


def pixel(delivery_id: int) -> str:
    """The path of a delivery's pixel."""
    return httpx.URL(links.open_url(delivery_id)).path


def start_web(installation: Installation) -> None:
    """The web process without a built front end: same application, same guard."""
    installation.stack.start("web", "tests.backend")
    installation.stack.wait_for(f"{installation.stack.url}/api/health", "web", 120)


@contextmanager
def signed_in(installation: Installation) -> Iterator[httpx.Client]:
    """A client with the owner's session."""

    async def owner() -> None:
        async with db.transaction() as session:
            await auth.create_owner(session, EMAIL, "Bench", PASSWORD)

    installation.run(owner())
    with httpx.Client(
        base_url=installation.stack.url, headers={"Origin": installation.stack.url}, timeout=300
    ) as client:
        client.post("/auth/login", data={"email": EMAIL, "password": PASSWORD})
        if "beacon_session" not in client.cookies:
            raise RuntimeError("the bench could not sign in")
        yield client
