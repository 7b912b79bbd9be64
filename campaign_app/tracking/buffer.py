"""Opens and clicks are buffered and written in batches, so that a hit needs no transaction of its own.

One buffer per process. A hit is answered at once; waiting hits are written at least every 200 ms, and at shutdown.
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from campaign_app.core import db, logging
from campaign_app.tracking import service
from campaign_app.tracking.hits import Hit

INTERVAL_S = 0.2
MOST_AT_ONCE = 500
MOST_WAITING = 200_000
_LONGEST_PAUSE_S = 10.0
log = logging.get("tracking")

Write = Callable[[Sequence[Hit]], Awaitable[None]]


async def _write(hits: Sequence[Hit]) -> None:
    async with db.transaction() as session:
        await service.record_hits(session, hits)


class Buffer:
    """Hits in the order in which they are due. `write` stores a batch in one transaction."""

    def __init__(self, write: Write = _write) -> None:
        self._write = write
        self._heap: list[tuple[float, int, Hit]] = []
        self._number = itertools.count()
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._lock = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, hit: Hit, hold_s: float = 0.0) -> None:
        """Add a hit. It is written within 200 ms, or after `hold_s` if it must be compared with later hits first."""
        if len(self._heap) >= MOST_WAITING:
            self.dropped += 1  # the database was away for minutes; the person still gets the page
            return
        self.start()
        heapq.heappush(self._heap, (asyncio.get_running_loop().time() + hold_s, next(self._number), hit))
        self._wake.set()

    def start(self) -> None:
        """Start writing on the running loop. Calling it again changes nothing."""
        loop = asyncio.get_running_loop()
        if self._loop is loop and self._task is not None and not self._task.done():
            return
        self._loop, self._lock = loop, asyncio.Lock()
        self._wake, self._stopping = asyncio.Event(), asyncio.Event()
        self._task = loop.create_task(self._run())

    async def stop(self) -> None:
        """Write all waiting hits, also held ones, and stop."""
        if self._task is None or self._loop is not asyncio.get_running_loop():
            return
        self._stopping.set()
        self._wake.set()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        try:
            await self.flush(everything=True)
        except Exception as error:
            log.error("events could not be written at shutdown", waiting=len(self._heap), error=repr(error))

    async def flush(self, *, everything: bool = False) -> int:
        """Write the hits that are due (or all); returns how many."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._lock = loop, asyncio.Lock()
        written = 0
        async with self._lock:
            while batch := self._take(everything):
                try:
                    await self._write([hit for _, _, hit in batch])
                except Exception:
                    for entry in batch:
                        heapq.heappush(self._heap, entry)
                    raise
                written += len(batch)
        return written

    def _take(self, everything: bool) -> list[tuple[float, int, Hit]]:
        now = asyncio.get_running_loop().time()
        batch: list[tuple[float, int, Hit]] = []
        while self._heap and len(batch) < MOST_AT_ONCE and (everything or self._heap[0][0] <= now):
            batch.append(heapq.heappop(self._heap))
        return batch

    async def _run(self) -> None:
        pause = INTERVAL_S
        while not self._stopping.is_set():
            if not self._heap:
                self._wake.clear()
                await self._wake.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            try:
                await self.flush()
                pause = INTERVAL_S
            except Exception as error:
                pause = min(2 * pause, _LONGEST_PAUSE_S)
                log.warning("events could not be written, trying again", waiting=len(self._heap), error=repr(error))


_buffer = Buffer()
put = _buffer.put
flush = _buffer.flush


async def start() -> None:
    """Start writing in this process."""
    _buffer.start()


async def stop() -> None:
    """Write all waiting hits, then stop."""
    await _buffer.stop()


@asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """For `app.register_lifespan_task`."""
    await start()
    try:
        yield
    finally:
        await stop()
