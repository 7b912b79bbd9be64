"""Labels of the log for people."""

from datetime import UTC, datetime

import pytest

from campaign_app.audit import labels
from campaign_app.audit.anchors import Anchor
from campaign_app.audit.service import Choices, Fault, Proof


@pytest.mark.parametrize(
    ("name", "shown"),
    [("user.reset_password", "User: reset password"), ("contact_list.create", "Contact list: create"), ("x", "X")],
)
def test_actions(name: str, shown: str) -> None:
    assert labels.action(name) == shown


def test_details_of_every_kind() -> None:
    found = {
        "role": {"from": "viewer", "to": "marketer"},
        "is_active": True,
        "ids": [3, 4],
        "filters": {"tag": "vip", "n": 2},
        "note": "",
        "none": None,
    }
    assert labels.details(found) == (
        "role: viewer → marketer · is active: yes · ids: 3, 4 · filters: tag vip, n 2 · note: – · none: –"
    )
    assert labels.details({}) == ""


def test_people_of_one_name_can_be_told_apart() -> None:
    found = Choices(["user.create"], ["user"], [(1, "Ines"), (7, "Ines"), (8, "Tom")])
    assert labels.choices(found)["person"] == {"Ines (1)": 1, "Ines (7)": 7, "Tom": 8}


def test_verdict_names_at_most_ten() -> None:
    end = Anchor(datetime(2026, 11, 2, tzinfo=UTC), 7, 7, "x")
    assert "none is missing (7 entries)" in labels.verdict(Proof([], [], end), "now")
    assert labels.verdict(Proof([3], [], end), "now").startswith("1 entry does not fit: number 3.")
    assert "12" not in labels.verdict(Proof(list(range(1, 13)), [], end), "now").partition("number")[2]
    assert "was anchored" in labels.verdict(Proof([], [Fault.ANCHOR], end), "now")


def test_every_fault_has_words() -> None:
    assert set(labels._FAULTS) == set(Fault)
