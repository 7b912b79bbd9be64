"""The fuzzer itself: a share of its stories in every run, and that it sees what it is there to see."""

import subprocess
import sys

import pytest

from campaign_app.channels.base import Result, Verdict
from campaign_app.channels.email_smtp import verdicts
from campaign_app.channels.email_smtp.dialogue import Dialogue
from tests.channels import fuzz


def test_some_thousand_random_dialogues() -> None:
    told, judged, broken = fuzz.fuzz(20261125, seconds=60, rounds=1_500)
    assert broken is None
    assert told == 1_500
    assert set(judged) == set(Verdict) - {Verdict.RETURNED}, "every way to end is reached; SMTP has none to give back"


def _accepts_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "refused", lambda step, reply: Result(Verdict.ACCEPTED))


def _loses_what_was_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dialogue, "lost", lambda self, *_: setattr(self, "finished", True))


def _answers_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "accepted", lambda reply: Result(Verdict.TEMPORARY))


def _doubles_no_dots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        fuzz.mime, "stuffed", lambda content: content if content.endswith(b"\r\n") else content + b"\r\n"
    )


@pytest.mark.parametrize(
    "breaks", [_accepts_anything, _loses_what_was_under_way, _answers_do_not_count, _doubles_no_dots]
)
def test_a_broken_dialogue_is_seen_with_its_seed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, breaks
) -> None:
    breaks(monkeypatch)
    _, _, broken = fuzz.fuzz(1, seconds=30)
    assert broken is not None
    monkeypatch.setattr(sys, "argv", ["fuzz", "--seed", str(broken), "--rounds", "1"])
    assert fuzz.main() == 1
    assert f"--seed {broken} --rounds 1" in capsys.readouterr().out


def test_from_the_command_line() -> None:
    command = [sys.executable, "-m", "tests.channels.fuzz", "--seconds", "30", "--rounds", "40", "--seed", "7"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("40 dialogues, ")
    assert "first seed 7" in done.stdout
