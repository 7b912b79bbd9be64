"""Today, yesterday and tomorrow are those of the person who reads."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_app.kit import days, text

LATE = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)  # 00:30 of the 27th in Berlin, 15:30 of the 26th in Los Angeles
ZONES = ("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Kiritimati")


@pytest.mark.parametrize(
    ("zone", "day"), [("UTC", 26), ("Europe/Berlin", 27), ("America/Los_Angeles", 26), ("Pacific/Kiritimati", 27)]
)
def test_the_day_is_the_readers(zone: str, day: int) -> None:
    assert days.day_of(LATE, zone) == date(2026, 11, day)


def test_two_hours_before_can_be_yesterday() -> None:
    before = LATE - timedelta(hours=2)
    assert (days.ago(before, LATE, "UTC"), days.ago(before, LATE, "Europe/Berlin")) == (0, 1)
    assert (text.ago(before, LATE, "UTC"), text.ago(before, LATE, "Europe/Berlin")) == ("2 h ago", "Yesterday")


def test_days_of_23_and_25_hours() -> None:
    begins, ends = (days.start_of(date(2026, 10, day), "Europe/Berlin") for day in (25, 26))
    assert ends.astimezone(UTC) - begins.astimezone(UTC) == timedelta(hours=25)


def test_an_accounts_limit_counts_days_in_utc_wherever_people_are() -> None:
    assert days.limit_day(LATE) == datetime(2026, 11, 26, tzinfo=UTC)
    assert days.limit_ends(LATE) == datetime(2026, 11, 27, tzinfo=UTC)


@given(st.integers(946_684_800, 2_208_988_800), st.sampled_from(ZONES))
def test_an_instant_lies_within_its_day(seconds: int, zone: str) -> None:
    instant = datetime.fromtimestamp(seconds, UTC)
    begins = days.start_of(days.day_of(instant, zone), zone)
    assert begins <= instant
    assert days.ago(instant, instant, zone) == 0
    assert days.ago(begins.astimezone(UTC) - timedelta(seconds=1), instant, zone) == 1
