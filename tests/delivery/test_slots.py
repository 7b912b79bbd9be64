"""Slots are used in order, never before their time, and never caught up beyond a hair."""

from hypothesis import given
from hypothesis import strategies as st

from campaign_app.delivery.slots import LATE_S, Slots


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


def test_one_late_slot_counts_more_do_not() -> None:
    slots = Slots()
    slots.grant(0.0, 1.0, 10)
    assert slots.take(3.5)  # the slots of 0, 1 and 2 are lost, that of 3 is used
    assert not slots.take(3.6)
    assert slots.next_at(3.6) == 4.0


def test_dropping_says_how_many_were_left() -> None:
    slots = Slots()
    slots.grant(0.0, 1.0, 3)
    slots.take(0.0)
    assert slots.drop() == 2
    assert slots.count == 0


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
    late = max(LATE_S, interval)
    for start in used:
        window = sum(start <= at < start + 1.0 for at in used)
        assert window <= (1.0 + late) / interval + 2


def test_until_says_when_they_end() -> None:
    slots = Slots()
    assert slots.until(7.0) == 7.0
    slots.grant(10.0, 0.5, 3)
    assert slots.until(7.0) == 11.0
