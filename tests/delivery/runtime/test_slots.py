"""Slots are used in order, never before their time, and never caught up beyond a hair."""

from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_app.core.rate_limit import Limiter, Limits
from campaign_app.delivery.runtime.slots import Slots, tolerance


def test_not_before_its_time() -> None:
    slots = Slots()
    slots.grant(10.0, 0.5, 2)
    assert not slots.take(9.999)
    assert slots.take(10.0)
    assert not slots.take(10.4)
    assert slots.next_at(10.4) == 10.5
    assert slots.take(10.5)
    assert slots.next_at(11.0) is None
    assert not slots.take(99.0)


def test_unlimited_ends_when_the_gate_was_last_seen_open() -> None:
    slots = Slots()
    slots.free(5.0)
    assert slots.take(4.9)
    assert not slots.take(5.0)
    assert slots.drop() == 0


def test_a_slot_that_is_a_little_late_counts_earlier_ones_do_not() -> None:
    slots = Slots()
    slots.grant(0.0, 1.0, 10)
    assert slots.take(3.3)  # the slots of 0, 1 and 2 are lost, that of 3 is used
    assert not slots.take(3.6)
    assert slots.next_at(3.6) == 4.0
    assert not slots.take(4.7)
    assert slots.unused() == (4, 0)


@pytest.mark.parametrize("rate", [1 / 60, 1 / 3, 0.9, 59 / 60, 1, 5, 14, 60, 99, 100, 150, 199, 200, 250, 1_000, 5_000])
async def test_one_late_message_breaks_no_second(rate: float, redis_url: str) -> None:
    """The first as late as it may be, the others on time; as the limiter grants them, and while it lets catch up."""
    limiter, limits = Limiter(), Limits(1, 1, per_minute=60 * rate)
    steady = await limiter.reserve(limits, 1, 200.0)
    hurried = await limiter.reserve(limits, 1, 200.0, missed=5)
    assert hurried.interval_s < steady.interval_s
    for interval in (steady.interval_s, hurried.interval_s):
        late = tolerance(interval)
        used = [late, *(number * interval for number in range(1, int(rate * 2) + 9))]
        assert sum(late <= at < late + 1.0 for at in used) <= max(rate * 1.01, rate + 1)


def test_dropping_says_how_many_were_left() -> None:
    slots = Slots()
    slots.grant(0.0, 1.0, 3)
    slots.take(0.0)
    assert slots.drop() == 2
    assert slots.count == 0


@given(st.floats(0.0001, 100.0))
def test_a_timer_that_is_a_little_late_never_loses_every_slot(interval: float) -> None:
    assert tolerance(interval) >= min(0.002, 0.4 * interval)  # loops wake up within 1 ms


@given(
    st.floats(0.0005, 0.2),
    st.lists(st.floats(0.0, 0.3), min_size=1, max_size=200),
)
def test_no_window_holds_more_than_the_rate(interval: float, waits: list[float]) -> None:
    slots, now, used = Slots(), 0.0, []
    granted_until = 0.0
    for wait in waits:
        now += wait
        while granted_until < now + 0.2:
            slots.grant(granted_until, interval, 20)
            granted_until += 20 * interval
        while slots.take(now):
            used.append(now)
    for start in used:
        window = sum(start <= at < start + 1.0 for at in used)
        assert window <= floor((1.0 + tolerance(interval)) / interval + 1e-6) + 1


def test_until_says_when_they_end() -> None:
    slots = Slots()
    assert slots.until(7.0) == 7.0
    slots.grant(10.0, 0.5, 3)
    assert slots.until(7.0) == 11.0
