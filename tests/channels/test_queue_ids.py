"""The server's name for a message, in the answers that servers really give."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_app.channels.email import queue_ids

NAMED = {
    "250 2.0.0 Ok: queued as 4Wq1xF3Zbxz9t": "4Wq1xF3Zbxz9t",
    "250 Ok: queued as kZ3-xQpVQ8aXgT1bcd2e_A": "kZ3-xQpVQ8aXgT1bcd2e_A",
    "250 OK queued as 7f5c6d8e-1a2b-4c3d-9e8f-0a1b2c3d4e5f": "7f5c6d8e-1a2b-4c3d-9e8f-0a1b2c3d4e5f",
    "250 OK id=1qXyZa-0001Ab-2C": "1qXyZa-0001Ab-2C",
    "250 2.0.0 3AQ9x1Yz012345 Message accepted for delivery": "3AQ9x1Yz012345",
    "250 2.0.0 8c1b4a2f Message accepted for delivery": "8c1b4a2f",
    "250 2.0.0 OK  1700000000 a1-20020a056402184100b0053dbc3f2af2si123456edb.77 - gsmtp": (
        "a1-20020a056402184100b0053dbc3f2af2si123456edb.77"
    ),
    "250 2.6.0 <b1.ab@shop.de> [InternalId=12345678901234, Hostname=AM0.eurprd.outlook.com] 9 bytes in 0.1, 7 KB/sec "
    "Queued mail for delivery": "12345678901234",
    "250 Ok 0102018c1f2e3d4c-1a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d-000000": (
        "0102018c1f2e3d4c-1a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d-000000"
    ),
    "250 ok 1700000000 qp 12345": "1700000000 qp 12345",
    "250-first line\n250 2.0.0 Ok: queued as ABC12345": "ABC12345",
}
UNNAMED = ("", "250 ok", "250 2.0.0 queued", "250 Great success", "250 Message received", "250 Queued (0.001 seconds)")
REFUSED = ("451 4.7.1 queued as ABC12345", "550 5.1.1 id=1qXyZa-0001Ab-2C user unknown")


@pytest.mark.parametrize(("answer", "name"), NAMED.items())
def test_answers_with_a_name(answer: str, name: str) -> None:
    assert queue_ids.read(answer) == name


@pytest.mark.parametrize("answer", UNNAMED + REFUSED)
def test_answers_without(answer: str) -> None:
    assert queue_ids.read(answer) == ""


@given(st.text(max_size=500))
def test_any_answer_is_read(answer: str) -> None:
    assert len(queue_ids.read(f"250 {answer}")) <= 200


def test_long_answers_cost_no_time() -> None:
    started = time.process_time()
    for piece in ("a" * 500, "id=" * 160, "queued as " * 50, "0" * 500, ". " * 250):
        queue_ids.read(f"250 {piece}")
    assert time.process_time() - started < 1.0
