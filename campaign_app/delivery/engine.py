"""The engine of one worker process: claims leases, feeds the senders, has outcomes written. Jobs only call `slice`."""

import asyncio
import socket
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from campaign_app.channels.base import Sender
from campaign_app.core import clock, db, logging
from campaign_app.core.config import settings
from campaign_app.core.errors import AppError
from campaign_app.core.rate_limit import Limiter
from campaign_app.delivery import chains, circuit, completion, fast, journal, loading, recovery
from campaign_app.delivery.fast import Owner
from campaign_app.delivery.feed import Feed
from campaign_app.delivery.holdings import Holdings
from campaign_app.delivery.lane import Lane
from campaign_app.delivery.line import Line
from campaign_app.delivery.loading import Loaded
from campaign_app.delivery.outbox import TROUBLE, LeaseLost, Outbox
from campaign_app.delivery.outcome import Outcome
from campaign_app.delivery.pacer import Pacer
from campaign_app.delivery.reach import Reach
from campaign_app.delivery.returns import Returns
from campaign_app.rendering.isolated import NotRunning

SLICE_S = 20.0
IDLE_S = 60.0
DRAIN_S = 5.0
REGIONS = 512  # leases at once: two of each of 256 campaigns
ELSEWHERE_S = 0.5
LOADING = 16  # campaigns at once, in their order; with more, somebody would be passed over at the pool of connections
log = logging.get("delivery")


@dataclass(frozen=True, slots=True)
class Again:
    """When a chain goes on; `at` None: nothing is left for it to do."""

    at: datetime | None


