"""Segment rules as SQL for both databases, and in plain Python as the reference for tests."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement, GenericFunction
from sqlmodel import col

from campaign_app.audience.segment_rules import ATTRIBUTE, Kind, Rules, check, is_group, kind_of, operator_of
from campaign_app.audience.sqlite_functions import DAY_PATTERN, NUMBER_PATTERN, as_day, as_number
from campaign_app.core.clock import now as clock_now
from campaign_app.kit.folding import PAIRS, fold
from campaign_app.models.contact import Contact, ContactTag, ListMember, Tag
from campaign_app.models.delivery import Delivery

Condition = sa.ColumnElement[bool]
_ENGAGEMENT = {"received": Delivery.sent_at, "opened": Delivery.opened_at, "clicked": Delivery.clicked_at}
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": lambda a, b: a == b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "on": lambda a, b: a == b,
    "before": lambda a, b: a < b,
    "after": lambda a, b: a > b,
}


class _Folded(FunctionElement[str]):
    """A text in lower case by the table of kit.folding, so that it does not depend on the server's locale."""

    type = sa.String()
    inherit_cache = True


class _Number(FunctionElement[float]):
    """A text as a number, or NULL when it is none."""

    type = sa.Float()
    inherit_cache = True


class _Day(FunctionElement[str]):
    """The ISO day at the start of a text, or NULL when there is none."""

    type = sa.String()
    inherit_cache = True


class _Position(GenericFunction[int]):
    """The position of one text in another, from 1; 0 when it is not there."""

    type = sa.Integer()
    inherit_cache = True
    name = "instr"


_CAPITALS, _SMALL = "".join(PAIRS).replace("'", "''"), "".join(PAIRS.values())


@compiles(_Folded)
def _folded(element: Any, compiler: Any, **kw: Any) -> str:
    return f"beacon_fold({compiler.process(element.clauses, **kw)})"


@compiles(_Folded, "postgresql")
def _folded_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    text = compiler.process(element.clauses, **kw)
    small = f'lower({text} COLLATE "C")'
    return f"CASE WHEN octet_length({text}) = char_length({text}) THEN {small} ELSE translate({small}, '{_CAPITALS}', '{_SMALL}') END"  # noqa: E501


@compiles(_Number)
def _number(element: Any, compiler: Any, **kw: Any) -> str:
    return f"beacon_number({compiler.process(element.clauses, **kw)})"


@compiles(_Number, "postgresql")
def _number_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    text = compiler.process(element.clauses, **kw)
    return f"CASE WHEN {text} ~ '{NUMBER_PATTERN}' THEN CAST({text} AS double precision) END"


@compiles(_Day)
def _day(element: Any, compiler: Any, **kw: Any) -> str:
    return f"beacon_day({compiler.process(element.clauses, **kw)})"


@compiles(_Day, "postgresql")
def _day_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"substring({compiler.process(element.clauses, **kw)} from '{DAY_PATTERN}') COLLATE \"C\""


@compiles(_Position, "postgresql")
def _position_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **kw)})"


def compile(rules: Rules, *, now: datetime | None = None) -> Condition:
    """The rules as a condition on `contact`. Never NULL, so that "not" works as expected.

    Raises:
        RulesInvalid: the rules are not valid.
    """
    return _compile(check(rules), now or clock_now())


def _compile(rules: Rules, now: datetime) -> Condition:
    if not is_group(rules):
        return _leaf(rules, now)
    inner = [_compile(rule, now) for rule in rules["rules"]]
    match rules["op"]:
        case "and":
            return sa.and_(*inner)
        case "or":
            return sa.or_(*inner)
        case _:
            return sa.not_(inner[0])


def _leaf(leaf: Rules, now: datetime) -> Condition:
    operator = operator_of(leaf)
    if operator.negates:
        return sa.not_(_leaf({**leaf, "op": operator.negates}, now))
    name, op, value = leaf["field"], leaf["op"], leaf.get("value")
    match kind_of(name):
        case Kind.LIST:
            return _member(col(ListMember.contact_id), col(ListMember.list_id).in_(value or []))
        case Kind.TAG:
            named = _folded_in(col(Tag.name), value or [])
            return _member(col(ContactTag.contact_id), col(ContactTag.tag_id).in_(sa.select(col(Tag.id)).where(named)))
        case Kind.ENGAGEMENT:
            return _engaged(name, op, value, now)
        case Kind.DATE:
            return _instant(getattr(Contact, name), op, value, now)
        case Kind.ATTRIBUTE:
            stored = sa.func.coalesce(col(Contact.attributes)[name.removeprefix(ATTRIBUTE)].as_string(), "")
            return _attribute(stored, op, value, now)
        case _:
            return _text(col(getattr(Contact, name)), op, value)


def _member(contact_id: Any, condition: Condition) -> Condition:
    return sa.exists().where(contact_id == Contact.id, condition)


def _folded_in(column: Any, values: list[str]) -> Condition:
    return _Folded(column).in_([fold(value) for value in values])


