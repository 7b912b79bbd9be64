"""An account's rate, shared; and whose turn it is."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_app.delivery.runtime.fair_scheduler import CATCH_UP, FairScheduler, allocate

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


@dataclass(eq=False)
class Campaign:
    name: str
    stride: float
    turn: float = 0.0


PRIORITY = st.integers(1, 10)


def _enter(*campaigns: Campaign) -> FairScheduler[Campaign]:
    turns: FairScheduler[Campaign] = FairScheduler()
    for number, campaign in enumerate(campaigns, start=1):
        turns.enter(campaign, campaigns[:number])
    return turns


def _take(
    turns: FairScheduler[Campaign],
    count: int,
    ready: Callable[[Campaign], bool] = lambda _: True,
    catch_up: int = CATCH_UP,
) -> list[str]:
    taken = []
    for _ in range(count):
        place, campaign = next((place, one) for place, one in enumerate(turns) if ready(one))
        turns.serve(place, catch_up)
        taken.append(campaign.name)
    return taken


def _by_priority(*priorities: int) -> list[Campaign]:
    return [Campaign(f"{number}", 2.0 ** (priority - 5)) for number, priority in enumerate(priorities)]


def test_a_step_of_priority_is_twice_the_turns() -> None:
    counts = Counter(_take(_enter(*_by_priority(3, 4, 5)), 700))
    assert [counts[name] for name in ("0", "1", "2")] == pytest.approx([400, 200, 100], abs=2)


@given(st.lists(PRIORITY, min_size=1, max_size=50))
def test_each_gets_its_share_and_nobody_starves(priorities: list[int]) -> None:
    campaigns = _by_priority(*priorities)
    weights = {campaign.name: 1 / campaign.stride for campaign in campaigns}
    period = int(sum(weights.values()) * max(campaign.stride for campaign in campaigns))  # of the lowest's turns
    count = min(4 * period + 100, 20_000)
    taken = _take(_enter(*campaigns), count)
    counts = Counter(taken)
    for name, weight in weights.items():
        assert abs(counts[name] - count * weight / sum(weights.values())) <= len(campaigns) + 1
        places = [-1, *(place for place, one in enumerate(taken) if one == name), count]
        longest = max(after - before for before, after in pairwise(places))
        assert longest <= sum(weights.values()) / weight + 2 * len(campaigns) + 1


def test_who_comes_later_begins_level_and_does_not_make_up_for_what_was_before() -> None:
    first, second = _by_priority(5, 5)
    turns = _enter(first)
    _take(turns, 1_000)
    turns.enter(second, [first, second])
    assert Counter(_take(turns, 100)) == {"0": 50, "1": 50}


def test_who_was_not_ready_for_long_makes_up_for_a_few_turns_only() -> None:
    turns = _enter(*_by_priority(5, 5))
    _take(turns, 1_000, ready=lambda one: one.name == "0")  # the other one waits for the database
    again = _take(turns, CATCH_UP + 100)
    assert again[: CATCH_UP - 1] == ["1"] * (CATCH_UP - 1)
    assert Counter(again)["1"] == pytest.approx(CATCH_UP + 50, abs=2)


def test_who_was_held_back_by_its_own_limits_begins_level() -> None:
    turns = _enter(*_by_priority(5, 5))
    _take(turns, 1_000, ready=lambda one: one.name == "0", catch_up=0)  # the other one waits between two batches
    assert Counter(_take(turns, 100, catch_up=0))["1"] == pytest.approx(50, abs=1)


def test_whose_slot_is_due_goes_first() -> None:
    """One limited to every tenth message, the other not: the limited one never waits when its slot has come."""
    turns = _enter(*_by_priority(5, 5))
    taken = []
    for message in range(200):
        taken += _take(turns, 1, ready=lambda one, due=message % 10 == 0: one.name == "0" or due)  # type: ignore[misc]
    assert taken[20::10] == ["1"] * 18


def test_who_leaves_is_forgotten_when_the_next_one_comes() -> None:
    first, second, third = _by_priority(5, 5, 5)
    turns = _enter(first, second)
    turns.enter(third, [first, third])
    assert set(_take(turns, 10)) == {"0", "2"}
