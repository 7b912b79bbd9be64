"""From one editor to the other, words for variables, finishing times, sending windows."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_app.campaigns.schedule import parse_windows
from campaign_app.ui.campaign_builder import finish as finish
from campaign_app.ui.campaign_builder.windows import WindowDay, days_of, stored_windows, with_time
from campaign_app.ui.components.editors import switching
from campaign_app.ui.components.editors.variables import choices, in_words

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LETTER = (
    '<p>Hi {{ first_name | default("there") }} &amp; all</p><ul><li><p>one</p></li></ul>'
    '<p data-button=""><a href="{{ url|default("x") }}?a=1&amp;b=2" style="color:red">Go</a></p>'
)


def test_our_own_frame_goes_on_and_off_without_loss() -> None:
    assert switching.to_simple(switching.to_source(LETTER)) == (LETTER, [])


def test_an_empty_message_stays_empty() -> None:
    assert switching.to_source("  ") == ""
    assert switching.to_simple("") == ("", [])


@pytest.mark.parametrize(
    ("source", "kept", "lost"),
    [
        ("<table><tr><td>a</td><td>b</td></tr></table>", "<p>a</p><p>b</p>", "Tables and columns"),
        ('<p style="color:red">a</p>', "<p>a</p>", "Styles, colours and sizes"),
        ("<script>alert(1)</script><p>a</p>", "<p>a</p>", "Scripts"),
        ("<!-- c --><p>a</p>", "<p>a</p>", "Comments"),
        ("<p>{% if a < b %}a{% endif %}</p>", "<p>{% if a < b %}a{% endif %}</p>", "The place of conditions"),
        ("<video></video>a<div>b</div>", "<p>a</p><p>b</p>", "Other elements: div, video"),
    ],
)
def test_what_is_lost_is_said(source: str, kept: str, lost: str) -> None:
    simple, losses = switching.to_simple(source)
    assert simple == kept
    assert any(words.startswith(lost) for words in losses)


@given(st.text(alphabet="<>/abp {}%\"'=&;!-", max_size=80))
def test_no_source_breaks_the_switch(source: str) -> None:
    simple, _ = switching.to_simple(source)
    assert "<script" not in simple


@given(st.text(alphabet="abc äß,.", min_size=1, max_size=40).filter(lambda words: words.strip()))
def test_plain_words_survive_both_ways(words: str) -> None:
    assert switching.to_simple(switching.to_source(f"<p>{words}</p>")) == (f"<p>{words}</p>", [])


def test_a_subject_reads_without_code() -> None:
    assert in_words('{{ first_name|default("x") }}, your {{ last_product }}') == "{First name}, your {Last product}"


def test_the_menu_has_the_contacts_own_values() -> None:
    rows = {row.name: row for row in choices({"city": "City"}, {"first_name": "Marta", "city": "Malmö"})}
    assert (rows["first_name"].value, rows["city"].value, rows["company"].value) == ("Marta", "Malmö", "")
    assert rows["city"].group == "Your own fields"


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (timedelta(seconds=20), "Finishes within a minute"),
        (timedelta(hours=2, minutes=18), "Finishes today, about 12:18"),
        (timedelta(days=1), "Finishes tomorrow, about 10:00"),
        (timedelta(days=4), "Finishes Fri 27 Nov, about 10:00"),
        (timedelta(days=60), "Finishes Fri 22 Jan 2027, about 10:00"),
    ],
)
def test_finishing_in_words(after: timedelta, words: str) -> None:
    assert finish.finish_words(NOW + after, NOW, "Europe/Berlin") == words


def test_what_never_finishes_is_said() -> None:
    assert finish.finish_words(None, NOW, "UTC") == "Does not finish within 400 days"


def test_the_chart_has_bars_numbers_and_closed_hours() -> None:
    hours = [(NOW.replace(hour=hour), 100 * hour) for hour in (9, 10)]
    windows = {"zone": "UTC", "days": {"0": [["09:00", "11:00"]]}}
    figure = finish.chart(hours, windows, "UTC", dark=False)
    assert figure["data"][0]["text"] == ["900", "1,000"]
    assert [band["x1"] for band in figure["layout"]["shapes"]] == ["2026-11-23 09:00", "2026-11-23 12:00"]
    assert finish.chart([], {}, "UTC", dark=True) == {}


def test_a_long_campaign_is_drawn_by_day() -> None:
    hours = [(NOW + timedelta(hours=number), 10) for number in range(72)]
    assert len(finish.chart(hours, {}, "UTC", dark=True)["data"][0]["y"]) == 4


def test_windows_survive_the_form() -> None:
    stored = {"zone": "Europe/Berlin", "days": {"0": [["09:00", "18:00"]], "6": [["22:00", "02:00"]]}}
    assert stored_windows(days_of(stored), "Europe/Berlin") == stored
    assert not parse_windows(stored_windows(days_of(stored), "Europe/Berlin")).always


@pytest.mark.parametrize(("edge", "value"), [("opens", "25:00"), ("opens", ""), ("number", "09:00"), ("on", "10:00")])
def test_what_is_no_time_changes_no_window(edge: str, value: str) -> None:
    day = WindowDay(0, "Monday", on=True, opens="09:00", closes="18:00")
    assert with_time(day, edge, value) == day
