"""The table of seconds."""

from datetime import timedelta

import pytest

from campaign_app.channels.email import message_ids
from campaign_app.delivery.runtime import circuit, retry
from tests.delivery.factory import AT

TABLE = (60.0, 300.0, 1800.0)


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 60), (2, 300), (3, 1800)])
def test_the_table_decides(attempts: int, seconds: int) -> None:
    assert retry.next_attempt(TABLE, attempts, AT, chance=0.5) == AT + timedelta(seconds=seconds)
    early, late = (retry.next_attempt(TABLE, attempts, AT, chance=chance) for chance in (0.0, 1.0))
    assert early == AT + timedelta(seconds=0.8 * seconds)
    assert late == AT + timedelta(seconds=1.2 * seconds)


def test_chance_decides_where_nobody_does() -> None:
    found = {retry.next_attempt(TABLE, 1, AT) for _ in range(20)}
    assert len(found) > 1
    assert all(made and AT + timedelta(seconds=48) <= made <= AT + timedelta(seconds=72) for made in found)


def test_used_up() -> None:
    assert retry.next_attempt(TABLE, 4, AT) is None


def test_the_provider_may_ask_for_more() -> None:
    assert retry.next_attempt(TABLE, 1, AT, retry_after=900, chance=0.5) == AT + timedelta(seconds=900)


def test_the_circuit_waits_longer_each_time() -> None:
    waits = [circuit.wait_s(n) for n in range(10)]
    assert waits == sorted(waits)
    assert waits[-1] == 900


@pytest.mark.usefixtures("var_dir")
@pytest.mark.parametrize("delivery_id", [0, 1, 35, 36, 10**6, 2**62])
def test_a_message_id_names_its_delivery(delivery_id: int) -> None:
    made = message_ids.make(delivery_id, "shop.example")
    assert message_ids.read(f"In-Reply-To: {made}") == delivery_id
    assert message_ids.make(delivery_id, "shop.example") == made
    forged = made.replace("b", "b1", 1)
    assert message_ids.read(forged) is None
    assert message_ids.read("nothing here") is None
