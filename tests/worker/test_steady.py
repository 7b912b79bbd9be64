"""Cron lines when the clock is set: none waits for an hour, none runs an hour's turns one after another."""

from datetime import UTC, datetime, timedelta

import pytest
from arq.connections import ArqRedis
from arq.cron import cron

from campaign_app.core import clock, redis
from campaign_app.worker.steady import SteadyWorker

pytestmark = pytest.mark.usefixtures("redis_url")
NOON = datetime(2026, 11, 23, 12, 0, 2, tzinfo=UTC)


class Time:
    """What both clocks say."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.since_boot = NOON, 100.0
        monkeypatch.setattr(clock, "now", lambda: self.wall)
        monkeypatch.setattr(clock, "steady", lambda: self.since_boot)
        outer = self

        class _Datetime(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                return outer.wall

        monkeypatch.setattr("arq.worker.datetime", _Datetime)
        monkeypatch.setattr("arq.connections.timestamp_ms", lambda: int(self.wall.timestamp() * 1_000))

    def passes(self, seconds: float, jump: timedelta = timedelta()) -> None:
        self.since_boot += seconds
        self.wall += timedelta(seconds=seconds) + jump


async def tick(ctx: dict[str, object]) -> None:
    """A line of work."""


def _worker() -> SteadyWorker:
    line = cron(tick, name="cron:tick", second=set(range(0, 60, 10)))
    pool = ArqRedis(redis.pool())
    return SteadyWorker(functions=[], cron_jobs=[line], redis_pool=pool, queue_name="q", handle_signals=False)


async def _queued() -> int:
    return int(await redis.client().zcard("q"))


async def _beats(worker: SteadyWorker, time: Time, count: int) -> None:
    for _ in range(count):
        time.passes(0.5)
        await worker.heart_beat()


@pytest.mark.parametrize("hours", [-1, 1])
async def test_lines_go_on_within_their_turn(monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    time = Time(monkeypatch)
    worker = _worker()
    await _beats(worker, time, 20)
    assert await _queued() == 1
    time.passes(0.1, timedelta(hours=hours))
    await _beats(worker, time, 22)
    assert 2 <= await _queued() <= 3


async def test_an_hour_of_standing_still_is_not_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time(monkeypatch)
    worker = _worker()
    await _beats(worker, time, 2)
    time.passes(3_600)
    await _beats(worker, time, 22)
    assert 1 <= await _queued() <= 2
