"""How a provider's rate is learnt: down by a factor, up in even steps, rests where nothing is accepted."""

import pytest

from campaign_app.core import learnt_rate
from campaign_app.core.learnt_rate import LearntRate, is_hopeless, slower

NOW = 1_000_000.0


def step(known: LearntRate | None, now: float, *, measured: float = 5.0, accepted: bool = True) -> LearntRate:
    return slower(known, now, measured=measured, accepted=accepted, words="451 slow", seen=0)


def settled(rate: float = 5.0, at: float = NOW, rest: float = 0.2) -> LearntRate:
    return LearntRate(int(at * 1e6), rate, rest, False, at, "421 before")


def test_the_first_step_begins_below_what_was_accepted() -> None:
    found = step(None, NOW, measured=10.0)
    assert found.per_second == pytest.approx(7.0)
    assert found.rest_s == pytest.approx(1 / 7)
    assert found.at == pytest.approx(NOW)
    assert found.since == NOW
    assert found.words == "451 slow"
    assert found.searching


def test_who_accepted_nothing_yet_is_asked_twice_a_second_at_most() -> None:
    found = step(None, NOW, measured=0.0, accepted=False)
    assert found.per_second == learnt_rate.FIRST_PER_SECOND
    assert found.rest_s == 1.0


def test_the_search_doubles_every_two_seconds_after_the_rest_and_ends() -> None:
    found = step(None, NOW, measured=10.0)
    begins = NOW + found.rest_s
    assert found.rate_at(NOW) == pytest.approx(7.0)
    assert found.rate_at(begins + 2) == pytest.approx(14.0)
    assert found.rate_at(begins + 4) == pytest.approx(28.0)
    assert found.rate_at(begins + 61) == found.rate_at(begins + 3_600) == pytest.approx(7.0 * 2**30)


def test_later_it_grows_by_two_percent_of_its_rate_every_second() -> None:
    found = settled(5.0)
    assert found.rate_at(NOW + 0.1) == 5.0, "not while it rests"
    assert found.rate_at(NOW + 0.2 + 10) == pytest.approx(6.0)
    assert found.rate_at(NOW + 0.2 + 20) == pytest.approx(7.0)


def test_a_step_with_success_before_it_lowers_the_rate_by_a_factor() -> None:
    found = step(settled(5.0), NOW + 10.2, measured=5.0)
    assert found.per_second == pytest.approx(6.0 * 0.7)
    assert found.rest_s == pytest.approx(1 / 4.2)
    assert found.since == NOW + 10.2
    assert found.searching is False
    assert found.words == "451 slow"
    assert found.step > settled(5.0).step


def test_what_has_grown_unused_begins_near_what_is_accepted() -> None:
    found = step(settled(5.0), NOW + 3_000, measured=10.0)
    assert found.per_second == pytest.approx(20.0 * 0.7)
    idle = step(settled(5.0), NOW + 3_000, measured=0.0)
    assert idle.per_second == pytest.approx(5.0 * 0.7)


def test_without_success_the_rate_stays_and_the_rest_doubles_to_two_minutes() -> None:
    found = settled(5.0)
    rests = []
    for n in range(12):
        found = step(found, NOW + n, accepted=False)
        rests.append(round(found.rest_s, 1))
        assert (found.per_second, found.searching) == (5.0, False)
    assert rests == [0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 120.0, 120.0, 120.0]
    assert found.since == NOW
    assert found.words == "451 slow"


def test_it_is_never_slower_than_one_a_minute() -> None:
    found = settled(1 / 60, rest=60.0)
    found = step(found, NOW + 60, measured=0.0)
    assert found.per_second == pytest.approx(1 / 60)
    assert found.rest_s == pytest.approx(60.0)


def test_a_step_comes_after_the_one_that_was_seen_whatever_the_clock() -> None:
    seen = int((NOW + 100) * 1e6)
    found = slower(None, NOW, measured=1, accepted=True, words="", seen=seen)
    assert found.step == seen + 1


def test_after_ninety_minutes_without_success_a_person_is_told() -> None:
    found, now = settled(5.0), NOW
    while now < NOW + learnt_rate.GIVE_UP_S:
        assert not is_hopeless(found, now)
        now += 121
        found = step(found, now, accepted=False)
    assert is_hopeless(found, now)
    assert not is_hopeless(step(found, now, accepted=True), now)


def test_a_signal_after_a_long_silence_is_another_story() -> None:
    found = step(settled(5.0, rest=0.0), NOW + learnt_rate.GAP_S + 1, accepted=False)
    assert found.since == NOW + learnt_rate.GAP_S + 1
    same = step(settled(5.0, rest=0.0), NOW + learnt_rate.GAP_S, accepted=False)
    assert same.since == NOW


def test_a_rest_is_no_silence() -> None:
    waited = step(settled(5.0, rest=100.0), NOW + learnt_rate.GAP_S + 50, accepted=False)
    assert waited.since == NOW, "550 seconds after the rest"


def test_who_has_seen_no_step_begins_with_the_clock() -> None:
    assert slower(None, 0.0, measured=1, accepted=True, words="").step == 1


def test_ninety_minutes_are_not_yet_too_long() -> None:
    found = settled()
    assert not is_hopeless(found, NOW + learnt_rate.GIVE_UP_S)
    assert is_hopeless(found, NOW + learnt_rate.GIVE_UP_S + 1)


def test_long_words_are_cut() -> None:
    assert len(slower(None, NOW, measured=1, accepted=True, words="x" * 5_000).words) == 500
