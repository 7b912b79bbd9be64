"""The log as people read it."""

import pytest

from campaign_app.audit import words
from campaign_app.audit.service import Choices


@pytest.mark.parametrize(
    ("name", "shown"),
    [("user.reset_password", "User: reset password"), ("contact_list.create", "Contact list: create"), ("x", "X")],
)
def test_actions(name: str, shown: str) -> None:
    assert words.action(name) == shown


def test_details_of_every_kind() -> None:
    found = {
        "role": {"from": "viewer", "to": "marketer"},
        "is_active": True,
        "ids": [3, 4],
        "filters": {"tag": "vip", "n": 2},
        "note": "",
        "none": None,
    }
    assert words.details(found) == (
        "role: viewer → marketer · is active: yes · ids: 3, 4 · filters: tag vip, n 2 · note: – · none: –"
    )
    assert words.details({}) == ""


def test_people_of_one_name_can_be_told_apart() -> None:
    found = Choices(["user.create"], ["user"], [(1, "Ines"), (7, "Ines"), (8, "Tom")])
    assert words.choices(found)["person"] == {"Ines (1)": 1, "Ines (7)": 7, "Tom": 8}


def test_verdict_names_at_most_ten() -> None:
    assert "none is missing" in words.verdict([], "now")
    assert words.verdict([3], "now").startswith("1 entry does not fit: number 3.")
    assert "12" not in words.verdict(list(range(1, 13)), "now").partition("number")[2]
