"""Messages for rules that are not valid, and the path of each."""

from typing import Any

import pytest

from campaign_app.audience.errors import RulesInvalid
from campaign_app.audience.segment_rules import MAX_DEPTH, MAX_LEAVES, MAX_TEXT, MAX_VALUES, Value, check, value_problem

RULE = {"field": "email", "op": "is", "value": "a@b.test"}


def group(op: str, *rules: Any) -> dict[str, Any]:
    return {"op": op, "rules": list(rules)}


def nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = dict(RULE)
    for _ in range(depth):
        found = group("and", found)
    return found


def mistakes(rules: Any) -> dict[str, str]:
    with pytest.raises(RulesInvalid) as caught:
        check(rules)
    path, said = next(iter(caught.value.fields.items()))
    assert caught.value.message == f"{said} ({path or 'the whole segment'})"
    return dict(caught.value.fields)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (None, {"": "A rule is missing."}),
        (group("and", RULE, 7), {"rules.1": "A rule is missing."}),
        (group("and", group("or", RULE, [])), {"rules.0.rules.1": "A rule is missing."}),
        (group("xor", RULE), {"op": "A group joins its rules by and, or, not."}),
        (group("and", group("", RULE)), {"rules.0.op": "A group joins its rules by and, or, not."}),
        (group("and"), {"rules": "Add at least one rule."}),
        (group("or", RULE, group("and")), {"rules.1.rules": "Add at least one rule."}),
        ({"op": "and", "rules": "all"}, {"rules": "Add at least one rule."}),
        (group("not", RULE, RULE), {"rules": "“Not” takes exactly one rule or group."}),
        (group("and", group("not", RULE, RULE)), {"rules.0.rules": "“Not” takes exactly one rule or group."}),
        ({"field": "shoe size"}, {"field": "Choose a field."}),
        (group("or", {"field": 7, "op": "is"}), {"rules.0.field": "Choose a field."}),
        ({"field": "email", "op": "before"}, {"op": "Choose a comparison that fits the field."}),
        (group("or", {"field": "email", "op": 7}), {"rules.0.op": "Choose a comparison that fits the field."}),
        ({"field": "email", "op": "is", "value": ""}, {"value": "Enter a text of at most 500 characters."}),
        (
            group("and", {"field": "list", "op": "in", "value": []}, {"field": "x"}),
            {"rules.0.value": "Choose one or more lists.", "rules.1.field": "Choose a field."},
        ),
        (group("and", *[RULE] * (MAX_LEAVES + 1)), {"rules": "A segment has at most 100 rules."}),
        (
            group("and", group("and", *[RULE] * MAX_LEAVES), RULE),
            {"": "A segment has at most 100 rules; this one has 101."},
        ),
        (
            group("and", group("not"), None),
            {"rules.0.rules": "Add at least one rule.", "rules.1": "A rule is missing."},
        ),
    ],
)
def test_each_mistake_is_named_at_its_place(rules: Any, expected: dict[str, str]) -> None:
    assert mistakes(rules) == expected


def test_groups_are_nested_eight_deep() -> None:
    assert check(nested(MAX_DEPTH)) == nested(MAX_DEPTH)
    assert mistakes(nested(MAX_DEPTH + 1)) == {".".join(["rules.0"] * MAX_DEPTH): "Groups can be nested 8 deep."}


def test_a_segment_has_a_hundred_rules() -> None:
    """Missing rules and rules in refused groups are not counted."""
    for rules in (
        group("and", *[RULE] * MAX_LEAVES),
        group("or", group("and", *[RULE] * 60), group("or", *[RULE] * 40)),
    ):
        assert check(rules) == rules
    for nothing in (None, group("and")):
        assert "" not in mistakes(group("and", group("or", *[RULE] * 99), RULE, nothing))


TEXT, DAYS = "Enter a text of at most 500 characters.", "Enter a number of days from 1 to 3,650."
VALUES, LISTS = "Enter one or more values.", "Choose one or more lists."
NUMBER, DAY, CAMPAIGN = "Enter a number.", "Enter a day as YYYY-MM-DD.", "Choose a campaign."


@pytest.mark.parametrize(
    ("wanted", "fine", "wrong", "words"),
    [
        (Value.NONE, [None, "", 7, []], [], ""),
        (Value.TEXT, ["a", " ", "x" * MAX_TEXT], ["", "x" * (MAX_TEXT + 1), "a\0b", 7, None, ["a"]], TEXT),
        (Value.TEXTS, [["a"], ["a"] * MAX_VALUES], [[], ["a"] * (MAX_VALUES + 1), ["a", ""], [7], "a", ("a",)], VALUES),
        (Value.NUMBER, [0, -1, 2.5, 1e15 - 1, -1e15 + 1], [1e15, -1e15, True, "7", None, float("nan")], NUMBER),
        (Value.DAY, ["2026-11-17", "2024-02-29"], ["2026-02-29", "20261117", "2026-W47-2", "", 20261117], DAY),
        (Value.DAYS, [1, 3_650], [0, 3_651, -1, True, 1.0, "7"], DAYS),
        (Value.ID, [1, 0], [True, "1", 1.0, None], CAMPAIGN),
        (Value.IDS, [[1], [1] * MAX_VALUES], [[], [1] * (MAX_VALUES + 1), [True], ["1"], 1], LISTS),
    ],
)
def test_what_an_operator_takes(wanted: Value, fine: list[Any], wrong: list[Any], words: str) -> None:
    assert [value_problem(wanted, value) for value in fine] == [""] * len(fine)
    assert [value_problem(wanted, value) for value in wrong] == [words] * len(wrong)
