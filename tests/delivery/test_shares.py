"""An account's rate, shared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_app.delivery.shares import allocate

RATE = st.floats(0.1, 10_000)


@pytest.mark.parametrize(
    ("total", "wants", "rates"),
    [
        (200, [(50, 1), (400, 1)], [50, 150]),
        (200, [(0, 1), (0, 1)], [100, 100]),
        (100, [(0, 4), (0, 1)], [80, 20]),
        (100, [(10, 4), (0, 1), (30, 1)], [10, 60, 30]),
        (100, [(10, 1)], [10]),
        (100, [], []),
    ],
)
def test_examples(total: float, wants: list[tuple[float, float]], rates: list[float]) -> None:
    assert allocate(total, wants) == pytest.approx(rates)


@given(RATE, st.lists(st.tuples(st.one_of(st.just(0.0), RATE), st.floats(0.05, 20)), min_size=1, max_size=50))
def test_nobody_starves_and_nothing_is_wasted(total: float, wants: list[tuple[float, float]]) -> None:
    rates = allocate(total, wants)
    assert all(rate > 0 for rate in rates)
    assert all(limit == 0 or rate <= limit * 1.000001 for rate, (limit, _) in zip(rates, wants, strict=True))
    assert sum(rates) <= total * 1.000001
    if sum(rates) < total * 0.999:
        assert all(limit and rate == pytest.approx(limit) for rate, (limit, _) in zip(rates, wants, strict=True))
