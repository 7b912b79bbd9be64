"""Every benchmark at a size that says nothing about speed, to see that it runs and what it prints."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bench.fairness import CASES, declared, gap, shares, spread
from bench.limits import case, worst_second
from bench.references import tools
from tests.stack import ROOT

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(400)]
SQLITE = ("--database", "sqlite")


def bench(name: str, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench", "--only", name, "--json", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.count("\n") == 1  # one JSON object and nothing else
    found: dict[str, Any] = json.loads(done.stdout)
    assert found.pop("machine")["cores"] >= 1
    return found


def test_send() -> None:
    sizes = ("--rounds", "1", "--recipients", "300", "--celery-mails", "20", "--rtt-recipients", "40")
    found = bench("send", *sizes)
    assert set(found["ratios"]) == {"smtp_source", "celery", "aiosmtplib"}
    assert found["per_second"]["sqlite"] > 0
    assert found["per_second"]["postgresql"] > 0
    assert found["rtt_5ms"] > 0
    assert found["rtt_20ms"] > 1  # one round trip for each message beats four, whatever else the machine does
    if "smtp_source" not in found["missing"]:
        assert 0 < found["ratios"]["smtp_source"] == min(found["sqlite"], found["postgresql"])
    if "celery" not in found["missing"]:
        assert found["ratios"]["celery"] > 1


def test_a_reference_that_cannot_be_had_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.send import Figures

    def missing() -> float:
        raise tools.Missing("no apt-get here")

    figures = Figures(lambda words: None)
    assert figures.reference("smtp_source", missing) is None
    figures.ratio("sqlite", figures.rate("sqlite", 900.0), None)
    assert figures.summary()["missing"] == {"smtp_source": "no apt-get here"}
    assert figures.summary()["sqlite"] is None


def test_kill() -> None:
    found = bench("kill", "--recipients", "400", "--kills", "2", *SQLITE)
    kept, deleted = found["runs"]
    assert (kept["journal"], deleted["journal"]) == ("kept", "deleted")
    for run in found["runs"]:
        assert run["database"] == "sqlite"
        assert (run["lost"], run["duplicates"], run["failed_but_accepted"]) == (0, 0, 0)
        assert run["sent"] + run["failed"] + run["uncertain"] + run["uncertain_by_faults"] == 400
    assert kept["kills"] == 2
    assert kept["uncertain"] <= kept["kills"] * kept["connections"]


def test_stopped_it_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "--only", "kill", "--recipients", "20000", *SQLITE]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while "kill 1 of" not in process.stderr.readline():
        assert process.poll() is None
    assert len(_with_environment(str(tmp_path))) > 1
    process.terminate()
    assert process.wait(60) == 128 + signal.SIGTERM
    process.stderr.close()
    assert _with_environment(str(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def _with_environment(words: str) -> list[str]:
    """Command lines of the processes whose environment has these words."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if words in (folder / "environ").read_text(errors="replace"):
                found.append((folder / "cmdline").read_text())
    return found


def test_disasters() -> None:
    """Only that it runs and what it prints: tests/scenarios/test_disasters.py plays all cases."""
    (row,) = bench("disasters", "--recipients", "400", "--crashes", "1", "--case", "machine", *SQLITE)["cases"]
    assert (row["case"], row["database"]) == ("machine", "sqlite")
    assert (row["recipients"], row["lost"], row["duplicates"]) == (400, 0, 0)
    assert row["uncertain"] <= row["bound"]
    assert row["seconds"] > 0


def test_throttled() -> None:
    found = bench("throttled", "--people", "30", "--case", "451 at RCPT", "--case", "two connections")
    assert (found["allowed_per_second"], found["people"], found["attempts_lost"]) == (5, 30, 0)
    assert [row["case"] for row in found["cases"]] == ["451 at RCPT", "two connections"]
    assert all(row["refused"] > 0 for row in found["cases"])
    assert found["refused_share"] == max(row["refused_share"] for row in found["cases"])
    assert found["seconds"] == max(row["seconds"] for row in found["cases"]) > 4  # 5 at once, then 5 a second


