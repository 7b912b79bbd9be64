"""What the operations page says of stores and of processes that hung."""

from datetime import UTC, datetime, timedelta

from campaign_app.ops.hangs import Hang, Hangs
from campaign_app.ops.memory import Memory
from campaign_app.ops.schemas import Stores
from campaign_app.ui.operations import store_presenter

AT = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
MB = 1024**2
LAST = Hang(AT - timedelta(minutes=14), "worker", "here", 41, 15.2, "busy.py, line 7, in work")


def stores(memory: Memory | None, redis_ms: float | None = 0.4) -> Stores:
    return Stores("SQLite", 1.0, redis_ms, None, None, memory)


def test_redis_says_how_full_it_is() -> None:
    assert store_presenter.redis(stores(None, None)) == "Does not answer"
    assert store_presenter.redis(stores(Memory(34 * MB, 1_024 * MB, "noeviction"))) == (
        "Answers in less than 1 ms, 34 MB of 1,024 MB used"
    )
    assert store_presenter.redis_faults(stores(Memory(34 * MB, 1_024 * MB, "noeviction"))) == []
    assert "allkeys-lru" in store_presenter.redis_faults(stores(Memory(34 * MB, 1_024 * MB, "allkeys-lru")))[0][0]


def test_a_hang_is_news_for_a_day_and_counted_for_ever() -> None:
    found = Hangs(3, (LAST,))
    assert store_presenter.hung(Hangs(), AT, "UTC") == "None"
    assert store_presenter.hung(found, AT, "UTC").startswith("3, last 14 min")
    note = store_presenter.hang_note(found, AT, "UTC")
    assert note is not None
    assert note[0].startswith("The worker process 41 on here hung and was replaced")
    assert "It stood in busy.py, line 7, in work." in note[1]
    assert store_presenter.hang_note(found, AT + timedelta(days=2), "UTC") is None
    assert store_presenter.hang_note(Hangs(), AT, "UTC") is None
