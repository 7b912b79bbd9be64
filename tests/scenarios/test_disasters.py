"""The disasters of `./campaign bench --only disasters`, small: nobody lost, nobody twice, few in doubt."""

import os
from argparse import Namespace
from typing import Any

import pytest

from bench import disasters, namespaces
from campaign_app.delivery.runtime.campaign_runner import CHUNK

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(240)]
SIZES = Namespace(
    recipients=2_000, connections=6, crashes=2, outage=5.0, full=1.0, clock_seconds=20.0, hurry=True, case=None
)
DATABASES = ["sqlite", "postgresql"]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="a small disk of its own needs root")


def _hosts() -> pytest.MarkDecorator:
    """Skipped where there can be no network namespaces; where root could have them, it is said by a failure."""
    can = os.geteuid() == 0 and (not namespaces.missing() or os.environ.get("CI") == "true")
    return pytest.mark.skipif(not can, reason="network namespaces need root and iproute2")


def _run_case(name: str, database: str, **sizes: Any) -> dict[str, Any]:
    found = disasters.run_case(name, database, Namespace(**{**vars(SIZES), **sizes}), 7, lambda _words: None)
    assert "missing" not in found, found
    assert (found["lost"], found["duplicates"], found["failed_but_accepted"]) == (0, 0, 0), found
    assert found["uncertain"] <= found["bound"], found
    settled = found["sent"] + found["failed"] + found["uncertain"] + found["uncertain_by_faults"]
    assert settled == found["recipients"], found
    return found


@pytest.mark.parametrize("database", DATABASES)
def test_worker_and_redis_die_at_the_same_instant(database: str) -> None:
    assert _run_case("machine", database)["kills"] == 2


@pytest.mark.parametrize("database", DATABASES)
def test_three_workers_are_replaced_one_after_the_other(database: str) -> None:
    found = _run_case("rolling", database)
    assert found["restarts"] == 3
    assert max(found["drained_s"]) < 10


@pytest.mark.parametrize("database", DATABASES)
def test_the_database_is_away(database: str) -> None:
    found = _run_case("database", database, recipients=4_000)
    read_ahead = 2 * 2 * (CHUNK + CHUNK // 2)  # two workers with two leases each
    assert found["sent_meanwhile"] <= read_ahead < 0.7 * 4_000
    assert found["sent_after_3_s"] == 0  # what was read ahead has gone out, and nothing more is sent
    assert found["leases_settled"] == 0  # nobody took the other for dead


def test_the_database_hangs() -> None:
    assert _run_case("database-hangs", "postgresql")["leases_settled"] == 0


@as_root
@pytest.mark.parametrize("database", DATABASES)
def test_the_journals_disk_is_full(database: str) -> None:
    found = _run_case("disk", database)
    assert found["sent_without_journal"] == 0
    assert found["sent_with_a_full_disk"] > 0  # its space was taken at the start


@as_root
def test_everythings_disk_is_full() -> None:
    _run_case("disk-of-all", "sqlite")


@pytest.mark.parametrize("database", DATABASES)
def test_the_clock_jumps_by_hours(database: str) -> None:
    found = _run_case("clock", database)
    assert found["leases_settled"] == 0
    assert found["longest_silence_s"] < 60


@_hosts()
@pytest.mark.parametrize("trouble", ["hosts-cut-off", "hosts-stopped"])
def test_a_host_that_comes_back_tells_what_it_knows(trouble: str) -> None:
    found = _run_case(trouble, "postgresql", recipients=6_000)
    assert found["settled_without_journal"] > 0
    assert found["sent_behind_the_fence"] == 0
    assert found["uncertain_before_return"] >= found["uncertain"]


@_hosts()
def test_a_host_that_loses_the_database_alone() -> None:
    found = _run_case("hosts-without-database", "postgresql", recipients=1_600)
    assert found["sent_behind_the_fence"] == 0


@_hosts()
def test_a_host_that_never_comes_back() -> None:
    found = _run_case("hosts-gone", "postgresql", recipients=6_000)
    assert 0 < found["uncertain"] <= found["read_ahead"]
