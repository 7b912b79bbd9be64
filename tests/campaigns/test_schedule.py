"""Local times across clock changes, sending windows, finishing times."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from campaign_app.campaigns import schedule
from campaign_app.campaigns.schedule import PaceLimits, Windows, estimate, next_open, open_spans, resolve_local
from campaign_app.core.errors import Invalid


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def wall(*parts: int) -> datetime:
    return utc(*parts).replace(tzinfo=None)


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
WALL_TIMES = st.datetimes(wall(2025, 1, 1), wall(2028, 12, 31))
INSTANTS = WALL_TIMES.map(lambda at: at.replace(tzinfo=UTC))
OFFICE = {"zone": "Europe/Berlin", "days": {str(day): [["09:00", "18:00"]] for day in range(5)}}


def test_a_time_that_does_not_exist_moves_forward_and_says_so() -> None:
    found = resolve_local(wall(2026, 3, 29, 2, 30), "Europe/Berlin")
    assert found.at == utc(2026, 3, 29, 1, 30)
    assert "02:30 does not exist on 29 Mar 2026" in found.note
    assert "03:30" in found.note


def test_a_time_that_happens_twice_is_the_first_and_says_so() -> None:
    found = resolve_local(wall(2026, 10, 25, 2, 30), "Europe/Berlin")
    assert found.at == utc(2026, 10, 25, 0, 30)
    assert "happens twice" in found.note


@given(INSTANTS, ZONES)
def test_every_instant_that_is_the_first_of_its_wall_time_comes_back(at: datetime, zone: str) -> None:
    found = resolve_local(schedule.to_local(at, zone), zone)
    assert found.at == at or (found.note and found.at < at)


@given(WALL_TIMES, ZONES)
def test_every_wall_time_has_an_instant(chosen: datetime, zone: str) -> None:
    found = resolve_local(chosen, zone)
    shown = schedule.to_local(found.at, zone)
    assert shown == chosen or (shown > chosen and found.note)


def test_unknown_zone() -> None:
    with pytest.raises(Invalid):
        resolve_local(wall(2026, 1, 1), "Mars/Olympus")


@pytest.mark.parametrize(
    "raw",
    [
        {"days": {"7": [["09:00", "18:00"]]}},
        {"days": {"0": [["9 o'clock", "18:00"]]}},
        {"days": {"0": [["25:00", "26:00"]]}},
        {"days": {"0": [["24:00", "02:00"]]}},
        {"days": {"0": []}},
        {"zone": "Nowhere", "days": {"0": [["09:00", "18:00"]]}},
    ],
)
def test_windows_that_cannot_be(raw: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        schedule.parse_windows(raw)


def test_next_open_and_close() -> None:
    saturday = utc(2026, 11, 21, 12)
    assert next_open(OFFICE, saturday) == utc(2026, 11, 23, 8)
    assert next_open(OFFICE, utc(2026, 11, 23, 10)) == utc(2026, 11, 23, 10)
    assert schedule.closes_at(OFFICE, utc(2026, 11, 23, 10)) == utc(2026, 11, 23, 17)
    assert schedule.closes_at(OFFICE, saturday) is None
    assert schedule.closes_at({}, saturday) is None
    assert next_open({}, saturday) == saturday


def test_over_midnight() -> None:
    night = {"zone": "UTC", "days": {"6": [["22:00", "02:00"]]}}
    assert next_open(night, utc(2026, 11, 23, 1)) == utc(2026, 11, 23, 1)  # Monday 01:00 is still Sunday's window
    assert schedule.closes_at(night, utc(2026, 11, 23, 1)) == utc(2026, 11, 23, 2)
    assert next_open(night, utc(2026, 11, 23, 2)) == utc(2026, 11, 29, 22)
    whole = {"zone": "UTC", "days": {str(day): [["00:00", "24:00"]] for day in range(7)}}
    assert schedule.closes_at(whole, utc(2026, 11, 23, 1)) is None


def test_a_window_in_the_skipped_hour_is_empty_and_in_the_doubled_one_long() -> None:
    small = {"zone": "Europe/Berlin", "days": {"6": [["02:00", "03:00"]]}}
    assert list(open_spans(small, utc(2026, 3, 28, 12), utc(2026, 3, 29, 12))) == []
    assert list(open_spans(small, utc(2026, 10, 24, 12), utc(2026, 10, 25, 12))) == [
        (utc(2026, 10, 25, 0), utc(2026, 10, 25, 2))
    ]


times = st.integers(0, 1439).map(lambda minutes: f"{minutes // 60:02}:{minutes % 60:02}")
windows = st.builds(
    lambda zone, days: {"zone": zone, "days": {day: spans for day, spans in days.items() if spans}},
    ZONES,
    st.dictionaries(st.sampled_from("0123456"), st.lists(st.tuples(times, times), min_size=1, max_size=3), min_size=1),
)


@given(windows, INSTANTS)
@settings(max_examples=150, deadline=None)
def test_spans_are_ordered_apart_and_agree_with_the_wall_clock(raw: dict[str, object], start: datetime) -> None:
    spans = list(open_spans(raw, start, start + timedelta(days=9)))
    parsed = schedule.parse_windows(raw)
    for (_, first_end), (second_start, _) in itertools.pairwise(spans):
        assert first_end <= second_start
    for opens, closes in spans:
        assert start <= opens < closes <= start + timedelta(days=9)
        assert _open_by_wall_clock(parsed, opens + (closes - opens) / 2)
    if spans and spans[0][0] > start:
        assert not _open_by_wall_clock(parsed, start)


def _open_by_wall_clock(parsed: Windows, at: datetime) -> bool:
    local = schedule.to_local(at, parsed.zone)
    minute = local.hour * 60 + local.minute + local.second / 60
    today = parsed.days.get(local.weekday(), ())
    before = parsed.days.get((local.weekday() - 1) % 7, ())
    return any(a <= minute < b for a, b in today) or any(a <= minute + 1440 < b for a, b in before)


def test_estimate_by_hour() -> None:
    found = estimate(4_218, utc(2026, 11, 17, 8, 2), PaceLimits(rate_per_minute=31), OFFICE, zone="Europe/Berlin")
    assert found.hours == ((utc(2026, 11, 17, 8), 1_798), (utc(2026, 11, 17, 9), 1_860), (utc(2026, 11, 17, 10), 560))
    assert found.finishes_at is not None
    assert found.finishes_at.replace(microsecond=0) == utc(2026, 11, 17, 10, 18, 3)
    assert found.limited_by == "campaign rate"


def test_the_account_day_holds_the_rest_until_tomorrow() -> None:
    limits = PaceLimits(account_per_day=1_000, account_sent_today=900, rate_per_minute=1_000)
    found = estimate(1_200, utc(2026, 11, 17, 12), limits)
    assert found.hours == (
        (utc(2026, 11, 17, 12), 100),
        (utc(2026, 11, 18, 0), 1_000),
        (utc(2026, 11, 19, 0), 100),
    )
    assert found.limited_by == "account's day"


def test_batches_with_a_delay() -> None:
    found = estimate(1_000, utc(2026, 1, 1), PaceLimits(rate_per_minute=6_000, batch_size=100, batch_delay_ms=5_000))
    assert found.finishes_at == utc(2026, 1, 1, 0, 1)  # 10 × (1 s + 5 s)
    assert found.limited_by == "batch delay"


def test_nothing_to_send_and_never() -> None:
    start = utc(2026, 1, 1)
    assert estimate(0, start, PaceLimits()).finishes_at == start
    assert estimate(5, start, PaceLimits(account_per_day=0)).finishes_at is None


@given(
    st.integers(1, 200_000),
    INSTANTS,
    st.integers(60, 100_000),
    st.none() | st.integers(60, 100_000),
    st.none() | st.integers(5_000, 100_000),
    st.none() | windows,
)
@settings(max_examples=100, deadline=None)
def test_every_message_is_in_one_hour_and_no_limit_is_passed(
    count: int, start: datetime, rate: int, account: int | None, day: int | None, raw: dict[str, object] | None
) -> None:
    limits = PaceLimits(rate_per_minute=rate, account_per_minute=account, account_per_day=day)
    found = estimate(count, start, limits, raw)
    assume(found.finishes_at is not None)
    assert sum(number for _, number in found.hours) == count
    per_hour = 60 * min(rate, account or rate)
    assert all(0 <= number <= per_hour + 1 for _, number in found.hours)
    assert [hour for hour, _ in found.hours] == sorted({hour for hour, _ in found.hours})
    if day:
        for date in {hour.date() for hour, _ in found.hours}:
            assert sum(number for hour, number in found.hours if hour.date() == date) <= day + 1


def test_hours_are_those_of_the_zone_where_offsets_have_minutes() -> None:
    found = estimate(90, utc(2026, 11, 17, 8), PaceLimits(rate_per_minute=1), zone="Asia/Kathmandu")  # UTC+5:45
    assert found.hours == (
        (utc(2026, 11, 17, 7, 15), 15),
        (utc(2026, 11, 17, 8, 15), 60),
        (utc(2026, 11, 17, 9, 15), 15),
    )
    lord_howe = estimate(60, utc(2026, 6, 1, 8), PaceLimits(rate_per_minute=1), zone="Australia/Lord_Howe")  # UTC+10:30
    assert [hour for hour, _ in lord_howe.hours] == [utc(2026, 6, 1, 7, 30), utc(2026, 6, 1, 8, 30)]


def test_the_account_day_ends_at_midnight_of_its_zone() -> None:
    limits = PaceLimits(account_per_day=100, rate_per_minute=1_000)
    found = estimate(150, utc(2026, 11, 17, 12), limits, day_zone="America/New_York")
    assert found.hours == ((utc(2026, 11, 17, 12), 100), (utc(2026, 11, 18, 5), 50))
    late = estimate(150, utc(2026, 11, 18, 3), limits, day_zone="America/New_York")
    assert late.hours == ((utc(2026, 11, 18, 3), 100), (utc(2026, 11, 18, 5), 50)), "it is still the 17th there"


def test_a_day_that_ends_within_an_hour_begins_a_new_budget_there() -> None:
    limits = PaceLimits(account_per_day=100, rate_per_minute=1)
    found = estimate(70, utc(2026, 11, 17, 23, 30), limits, zone="Asia/Kathmandu", day_zone="UTC")
    assert found.finishes_at == utc(2026, 11, 18, 0, 40)
    used = PaceLimits(account_per_day=30, account_sent_today=20, rate_per_minute=1)
    found = estimate(40, utc(2026, 11, 17, 23, 30), used, zone="Asia/Kathmandu", day_zone="UTC")
    assert found.finishes_at == utc(2026, 11, 18, 0, 30)


def test_nothing_goes_while_the_windows_are_closed() -> None:
    found = estimate(
        120, utc(2026, 11, 20, 16), PaceLimits(rate_per_minute=1), OFFICE, zone="Europe/Berlin"
    )  # a Friday
    assert found.hours == ((utc(2026, 11, 20, 16), 60), (utc(2026, 11, 23, 8), 60))
    assert found.finishes_at == utc(2026, 11, 23, 9)
    assert found.limited_by == "sending windows"
    half = {"zone": "UTC", "days": {"1": [["08:00", "08:30"], ["09:00", "10:00"]]}}
    found = estimate(60, utc(2026, 11, 17, 8), PaceLimits(rate_per_minute=1), half)
    assert found.hours == ((utc(2026, 11, 17, 8), 30), (utc(2026, 11, 17, 9), 30))
    assert found.limited_by == "campaign rate", "it was open for longer than closed"
    day = estimate(200, utc(2026, 11, 20, 16), PaceLimits(account_per_day=100), OFFICE)
    assert day.limited_by == "account's day"


def test_whether_it_is_open_now() -> None:
    assert schedule.is_open(OFFICE, utc(2026, 11, 23, 10))
    assert not schedule.is_open(OFFICE, utc(2026, 11, 21, 10))
    assert schedule.is_open(None, utc(2026, 11, 21, 10))


def test_the_slowest_limit_has_the_name() -> None:
    assert PaceLimits().per_second() == (500.0, "speed")
    assert PaceLimits(rate_per_minute=60, account_per_minute=120).per_second() == (1.0, "campaign rate")
    assert PaceLimits(rate_per_minute=120, account_per_minute=60).per_second() == (1.0, "account rate")
    assert PaceLimits(rate_per_minute=600, batch_size=10, batch_delay_ms=1).per_second() == (
        pytest.approx(10 / 1.001),
        "campaign rate",
    ), "a delay of a thousandth is not what slows it down"
    assert PaceLimits(rate_per_minute=600, batch_size=10, batch_delay_ms=1_000).per_second() == (5.0, "batch delay")
    assert PaceLimits(rate_per_minute=600, batch_size=None, batch_delay_ms=1_000).per_second() == (
        10.0,
        "campaign rate",
    )
