"""The editor of segment rules as pure functions: what is stored comes back, paths find what they name."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_app.audience.errors import RulesInvalid
from campaign_app.audience.schemas import FieldInfo
from campaign_app.audience.segment_rules import MAX_DEPTH, OPERATORS, Kind, Value, check
from campaign_app.ui.audience import rule_tree

FIELDS = {Kind.TEXT: "company", Kind.ATTRIBUTE: "attribute:size", Kind.LIST: "list", Kind.TAG: "tag"}
WORD = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
VALUES: dict[Value, st.SearchStrategy[Any]] = {
    Value.NONE: st.none(),
    Value.TEXT: WORD,
    Value.TEXTS: st.lists(WORD, min_size=1, max_size=3),
    Value.NUMBER: st.floats(-1e6, 1e6, allow_nan=False),
    Value.DAY: st.dates().map(str),
    Value.DAYS: st.integers(1, 365),
    Value.IDS: st.lists(st.integers(1, 99), min_size=1, max_size=3),
    Value.ID: st.integers(1, 99),
}


def _leaf(choice: tuple[str, str, Value]) -> st.SearchStrategy[dict[str, Any]]:
    field, op, value = choice
    return VALUES[value].map(lambda found: {"field": field, "op": op, "value": found})


LEAVES = st.sampled_from(
    [(field, op, found.value) for kind, field in FIELDS.items() for op, found in OPERATORS[kind].items()]
).flatmap(_leaf)


def _groups(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    rules = st.lists(inner, min_size=1, max_size=3)
    joined = st.builds(lambda op, found: {"op": op, "rules": found}, st.sampled_from(["and", "or"]), rules)
    none = rules.map(lambda found: {"op": "not", "rules": [{"op": "or", "rules": found}]})
    return joined | none


RULES = _groups(st.recursive(LEAVES, _groups, max_leaves=8))


@given(RULES)
def test_what_is_stored_comes_back_unchanged(rules: dict[str, Any]) -> None:
    assert rule_tree.to_rules(rule_tree.outermost(rules)) == rules


@given(RULES)
def test_every_line_names_what_stands_at_its_path(rules: dict[str, Any]) -> None:
    tree = rule_tree.outermost(rules)
    made = rule_tree.lines(tree, [], {})
    assert len({line.path for line in made}) == len(made)
    for line in made:
        found = rule_tree.node(tree, line.path)
        assert line.group == ("rules" in found)
        assert line.op == found["op"]
        assert line.value == found.get("value", "")


@given(RULES, st.data())
def test_adding_and_removing_leaves_the_rest(rules: dict[str, Any], data: st.DataObject) -> None:
    tree = rule_tree.outermost(rules)
    before = copy.deepcopy(tree)
    group = data.draw(st.sampled_from([line.path for line in rule_tree.lines(tree, [], {}) if line.group]))
    new = {"field": "company", "op": "is", "value": "Acme"}
    more = rule_tree.add(tree, group, new)
    place = len(rule_tree.node(tree, group)["rules"])
    path = f"{group}.{place}".lstrip(".")
    assert tree == before
    assert rule_tree.node(more, path) == new
    assert rule_tree.remove(more, path) == before


@given(RULES)
def test_a_mistake_stands_at_its_rule(rules: dict[str, Any]) -> None:
    tree = rule_tree.outermost(rules)
    paths = [line.path for line in rule_tree.lines(tree, [], {}) if not line.group]
    wrong = rule_tree.change(tree, paths[-1], field="company", op="is", value="")
    wrong = rule_tree.change(wrong, paths[-1], value=" ")
    with pytest.raises(RulesInvalid) as caught:
        check(rule_tree.to_rules(wrong))
    marked = [line.path for line in rule_tree.lines(wrong, [], dict(caught.value.fields)) if line.error]
    assert paths[-1] in marked


def test_a_not_over_all_of_some_rules_keeps_its_meaning() -> None:
    stored = {"op": "not", "rules": [{"op": "and", "rules": [{"field": "tag", "op": "is_empty", "value": None}]}]}
    tree = rule_tree.outermost(stored)
    assert [line.op for line in rule_tree.lines(tree, [], {})] == ["none", "and", "is_empty"]
    assert rule_tree.to_rules(tree) == {"op": "not", "rules": [{"op": "or", "rules": stored["rules"]}]}


def test_one_rule_alone_gets_a_group_around_it() -> None:
    leaf = {"field": "company", "op": "is", "value": "Acme"}
    assert rule_tree.to_rules(rule_tree.outermost(leaf)) == {"op": "and", "rules": [leaf]}
    assert rule_tree.outermost({}) == rule_tree.EMPTY


def test_another_field_brings_its_first_question() -> None:
    tree = rule_tree.outermost({"field": "company", "op": "is", "value": "Acme"})
    found = rule_tree.node(rule_tree.change(tree, "0", field="list"), "0")
    assert (found["op"], found["value"]) == (next(iter(OPERATORS[Kind.LIST])), "")


def test_fields_with_known_values_are_chosen_from() -> None:
    info = FieldInfo("list", "List", Kind.LIST, [("in", "is in")], [("7", "Customers")])
    tree = rule_tree.outermost({"field": "list", "op": next(iter(OPERATORS[Kind.LIST])), "value": 7})
    line = rule_tree.lines(tree, [info], {})[1]
    assert (line.kind, line.value, line.choices) == ("choice", "7", [("7", "Customers")])


def test_groups_stop_nesting_before_they_are_too_deep() -> None:
    tree = rule_tree.outermost({})
    path = ""
    while rule_tree.lines(tree, [], {})[-1].nested:
        tree = rule_tree.add(tree, path, {"op": "none", "rules": []})
        path = f"{path}.0".lstrip(".")
    tree = rule_tree.add(tree, path, {"field": "company", "op": "is", "value": "Acme"})
    check(rule_tree.to_rules(tree))
    assert path.count(".") + 1 <= MAX_DEPTH


@pytest.mark.parametrize(("text", "value"), [("1,5", 1.5), (" 12 ", 12.0), ("many", "many")])
def test_numbers_are_read_as_people_write_them(text: str, value: object) -> None:
    assert rule_tree.to_rules({"field": "attribute:size", "op": "gt", "value": text})["value"] == value
