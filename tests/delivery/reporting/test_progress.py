"""One small JSON, five times a second at most, the same for every page."""

import json
from datetime import timedelta
from time import monotonic

import pytest

from campaign_app.core import db, redis
from campaign_app.core.actor import SYSTEM
from campaign_app.delivery import service
from campaign_app.delivery.reporting import progress, worker_reports
from campaign_app.delivery.reporting.progress import RecentMessage, WorkerProgress
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.delivery.runtime.meter import Meter
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignStatus
from tests.channels.accounts import smtp_row
from tests.delivery import factory
from tests.delivery.conftest import Drive, launch
from tests.delivery.factory import AT
from tests.delivery.scripted import Script

KEYS = {
    "campaign_id", "status", "status_reason", "counters", "in_flight", "rate_per_minute", "seconds_left", "finishes_at",
    "last", "at",
}  # fmt: skip


def test_the_meter_slides() -> None:
    meter = Meter(window_s=5.0)
    assert meter.per_minute(0.0) == 0.0
    for second in range(10):
        meter.add(10, float(second))
    assert meter.per_minute(9.0) == pytest.approx(60 * 60 / 5)
    assert meter.per_minute(20.0) == 0.0


def _campaign(**values: object) -> Campaign:
    return Campaign(**{"id": 1, "name": "C", "status": CampaignStatus.RUNNING, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "account", "measured", "expected"),
    [
        ({"rate_per_minute": 60}, {}, 60.0, 600.0),
        ({}, {"limit_per_minute": 120}, 0.0, 300.0),
        ({}, {}, 1_200.0, 30.0),
        ({"batch_size": 100, "batch_delay_ms": 10_000, "rate_per_minute": 6_000}, {}, 5_000.0, 66.0),
    ],
)
def test_time_left_knows_limits_and_speed(
    values: dict[str, int], account: dict[str, int], measured: float, expected: float
) -> None:
    found = progress.seconds_left(
        _campaign(**values),
        smtp_row(name="a", host="h", port=1, from_address="a@b.example", **account),
        600,
        measured,
        AT,
    )
    assert found == pytest.approx(expected, rel=0.05)


def test_time_left_waits_for_the_window() -> None:
    nights = {"zone": "UTC", "days": {str(day): [["20:00", "21:00"]] for day in range(7)}}
    found = progress.seconds_left(_campaign(rate_per_minute=60, windows=nights), None, 60, 0.0, AT)
    assert found == pytest.approx(11 * 3_600 + 60, abs=1)


def test_all_workers_make_one_picture() -> None:
    sent = {"name": "N", "address": "a@b.example", "status": "sent", "reason": "", "response": "250"}
    messages = [RecentMessage(id=n, at=(AT + timedelta(seconds=n)).isoformat(), **sent) for n in range(30)]
    shares = [
        {"in_flight": 3, "rate_per_minute": 100.0, "last": [vars_of(line) for line in messages[::2]]},
        {"in_flight": 4, "rate_per_minute": 50.0, "last": [vars_of(line) for line in messages[1::2]]},
    ]
    body = progress.build(_campaign(), None, CampaignCounter(campaign_id=1, total=10, pending=5, sent=5), shares, AT)
    assert set(body) == KEYS
    assert (body["in_flight"], body["rate_per_minute"]) == (7, 150.0)
    assert [line["id"] for line in body["last"]] == list(range(29, 9, -1))
    assert body["counters"]["sent"] == 5
    json.dumps(body)


def vars_of(line: RecentMessage) -> dict[str, object]:
    return dict(line)


@pytest.mark.usefixtures("redis_url")
async def test_only_one_worker_has_its_turn() -> None:
    share = WorkerProgress(0, 0.0, [])
    turns = [await progress.put_shares(f"w{n}", {5: share, 6 + n: share}) for n in range(3)]
    assert turns == [[5, 6], [7], [8]]


async def test_published_and_kept(engine: Engine, drive: Drive, scripts: dict[int, Script]) -> None:
    account_id = await factory.account()
    scripts[account_id] = Script()
    campaign_id = await factory.campaign(account_id, [await factory.audience(40)])
    before = await progress.snapshot(campaign_id)
    assert before is not None
    assert before["status"] == "draft"
    assert await progress.snapshot(10**6) is None
    listener = redis.client().pubsub()
    await listener.subscribe(progress.channel(campaign_id))
    await launch(campaign_id)
    await drive(campaign_id)
    reporter = worker_reports.Reporter(engine)
    await reporter.report([engine.registry.runners[campaign_id]], 0.0)
    kept = await progress.snapshot(campaign_id)
    assert kept is not None
    assert (kept["status"], kept["counters"]["sent"], len(kept["last"])) == ("completed", 40, 20)
    assert kept["last"][0]["response"] == "250 2.0.0 queued"
    heard = [await listener.get_message(timeout=1.0) for _ in range(2)]
    assert json.loads(heard[1]["data"]) == kept  # type: ignore[index]
    await listener.aclose()
    await redis.client().flushdb()
    again = await progress.snapshot(campaign_id)
    assert again is not None
    assert again["counters"] == kept["counters"]


async def test_workers_are_heard_of(engine: Engine) -> None:
    reporter = worker_reports.Reporter(engine)
    await reporter.heartbeat(0.0)
    (found,) = await worker_reports.workers(SYSTEM)
    assert (found.name, found.in_flight, found.draining) == (engine.name, 0, False)
    assert (found.unwritten, found.failing_since) == (0, None)
    engine.writer.failing_since = monotonic() - 12
    await reporter.heartbeat(monotonic())
    (found,) = await worker_reports.workers(SYSTEM)
    assert found.failing_since is not None
    assert (found.heard_at - found.failing_since).total_seconds() == pytest.approx(12, abs=0.5)
    await reporter.farewell()
    assert await worker_reports.workers(SYSTEM) == []


async def test_status_changes_are_told(engine: Engine, scripts: dict[int, Script]) -> None:
    account_id = await factory.account()
    scripts[account_id] = Script()
    campaign_id = await factory.campaign(account_id, [await factory.audience(3)])
    await launch(campaign_id)
    async with db.transaction() as session:
        await service.pause(session, SYSTEM, campaign_id, "because")
    body = (await progress.publish([campaign_id]))[campaign_id]
    assert await progress.publish([10**6]) == {}
    assert (body["status"], body["status_reason"], body["seconds_left"]) == ("paused", "because", None)
