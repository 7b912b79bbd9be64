"""Logs of child processes are put aside while these run, and no line is lost."""

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaign_app.core.config import settings
from campaign_app.launcher.children import LOGS_KEPT, Child
from tests.hanging import wait

TALKING = """
import sys
from campaign_app.core.pulse import Pulse

pulse, number = Pulse("talker"), 0
for number in range(60_000):
    (sys.stdout if number % 2 else sys.stderr).write(f"line {number:06}\\n")
    if number % 50 == 0:
        pulse.beat()
"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Child]:
    monkeypatch.setenv("BEACON_LOG_LIMIT_MB", "0.1")
    settings.cache_clear()
    made = Child("Talker", [sys.executable, "-u", "-c", TALKING], {}, tmp_path / "logs" / "talker.log")
    yield made
    made.finish(time.monotonic())
    settings.cache_clear()


def test_a_log_is_rotated_while_its_process_writes_and_nothing_is_lost(child: Child) -> None:
    log = child.log
    assert log is not None
    child.start()
    kept: list[str] = []

    def turn() -> bool:
        """As the supervisor does; what falls off the end is remembered here."""
        oldest = log.with_suffix(f".log.{LOGS_KEPT}")
        before = oldest.read_text() if oldest.exists() else ""
        inode = oldest.stat().st_ino if before else 0
        child.rotate()
        if before and (not oldest.exists() or oldest.stat().st_ino != inode):
            kept.append(before)
        return not child.running

    wait(turn)
    files = [log.with_suffix(f".log.{number}") for number in range(LOGS_KEPT, 0, -1)]
    assert all(file.exists() for file in files)
    written = "".join([*kept, *(file.read_text() for file in files), log.read_text()])
    numbers = [int(each) for each in re.findall(r"^line (\d{6})$", written, re.MULTILINE)]
    assert sorted(numbers) == list(range(60_000))
    assert not list(log.parent.glob(f"*.log.{LOGS_KEPT + 1}"))


def test_the_environment_of_a_child_names_its_log_and_its_pulse(tmp_path: Path) -> None:
    show = "import os; print(os.environ['BEACON_LOG_FILE'], os.environ['BEACON_PULSE'])"
    child = Child("Shower", [sys.executable, "-c", show], {}, tmp_path / "shower.log")
    child.start()
    assert child.process is not None
    assert child.watch is not None
    folder = child.watch.folder
    child.process.wait(60)
    assert child.last_words() == f"{tmp_path / 'shower.log'} {folder}"
    assert folder.stat().st_mode & 0o077 == 0
    child.finish(time.monotonic())
    assert not folder.exists()
