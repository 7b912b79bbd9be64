"""Opens: how fast a hit is answered while a campaign sends at full speed, and what storing one costs beside the ORM.

The hits come at a fixed rate whatever the answers do, so a slow answer does not hide those behind it.
"""

import asyncio
import statistics
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from bench import target
from bench.installation import Installation, installed
from bench.memory import pixel, start_web
from bench.references import orm_tracking
from campaign_app.core import clock, db
from campaign_app.models.delivery import EventKind
from campaign_app.tracking import buffer, service
from campaign_app.tracking.hits import Hit

HITS_PER_SECOND = 100
IDLE_S = 3.0
ORM_SHARE = 10  # the ORM stores a tenth of the hits
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Thunderbird/128.0"


def run(given: Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Per database: milliseconds idle and while sending; hits per second stored, ours, the ORM's, the ratio."""
    shown: dict[str, Any] = {}
    for database in given.databases:
        with installed(database) as installation:
            installation.start_worker()
            list_id = installation.people(given.recipients)
            answered = _answered(installation, list_id, given)
            say(f"  {database}: {answered}")
            stored = _stored(installation, given)
            say(f"  {database}: {stored}")
        shown[database] = {**answered, **stored}
    return {**shown, "hits_per_second": HITS_PER_SECOND, "recipients": given.recipients}


# ── answered ──


def _answered(installation: Installation, list_id: int, given: Namespace) -> dict[str, Any]:
    start_web(installation)
    with target.sink() as sink:
        campaign_id = installation.campaign(list_id, sink.port, given.connections)
        installation.run(_warm_up(installation.stack.web_port))
        idle = installation.run(_hits(installation.stack.web_port, given.recipients, lambda since: since >= IDLE_S))
        done = threading.Event()
        began = installation.launch(campaign_id)

        def watch() -> None:
            sink.wait_for(given.recipients, 120)
            done.set()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        busy = installation.run(
            _hits(installation.stack.web_port, given.recipients, lambda since: done.is_set() or since > 300)
        )
        watcher.join()
        rate = given.recipients / (sink.seen().last - began)
        installation.over(campaign_id)
    installation.stack.stop("web")
    return {
        **{f"idle_{name}": value for name, value in _percentiles(idle).items()},
        **{f"sending_{name}": value for name, value in _percentiles(busy).items()},
        "hits_while_sending": len(busy),
        "sent_per_second": round(rate),
    }


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    if len(seconds) < 2:
        return {"p50_ms": 0.0, "p99_ms": 0.0}
    found = statistics.quantiles(seconds, n=100, method="inclusive")
    return {"p50_ms": round(found[49] * 1_000, 2), "p99_ms": round(found[98] * 1_000, 2)}


async def _warm_up(port: int) -> None:
    await _hits(port, 1, lambda since: since > 0.5)


async def _hits(port: int, deliveries: int, enough: Callable[[float], bool]) -> list[float]:
    """One pixel every 10 ms over connections that stay open; seconds from when it was due to the whole answer."""
    found: list[float] = []
    idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(16):
        idle.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    running: set[asyncio.Task[None]] = set()
    began = time.perf_counter()
    number = 0
    while not enough(time.perf_counter() - began):
        due = began + number / HITS_PER_SECOND
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(_hit(idle, pixel(number % deliveries + 1), due, found))
        running.add(task)
        task.add_done_callback(running.discard)
        number += 1
    await asyncio.gather(*running)
    while not idle.empty():
        idle.get_nowait()[1].close()
    return found


async def _hit(idle: Any, path: str, due: float, found: list[float]) -> None:
    reader, writer = await idle.get()
    writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\nUser-Agent: {AGENT}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise RuntimeError(head.decode())
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.partition(b":")[2]))
    found.append(time.perf_counter() - due)
    idle.put_nowait((reader, writer))


# ── stored ──


def _stored(installation: Installation, given: Namespace) -> dict[str, Any]:
    ours, theirs = [], []
    for _ in range(given.rounds):
        ours.append(installation.run(_batched(given.hits, given.recipients)))
        theirs.append(installation.run(_one_by_one(max(10, given.hits // ORM_SHARE), given.recipients)))
    return {
        "stored_per_second": round(statistics.median(ours)),
        "orm_stored_per_second": round(statistics.median(theirs)),
        "ratio": round(statistics.median(one / other for one, other in zip(ours, theirs, strict=True)), 1),
    }


def _opens(count: int, deliveries: int) -> Iterator[Hit]:
    at = clock.now()
    return (Hit(EventKind.OPEN, n % deliveries + 1, at, ip="192.0.2.7", user_agent=AGENT) for n in range(count))


async def _batched(count: int, deliveries: int) -> float:
    hits, began = _opens(count, deliveries), time.perf_counter()
    while batch := list(islice(hits, buffer.MOST_AT_ONCE)):
        async with db.transaction() as session:
            await service.record_hits(session, batch)
    return count / (time.perf_counter() - began)


async def _one_by_one(count: int, deliveries: int) -> float:
    began = time.perf_counter()
    for hit in _opens(count, deliveries):
        await orm_tracking.store(hit.delivery_id, hit.at, hit.ip, hit.user_agent)
    return count / (time.perf_counter() - began)
