"""How many connections a server bears."""

import pytest

from campaign_app.channels.email_smtp.pushback import Pushback, backoff, speaks_of_connections

SLOW = "451 4.7.1 slow down"
MANY = "421 4.7.0 Too many connections, try again later"


def test_what_was_taken_before_the_last_step_is_the_same_signal() -> None:
    push = Pushback(8)
    for _ in range(20):
        push.throttled(0, MANY, 10.0)
    assert (push.step, push.limit) == (1, 4)
    push.throttled(push.step, MANY, 11.0)
    assert (push.step, push.limit) == (2, 2)


def test_words_about_the_rate_leave_the_connections_alone_unless_nothing_helps() -> None:
    push = Pushback(8)
    for signal in range(2):
        push.throttled(signal, SLOW, 1.0)
    assert push.limit == 8
    push.accepted()
    for signal in range(2, 4):
        push.throttled(signal, SLOW, 1.0)
    assert push.limit == 8, "something was accepted between"
    push.throttled(4, SLOW, 1.0)
    assert push.limit == 4
    assert push.in_vain == 0


def test_there_is_always_one_connection() -> None:
    push = Pushback(3)
    for signal in range(9):
        push.throttled(signal, MANY, 1.0)
    assert push.limit == 1
    push.no_more_than(0, 1.0)
    assert push.limit == 1


def test_a_server_that_allows_fewer_is_asked_less_and_less_often() -> None:
    push = Pushback(10)
    push.no_more_than(4, 100.0)
    push.recover(104.9)
    assert push.limit == 4
    push.recover(105.0)
    assert push.limit == 5
    push.no_more_than(4, 105.0)
    push.recover(114.9)
    assert push.limit == 4
    push.recover(115.0)
    assert push.limit == 5
    for _ in range(20):
        push.no_more_than(4, 200.0)
    push.recover(499.0)
    assert push.limit == 4
    push.recover(500.0)
    assert push.limit == 5


def test_no_more_than_never_allows_more() -> None:
    push = Pushback(10)
    push.no_more_than(3, 1.0)
    push.no_more_than(7, 1.0)
    assert push.limit == 3


@pytest.mark.parametrize(
    ("words", "about"),
    [(MANY, True), ("452 4.5.3 concurrent sessions exceeded", True), (SLOW, False), ("454 4.7.0 Throttling", False)],
)
def test_whose_words_are_about_connections(words: str, about: bool) -> None:
    assert speaks_of_connections(words) is about


def test_backoff_grows_to_a_minute() -> None:
    assert [backoff(n) for n in (0, 1, 2, 3, 20, 5_000)] == [0.0, 1.0, 2.0, 4.0, 60.0, 60.0]
