"""Segment rules as the editor holds them: groups (all, any or none) and rules whose values are still text. Pure.

A path such as "0.2" is the third rule of the first rule of the outermost group; "" is that group itself.
"""

import copy
import dataclasses
from dataclasses import dataclass
from typing import Any, Final

from campaign_app.audience.schemas import FieldInfo
from campaign_app.audience.segment_rules import MAX_DEPTH, OPERATORS, Rules, Value, kind_of
from campaign_app.core.errors import Conflict
from campaign_app.kit import ids

GROUPS: Final = (("and", "All of these"), ("or", "Any of these"), ("none", "None of these"))
EMPTY: Final[Rules] = {"op": "and", "rules": []}


@dataclass
class RuleLine:
    """One line of the editor: the head of a group, or a rule. `kind` decides the control of the value."""

    path: str
    depth: int
    group: bool
    op: str
    field: str = ""
    value: str = ""
    kind: str = ""
    error: str = ""
    nested: bool = True
    operators: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    choices: list[tuple[str, str]] = dataclasses.field(default_factory=list)


def to_editor(rules: Rules) -> Rules:
    """Stored rules as the editor's tree."""
    if "field" in rules:
        return {"field": rules["field"], "op": rules["op"], "value": _text(rules.get("value"))}
    op, inner = rules.get("op", "and"), rules.get("rules", [])
    if op == "not":
        only = inner[0] if inner else EMPTY
        inner = only["rules"] if only.get("op") == "or" and "field" not in only else [only]
        op = "none"
    return {"op": op, "rules": [to_editor(rule) for rule in inner]}


def outermost(rules: Rules) -> Rules:
    """The editor's tree with a group as its root."""
    tree = to_editor(rules) if rules else copy.deepcopy(EMPTY)
    return tree if "rules" in tree else {"op": "and", "rules": [tree]}


def to_rules(tree: Rules) -> Rules:
    """The editor's tree in stored form. Values get their types where the text allows it."""
    if "field" in tree:
        return {"field": tree["field"], "op": tree["op"], "value": _typed(tree)}
    inner = [to_rules(rule) for rule in tree["rules"]]
    if tree["op"] == "none":
        return {"op": "not", "rules": [{"op": "or", "rules": inner}]}
    return {"op": tree["op"], "rules": inner}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _value_kind(leaf: Rules) -> Value | None:
    kind = kind_of(leaf["field"])
    operator = OPERATORS[kind].get(leaf["op"]) if kind else None
    return operator.value if operator else None


def _typed(leaf: Rules) -> Any:
    text = leaf["value"].strip()
    parts = [part.strip() for part in text.split(",") if part.strip()]
    match _value_kind(leaf):
        case Value.NONE | None:
            return None
        case Value.TEXTS:
            return parts
        case Value.IDS:
            return [found for part in parts if (found := ids.number(part)) is not None]
        case Value.ID | Value.DAYS:
            return text if (found := ids.number(text)) is None else found
        case Value.NUMBER:
            return _number(text)
        case _:
            return text


def _number(text: str) -> float | str:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text


class RuleGone(Conflict, LookupError):
    """The tree no longer has anything at that path."""

    def __init__(self) -> None:
        super().__init__("This rule is not there any more. Reload the page and try again.", title="No such rule")


def lines(tree: Rules, fields: list[FieldInfo], errors: dict[str, str]) -> list[RuleLine]:
    """Every group and rule in reading order."""
    known = {info.field: info for info in fields}
    return _lines(tree, "", 0, known, _by_editor_path(tree, errors))


def _lines(tree: Rules, path: str, depth: int, known: dict[str, FieldInfo], errors: dict[str, str]) -> list[RuleLine]:
    if "field" in tree:
        return [_leaf_line(tree, path, depth, known.get(tree["field"]), errors.get(path, ""))]
    nested = depth + 1 < MAX_DEPTH // 2
    made = [RuleLine(path, depth, True, tree["op"], error=errors.get(path, ""), nested=nested)]
    for index, rule in enumerate(tree["rules"]):
        made += _lines(rule, f"{path}.{index}".lstrip("."), depth + 1, known, errors)
    return made


def _leaf_line(leaf: Rules, path: str, depth: int, info: FieldInfo | None, error: str) -> RuleLine:
    kind = _value_kind(leaf)
    return RuleLine(
        path,
        depth,
        False,
        leaf["op"],
        field=leaf["field"],
        value=leaf["value"],
        kind=("choice" if info and info.values else kind.value) if kind and kind is not Value.NONE else "none",
        error=error,
        operators=info.operators if info else [],
        choices=info.values if info else [],
    )


def _by_editor_path(tree: Rules, errors: dict[str, str]) -> dict[str, str]:
    """The checker's paths ("rules.0.value", through a "not") as paths of the editor."""
    found: dict[str, str] = {}
    for path, message in errors.items():
        node, place = tree, []
        steps = [index for step in path.split(".") if (index := ids.number(step)) is not None]
        while steps and "rules" in node:
            if node["op"] == "none":
                steps = steps[1:]
                if not steps:
                    break
            index = steps.pop(0)
            if index >= len(node["rules"]):
                break
            place.append(str(index))
            node = node["rules"][index]
        found.setdefault(".".join(place), message)
    return found


def node(tree: Rules, path: str) -> Rules:
    """The group or rule at a path.

    Raises:
        RuleGone: there is none.
    """
    for step in path.split(".") if path else []:
        place, rules = ids.number(step), tree.get("rules", [])
        if place is None or place >= len(rules):
            raise RuleGone
        tree = rules[place]
    return tree


def _group(tree: Rules, path: str) -> list[Rules]:
    rules: list[Rules] | None = node(tree, path).get("rules")
    if rules is None:
        raise RuleGone
    return rules


def add(tree: Rules, path: str, new: Rules) -> Rules:
    """The tree with `new` at the end of the group at `path`."""
    changed = copy.deepcopy(tree)
    _group(changed, path).append(new)
    return changed


def remove(tree: Rules, path: str) -> Rules:
    """The tree without the node at `path`."""
    changed = copy.deepcopy(tree)
    parent, _, last = path.rpartition(".")
    node(changed, path)
    del _group(changed, parent)[int(last)]
    return changed


def change(tree: Rules, path: str, **values: str) -> Rules:
    """The tree with changed values of a group or rule. A new field comes with its first operator."""
    changed = copy.deepcopy(tree)
    found = node(changed, path)
    if values.get("field", found.get("field")) != found.get("field"):
        kind = kind_of(values["field"])
        values = {**values, "op": next(iter(OPERATORS[kind])) if kind else "is", "value": ""}
    found.update(values)
    return changed