class Engine:
    """One per process. `start` before the first slice, `drain` and `close` at the end."""

    def __init__(self) -> None:
        self.name = journal.worker_name()
        self.started_at = clock.now()
        self.draining = False
        self.lanes: dict[int, Lane] = {}
        self.lines: dict[int, Line] = {}
        self._pacers: dict[int, Pacer] = {}
        self._feeds = Holdings()
        self.reach = Reach(self.spawn)
        self._slices: Counter[int] = Counter()
        self._claiming = 0
        self._returns = Returns()
        self._locks: dict[int, asyncio.Lock] = {}
        self._loading = asyncio.Semaphore(LOADING)
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self) -> None:
        """Open journal, store and limiter in the running loop.

        Raises:
            OSError: there is no room for the journal.
        """
        self._loop = asyncio.get_running_loop()
        self.journal = journal.Journal(self.name, REGIONS)
        self.owner = Owner(self.name, socket.gethostname()[:255], self.journal.label)
        self.store = fast.open_store([self.journal.fileno])
        self.limiter = Limiter()
        self.outbox = Outbox(self.store, self._feeds.holds, self._on_beat)
        self.outbox.start()

    # ── what lines ask ──

    def outcome(self, outcome: Outcome) -> None:
        """See line.Desk."""
        self.outbox.add(outcome)

    def is_stuck(self) -> bool:
        """See line.Desk."""
        return self.draining or self.outbox.is_full

    def refill(self, lane: Lane, feed: Feed) -> None:
        """See line.Desk."""
        feed.reading = True
        self.spawn(self._refill(lane, feed))

    def account_trouble(self, account_id: int, words: str) -> None:
        """See line.Desk."""
        for lane in self.lines[account_id].lanes.values():
            self._stop_lane(lane)
        self.spawn(self._open_circuit(account_id, words))

    def campaign_trouble(self, lane: Lane, words: str) -> None:
        """See line.Desk."""
        self.close_gate(lane.campaign_id)
        self.spawn(completion.pause(lane.campaign_id, words))

    # ── leases ──

    def _on_beat(self, lost: set[int], asked_at: float) -> None:
        for feed in self._feeds.answered(lost, asked_at):
            self.spawn(recovery.at_once(feed))
        for line in self.lines.values():
            line.wake()

    async def slice(self, campaign_id: int) -> Again:
        """Send of one campaign for a while, lease after lease; when its chain should go on."""
        soon = Again(clock.now() + timedelta(seconds=1))
        if self._slices[campaign_id] >= chains.PER_WORKER:  # leave it to another worker
            return Again(clock.now() + timedelta(seconds=ELSEWHERE_S))
        if self.draining or self.outbox.failing_since or self._is_full:
            return soon
        self._slices[campaign_id] += 1
        try:
            lane = await self._lane(campaign_id)
            if not isinstance(lane, Lane):
                return lane
            lane.slices += 1
            try:
                return await self._leases(lane)
            finally:
                lane.slices -= 1
                lane.idle_since = monotonic()
        except TROUBLE as error:
            self.reach.lost("slice", error)
            return soon
        finally:
            self._slices[campaign_id] -= 1

    async def _leases(self, lane: Lane) -> Again:
        end = monotonic() + SLICE_S
        while True:
            at = clock.now()
            if self._is_full or self.lanes.get(lane.campaign_id) is not lane:
                return Again(at + timedelta(milliseconds=200))
            feed = next((feed for feed in lane.feeds if not (feed.attended or feed.taken_up.is_set())), None)
            if feed is None:
                seen = self._returns.count(lane.campaign_id)
                feed = await self._claim(lane, at)
                if feed is None:
                    left = end - monotonic()
                    return Again(await self._returns.nothing_open(lane.campaign_id, seen, left, self._feeds.of))
            await self._attend(feed, end)
            if lane.closed or lane.again_at or self.draining or feed.lost or monotonic() > end:
                return Again(lane.again_at or clock.now() + timedelta(seconds=0.5 if lane.closed else 0))

    @property
    def _is_full(self) -> bool:
        return self.outbox.is_full or self.journal.free <= self._claiming

    async def _claim(self, lane: Lane, at: datetime) -> Feed | None:
        self._claiming += 1  # the journal's room is kept for those who still wait for the database
        asked_at = clock.steady()
        try:
            claimed = await self.store.claim(lane.campaign_id, self.owner, lane.ahead(), at)
        finally:
            self._claiming -= 1
        return None if claimed is None else self._take_over(lane, claimed, asked_at)

    async def _attend(self, feed: Feed, end: float) -> None:
        """Until the lease has no more rows, or the slice is over: the feed goes on, the next job attends to it."""
        feed.attended = True
        try:
            await asyncio.wait_for(feed.taken_up.wait(), max(0.0, end - monotonic()))
        except TimeoutError:
            pass
        finally:
            feed.attended = False

    def _take_over(self, lane: Lane, claimed: fast.ClaimedLease, asked_at: float) -> Feed:
        hold = claimed.hold
        region = self.journal.acquire(hold.lease_id, hold.epoch)
        assert region is not None, "asked before the claim"
        feed = Feed(hold, region, asked_at, self._on_empty)
        self._feeds.add(feed)
        if lane.closed or lane.again_at or self.draining:  # stopped while it was being claimed
            feed.stop()
            return feed
        lane.feeds.append(feed)
        feed.extend(claimed.rows, claimed.reach_id)
        self._pacers[lane.campaign_id].start()
        line = self.lines[lane.limits.account_id]
        line.enter(lane)
        line.wake()
        return feed

    async def _refill(self, lane: Lane, feed: Feed) -> None:
        try:
            more = await self.store.read_more(feed.hold, feed.after_id, lane.ahead(), clock.now())
        except TROUBLE as error:
            log.warning("lease not read on", lease=feed.hold.lease_id, error=repr(error)[:200])
            await asyncio.sleep(0.5)
            more = ([], feed.after_id)
        finally:
            feed.reading = False
        if more is None:
            if not feed.taken_up.is_set():
                self._feeds.lose(feed)
                self.spawn(recovery.at_once(feed))
            feed.stop()
            return
        feed.extend(*more)
        if not feed.rows and not feed.exhausted:
            self.refill(lane, feed)
        self.lines[lane.limits.account_id].wake()

    def _on_empty(self, feed: Feed) -> None:
        self.spawn(self._give_back(feed))

    async def _give_back(self, feed: Feed) -> None:
        """Everything of this lease is settled: write it, end the lease, and see whether the campaign is over."""
        hold = feed.hold
        available = await self._finish(feed)
        feed.region.release()
        lane = self.lanes.get(hold.campaign_id)
        if lane is not None:
            lane.lingering.discard(feed)
            if feed in lane.feeds:
                lane.feeds.remove(feed)
            lane.dirty = True
        self._returns.note(hold.campaign_id)
        if available is not None:  # a job that found nothing to do may have ended
            await chains.start(hold.campaign_id, available)
        elif not feed.lost and not self._feeds.of(hold.campaign_id):
            await completion.look(hold.campaign_id)

    async def _finish(self, feed: Feed) -> datetime | None:
        """Write what is left of a feed and end its lease; when that can be claimed again."""
        if not feed.lost:
            try:
                available = await self.outbox.finish(feed.hold)
            except LeaseLost:
                self._feeds.lose(feed)
            else:
                self._feeds.remove(feed)
                return available
        await recovery.at_last(self.outbox, feed)
        self._feeds.remove(feed)
        return None

    # ── lanes and lines ──

    async def _lane(self, campaign_id: int) -> Lane | Again:
        """The lane of a running campaign, up to date; or when to ask again."""
        async with self._locks.setdefault(campaign_id, asyncio.Lock()), self._loading:
            at = clock.now()
            async with db.reading() as session:
                try:
                    loaded = await loading.load(session, campaign_id, at)
                    if loaded is None:
                        return Again(None)
                    if loaded.opens_at is None or loaded.opens_at > at:
                        return Again(loaded.opens_at)
                    lane = self.lanes.get(campaign_id)
                    if lane is None or lane.version != loaded.version:
                        lane = await loading.make_lane(session, loaded)
                except NotRunning as error:
                    log.warning("message not read, trying again", campaign=campaign_id, error=error.message)
                    return Again(at + timedelta(seconds=1))
                except (AppError, ValueError) as error:
                    await completion.stop_campaign(campaign_id, error)
                    return Again(None)
            return self._install(lane, loaded, at)

    def _install(self, lane: Lane, loaded: Loaded, at: datetime) -> Lane:
        known = self.lanes.setdefault(lane.campaign_id, lane)
        if known is not lane and known.limits.account_id == lane.limits.account_id:
            known.adopt(lane)
            lane = known
        elif known is not lane:
            self._stop_lane(known)
            self.lanes[lane.campaign_id] = lane
            self._pacers.pop(lane.campaign_id, None)
        line = self._line(loaded)
        lane.closed, lane.again_at, lane.closes_at = False, None, None
        if loaded.closes_at is not None:
            lane.closes_at = monotonic() + (loaded.closes_at - at).total_seconds()
        if lane.campaign_id not in self._pacers:
            self._pacers[lane.campaign_id] = Pacer(
                self.limiter, lane, line.wake, line.limits_of, completion.sent_today, line.slowing
            )
        return lane

    def _line(self, loaded: Loaded) -> Line:
        account_id = int(loaded.account.id or 0)
        line = self.lines.get(account_id)
        if line is None:
            line = self.lines[account_id] = Line(account_id, self, settings().retry_seconds)
        if line.sender is None or line.version != loaded.account_version:

            def make(source: Line) -> Sender:
                return loaded.adapter.sender(
                    loaded.config,
                    source,
                    on_capabilities=lambda found: self.spawn(completion.learn(account_id, found)),
                )

            old = line.use(make, loaded.account_version)
            if old is not None:
                self.spawn(self._retire(old))
        return line

    async def _retire(self, sender: Sender) -> None:
        await sender.drain(DRAIN_S * 6)
        await sender.close()

    def _stop_lane(self, lane: Lane) -> None:
        unused = lane.stop()
        if unused:
            self.spawn(self.limiter.give_back(lane.limits, unused))

    async def _open_circuit(self, account_id: int, words: str) -> None:
        async with db.transaction() as session:
            await circuit.open_circuit(session, account_id, words)

    def close_gate(self, campaign_id: int) -> None:
        """Paused or cancelled: act at once."""
        lane = self.lanes.get(campaign_id)
        if lane is not None:
            lane.closed = True
            self._stop_lane(lane)

    def look_at_windows(self) -> None:
        """Stop lanes whose sending window has closed."""
        now = monotonic()
        for lane in self.lanes.values():
            if lane.closes_at is not None and now >= lane.closes_at and lane.feeds:
                lane.again_at = clock.now()
                self._stop_lane(lane)

    async def tidy(self) -> None:
        """Forget lanes and close connections that have not been used for a minute."""
        old = monotonic() - IDLE_S
        for campaign_id, lane in list(self.lanes.items()):
            if not (lane.feeds or lane.lingering or lane.slices or lane.in_flight) and lane.idle_since < old:
                self.lanes.pop(campaign_id)
                self._locks.pop(campaign_id, None)
                self._returns.forget(campaign_id)
                self.lines[lane.limits.account_id].lanes.pop(campaign_id, None)
                await self._pacers.pop(campaign_id).stop()
        used = {lane.limits.account_id for lane in self.lanes.values()}  # some have not got their first lease yet
        for account_id, line in list(self.lines.items()):
            if account_id not in used and line.sender is not None and not line.sender.in_flight:
                self.lines.pop(account_id)
                await line.sender.close()

    # ── the end ──

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something beside; what goes wrong is logged."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background work failed", error=repr(error)[:500])

    @property
    def in_flight(self) -> int:
        """Messages taken and not settled."""
        return sum(lane.in_flight for lane in self.lanes.values())

    async def drain(self, timeout_s: float = DRAIN_S) -> bool:
        """Take nothing more, wait for the answers under way, write everything, give the leases back.

        False: the database was away; the journal keeps what could not be written.
        """
        self.draining = True
        for lane in self.lanes.values():
            self._stop_lane(lane)
        senders = [line.sender for line in self.lines.values() if line.sender is not None]
        await asyncio.gather(*(sender.drain(timeout_s) for sender in senders), return_exceptions=True)
        for feed in self._feeds:
            feed.stop()
        done = await self.outbox.settle(timeout_s)
        await asyncio.gather(*(sender.close() for sender in senders), return_exceptions=True)
        return done

    async def close(self) -> None:
        """Everything is given back (or the journal stays for the sweep)."""
        for pacer in self._pacers.values():
            await pacer.stop()
        written = await self.outbox.close()
        pending = [task for task in self._tasks if not task.done()]
        if pending:
            _, late = await asyncio.wait(pending, timeout=2)
            for task in late:
                task.cancel()
        await self.store.close()
        self.journal.close(remove=written and not self._feeds)
