"""When the rehearsal's accounting may be believed. Pure."""

from typing import Any

import pytest

from campaign_app.launcher.demo import account, disagreements

COUNTS = {"total": 10, "sent": 7, "failed": 1, "bounced": 1, "skipped": 1, "uncertain": 0, "pending": 0}


def result(accepted: int = 8, distinct: int = 8, **counts: int) -> dict[str, Any]:
    witness = {"accepted": accepted, "distinct": distinct, "duplicates": accepted - distinct}
    return account({**COUNTS, **counts}, 2.0, witness)


def test_agreement() -> None:
    assert disagreements(result()) == []
    assert result()["rate_per_second"] == 4.0


@pytest.mark.parametrize("accepted", [7, 8])
def test_the_uncertain_may_be_in_the_log_or_not(accepted: int) -> None:
    assert disagreements(result(accepted, accepted, sent=6, uncertain=1)) == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (result(sent=6), "states sum to 9"),
        (result(accepted=9, distinct=8), "twice"),
        (result(accepted=7, distinct=7), "log holds 7"),
        (result(accepted=9, distinct=9), "log holds 9"),
        (result(sent=6, pending=1, accepted=7, distinct=7), "still pending"),
    ],
)
def test_disagreement(wrong: dict[str, Any], words: str) -> None:
    assert any(words in sentence for sentence in disagreements(wrong))


def test_nothing_sent_has_no_rate() -> None:
    assert account({**COUNTS}, 0.0, {"accepted": 0, "distinct": 0, "duplicates": 0})["rate_per_second"] == 0.0