def _engaged(name: str, op: str, value: Any, now: datetime) -> Condition:
    happened = col(_ENGAGEMENT[name])
    found = sa.exists().where(col(Delivery.contact_id) == Contact.id, happened.is_not(None))
    if op == "campaign":
        return found.where(col(Delivery.campaign_id) == value)
    return found.where(happened >= now - timedelta(days=value)) if op == "in_last_days" else found


def _instant(column: Any, op: str, value: Any, now: datetime) -> Condition:
    if op == "in_last_days":
        return sa.and_(column >= now - timedelta(days=value))
    day = datetime.combine(date.fromisoformat(value), datetime.min.time(), UTC)
    if op == "before":
        return sa.and_(column < day)
    after = day + timedelta(days=1)
    return sa.and_(column >= after) if op == "after" else sa.and_(column >= day, column < after)


def _attribute(stored: Any, op: str, value: Any, now: datetime) -> Condition:
    if op in {"eq", "gt", "gte", "lt", "lte"}:
        return sa.func.coalesce(_COMPARE[op](_Number(stored), float(value)), sa.false())
    if op == "in_last_days":
        first, last = (now - timedelta(days=value)).date().isoformat(), now.date().isoformat()
        return sa.func.coalesce(_Day(stored).between(first, last), sa.false())
    if op in {"on", "before", "after"}:
        return sa.func.coalesce(_COMPARE[op](_Day(stored), value), sa.false())
    return _text(stored, op, value)


def _text(column: Any, op: str, value: Any) -> Condition:
    if op == "is_empty":
        return sa.and_(column == "")
    folded = _Folded(column)
    if op == "in":
        return _folded_in(column, value)
    wanted = fold(value)
    match op:
        case "is":
            return sa.and_(folded == wanted)
        case "contains":
            return sa.and_(_Position(folded, wanted) > 0)
        case "begins_with":
            return sa.and_(sa.func.substr(folded, 1, len(wanted)) == wanted)
        case _:
            length = sa.func.length(column)
            ending = sa.func.substr(folded, length - len(wanted) + 1)
            return sa.and_(length >= len(wanted), ending == wanted)


def matches(rules: Rules, contact: dict[str, Any], *, now: datetime | None = None) -> bool:
    """Whether a contact matches the rules, computed in Python.

    `contact` has the fields of FIELDS with `attributes` (dict), `lists` (ids), `tags` (names) and, for
    `received`, `opened`, `clicked`, pairs of (campaign id, time).
    """
    return _matches(check(rules), contact, now or clock_now())


def _matches(rules: Rules, contact: dict[str, Any], now: datetime) -> bool:
    if not is_group(rules):
        return _leaf_matches(rules, contact, now)
    inner = (_matches(rule, contact, now) for rule in rules["rules"])
    match rules["op"]:
        case "and":
            return all(inner)
        case "or":
            return any(inner)
        case _:
            return not next(inner)


def _leaf_matches(leaf: Rules, contact: dict[str, Any], now: datetime) -> bool:
    operator = operator_of(leaf)
    if operator.negates:
        return not _leaf_matches({**leaf, "op": operator.negates}, contact, now)
    name, op, value = leaf["field"], leaf["op"], leaf.get("value")
    match kind_of(name):
        case Kind.LIST:
            return bool(set(value or []) & set(contact.get("lists", ())))
        case Kind.TAG:
            return bool({fold(v) for v in value or []} & {fold(tag) for tag in contact.get("tags", ())})
        case Kind.ENGAGEMENT:
            return any(_engagement_matches(op, value, campaign, at, now) for campaign, at in contact.get(name, ()))
        case Kind.DATE:
            return _instant_matches(contact[name], op, value, now)
        case Kind.ATTRIBUTE:
            stored = contact.get("attributes", {}).get(name.removeprefix(ATTRIBUTE)) or ""
            return _attribute_matches(stored, op, value, now)
        case _:
            return _text_matches(contact.get(name) or "", op, value)


def _engagement_matches(op: str, value: Any, campaign_id: int, at: datetime, now: datetime) -> bool:
    if op == "campaign":
        return bool(campaign_id == value)
    return op == "ever" or at >= now - timedelta(days=value)


def _instant_matches(at: datetime, op: str, value: Any, now: datetime) -> bool:
    if op == "in_last_days":
        return at >= now - timedelta(days=value)
    return bool(_COMPARE[op](at.astimezone(UTC).date(), date.fromisoformat(value)))


def _attribute_matches(stored: str, op: str, value: Any, now: datetime) -> bool:
    if op in {"eq", "gt", "gte", "lt", "lte"}:
        number = as_number(stored)
        return number is not None and bool(_COMPARE[op](number, float(value)))
    day = as_day(stored)
    if op == "in_last_days":
        return day is not None and (now - timedelta(days=value)).date().isoformat() <= day <= now.date().isoformat()
    if op in {"on", "before", "after"}:
        return day is not None and bool(_COMPARE[op](day, value))
    return _text_matches(stored, op, value)


def _text_matches(stored: str, op: str, value: Any) -> bool:
    text = fold(stored)
    match op:
        case "is_empty":
            return stored == ""
        case "in":
            return text in {fold(v) for v in value}
        case "is":
            return text == fold(value)
        case "contains":
            return fold(value) in text
        case "begins_with":
            return text.startswith(fold(value))
        case _:
            return text.endswith(fold(value))