def test_limits() -> None:
    found = bench("limits", "--window", "2", "--fast-window", "0.5", *SQLITE)
    rates = {(round(case["rate_per_second"] * 60), case["workers"], case["through"]) for case in found["cases"]}
    engine = {(rate, workers, "engine") for rate in (1, 20, 60, 600, 840, 6_000, 60_000, 300_000) for workers in (1, 3)}
    assert rates == engine | {(rate, workers, "limiter") for rate in (60_000, 300_000) for workers in (1, 3)}
    assert all(case["sent"] > 0 and case["worst_second"] > 0 for case in found["cases"])
    slow = [case for case in found["cases"] if case["rate_per_second"] < 2]
    assert all(case["within"] and case["worst_second"] <= case["allowed_second"] for case in slow)


def test_the_worst_second_wherever_it_begins() -> None:
    assert worst_second([0.0, 0.9, 1.0, 1.1, 1.95, 2.5]) == 3
    assert worst_second([]) == 0
    found = case(60, 1, "engine", [10.0, 11.0, 12.0, 13.5], 3.0)
    assert (found["sent"], found["expected"], found["within"], found["worst_second"]) == (3, 3.0, True, 1)


def test_fairness() -> None:
    sizes = ("--campaigns", "6", "--each", "40", "--recipients", "600", "--fast-window", "3", "--rounds", "1")
    found = {case["case"]: case for case in bench("fairness", *sizes, *SQLITE)["cases"]}
    assert set(found) == set(CASES)
    for name in ("fifty", "priority", "slow", "silent", "dead"):
        assert found[name]["everyone_once"], found[name]
    assert found["fifty"]["campaigns"] == 6
    assert found["fifty"]["cpu_us_per_message"] > 0
    assert found["priority"]["declared"] == {"p3": 0.7619, "p5": 0.1905, "p7": 0.0476}
    assert 0 < found["late"]["first_message_s"] <= found["late"]["last_message_s"]
    assert found["limited"]["sent"] <= found["limited"]["expected"] * 1.01 + 1
    assert "refuses connections" in found["dead"]["paused_because"]


def test_shares_are_judged_while_all_of_them_send() -> None:
    found = {"a": [0.0, 1.0, 2.0, 3.0, 4.0], "b": [2.0, 2.5, 3.0, 9.0], "c": [1.0, 2.0, 8.0]}
    assert shares(found) == {"a": 0.4286, "b": 0.4286, "c": 0.1429}  # from 2.0, when the last began, to 4.0
    assert spread(found) == 0.429
    assert spread({"a": [0.0, 1.0], "b": [2.0, 3.0]}) == 0.0  # one after the other
    assert declared((4, 5)) == [0.6667, 0.3333]
    assert gap([5.0, 1.0, 1.5, 9.0], 0.0, 6.0) == 3.5
    assert gap([], 0.0, 6.0) == 6.0


def test_memory() -> None:
    (found,) = bench("memory", "--smallest", "100", "--largest", "300", *SQLITE)["runs"]
    for part in (found["worker"], found["web"]):
        assert part["100"] > 10
        assert part["ratio"] == pytest.approx(part["300"] / part["100"], abs=0.01)


def test_import() -> None:
    found = bench("import", "--rows", "1000", "--orm-rows", "100", "--rounds", "1", *SQLITE)["sqlite"]
    assert found["ratio"] == pytest.approx(found["rows_per_second"] / found["orm_rows_per_second"], rel=0.05)


def test_tracking() -> None:
    found = bench("tracking", "--recipients", "300", "--hits", "200", "--rounds", "1", *SQLITE)["sqlite"]
    assert found["idle_p99_ms"] >= found["idle_p50_ms"] > 0
    assert found["ratio"] > 1


def test_contacts() -> None:
    found = bench("contacts", "--rows", "1000", *SQLITE)["sqlite"]
    assert len(found["questions"]) > 10
    assert found["slowest_ms"] == max(question["ms"] for question in found["questions"])
