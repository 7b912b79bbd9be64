"""Figures: made only from rows, colours and layout, and valid for the browser."""

import json
from datetime import UTC, date, datetime, timedelta

import plotly.graph_objects as go
import pytest

from campaign_app.analytics import charts
from campaign_app.analytics.schemas import DayPoint, TimePoint
from campaign_app.ui import theme

DAYS = [DayPoint(date(2026, 11, 1) + timedelta(days=n), sent=n, opened=2 * n) for n in range(3)]
TIMES = [TimePoint(datetime(2026, 11, 17, 8, n, tzinfo=UTC), sent=n + 1, opened=n, opens=n) for n in range(3)]
LAYOUT = theme.chart_layout(False, 206)


def drawn(figure: go.Figure) -> list[dict]:
    made = json.loads(figure.to_json())
    assert made["layout"]["height"] == 206
    assert made["layout"]["showlegend"] is False
    return made["data"]


def test_bars_per_day() -> None:
    (bars,) = drawn(charts.per_day(DAYS, "sent", color="#123456", layout=LAYOUT))
    assert (bars["type"], bars["marker"]["color"]) == ("bar", "#123456")
    assert bars["x"] == ["2026-11-01", "2026-11-02", "2026-11-03"]


def test_the_period_before_lies_under_the_same_days() -> None:
    options = {"color": "#111111", "fill": "#222222", "before_color": "#333333", "layout": LAYOUT}
    before, now = drawn(charts.per_day_compared(DAYS, DAYS, "opened", **options))
    assert before["x"] == now["x"]
    assert before["line"]["dash"] == "dot"
    assert len(drawn(charts.per_day_compared(DAYS, [], "opened", **options))) == 1


def test_times_are_those_of_the_zone() -> None:
    (bars,) = drawn(charts.over_time(TIMES, "sent", zone="Europe/Berlin", color="#111111", layout=LAYOUT))
    assert bars["x"][0].startswith("2026-11-17T09:00")
    rising = charts.running_total(TIMES, "sent", zone="UTC", color="#111111", fill="#222222", layout=LAYOUT)
    assert list(rising.data[0].y) == [1, 3, 6]
    assert drawn(rising)[0]["mode"] == "lines"


@pytest.mark.parametrize("dark", [False, True])
def test_the_heat_map_has_a_cell_an_hour(dark: bool) -> None:
    shares = [[None] * 24 for _ in range(7)]
    shares[1][10] = 0.33
    figure = charts.heat_map(shares, colors=theme.palette(dark).heat, layout=LAYOUT)
    (cells,) = drawn(figure)
    assert len(figure.data[0].z) == 7
    assert cells["text"][1][10] == "Tue 10:00, 33.0% of opens"


@pytest.mark.parametrize("draw", [charts.per_day, charts.over_time])
def test_nothing_to_draw_draws_nothing(draw: object) -> None:
    zone = {"zone": "UTC"} if draw is charts.over_time else {}
    assert drawn(draw([], "sent", color="#111111", layout=LAYOUT, **zone))  # type: ignore[operator]
