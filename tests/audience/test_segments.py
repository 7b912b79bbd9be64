"""Segment rules: SQL on both databases compared with the Python reference, and rules that are refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from campaign_app.audience import segment_service, segments
from campaign_app.audience.errors import RulesInvalid, SegmentChanged
from campaign_app.audience.schemas import SegmentInput
from campaign_app.audience.segment_rules import FIELDS, MAX_DEPTH, MAX_LEAVES, OPERATORS, Kind, Value, check, kind_of
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.kit.folding import PAIRS, fold
from campaign_app.models.campaign import Campaign
from campaign_app.models.contact import Contact, ContactList, ContactTag, ListMember, Tag
from campaign_app.models.delivery import Delivery
from campaign_app.models.user import Role
from tests.conftest import MakeActor

pytestmark = pytest.mark.usefixtures("redis_url")
NOW = datetime(2026, 11, 17, 9, 30, tzinfo=UTC)
TEXTS = (
    "",
    "Müller",
    "MÜLLER",
    "müller",
    "straße",
    "STRASSE",
    "İstanbul",
    "ΣΊΣΥΦΟΣ",
    "σίσυφος",
    "O'Brien",
    "100%",
    "a_b",
)
TEXTS += ("\\", "Łódź", "ŁÓDŹ", " x ", "日本", "😀 smile", "NULL", '"q"')
VALUES = ("", "12", "-3.5", "12.50", "007", "1e5", "€ 99", "1.234,56", "9" * 15, "9" * 16, ".5", "5.", "--1", "²")
VALUES += ("2026-11-17", "2026-11-10", "2026-13-01", "2026-11-17T10:00:00", "17.11.2026", "Gold", "GOLD")
KEYS = ("plan", "seats")
DAYS = ("2026-11-17", "2026-11-10", "2025-01-01")


def _people() -> list[dict[str, Any]]:
    """Contacts that together have every value, in the form of the Python reference."""
    found = []
    for n in range(max(len(TEXTS), len(VALUES)) * 2):
        text, value = TEXTS[n % len(TEXTS)], VALUES[(n * 5) % len(VALUES)]
        at = NOW - timedelta(days=n % 9, hours=n % 24)
        engaged = [(1 + n % 3, NOW - timedelta(days=n % 40))] if n % 4 else []
        found.append(
            {
                "id": n + 1,
                "identity": f"p{n}@example.com",
                "email": "" if n % 7 == 0 else f"p{n}@example.com",
                "domain": "" if n % 7 == 0 else "example.com",
                "phone": "",
                "first_name": text,
                "last_name": TEXTS[(n * 3 + 1) % len(TEXTS)],
                "company": value,
                "time_zone": "",
                "language": ("", "de", "pt-BR")[n % 3],
                "attributes": {key: value for m, key in enumerate(KEYS) if (n + m) % 3 and value},
                "created_at": at,
                "updated_at": at,
                "lists": [i for i in (1, 2) if n % (i + 1) == 0],
                "tags": [tag for i, tag in enumerate(("VIP", "Straße")) if n % (i + 2) == 0],
                "received": engaged,
                "opened": engaged if n % 3 else [],
                "clicked": engaged if n % 5 == 0 else [],
            }
        )
    return found


PEOPLE = _people()


async def _store() -> None:
    async with db.transaction() as session:
        session.add_all([ContactList(id=n, name=f"L{n}") for n in (1, 2)])
        session.add_all([Tag(id=1, name="VIP"), Tag(id=2, name="Straße")])
        session.add_all([Campaign(id=n, name=f"C{n}") for n in (1, 2, 3)])
        await session.flush()
        for person in PEOPLE:
            groups = {"lists", "tags", "received", "opened", "clicked"}
            session.add(Contact(**{k: v for k, v in person.items() if k not in groups}))
        await session.flush()
        for person in PEOPLE:
            session.add_all(ListMember(list_id=n, contact_id=person["id"]) for n in person["lists"])
            session.add_all(
                ContactTag(tag_id=("VIP", "Straße").index(t) + 1, contact_id=person["id"]) for t in person["tags"]
            )
            for campaign_id, at in person["received"]:
                session.add(
                    Delivery(
                        campaign_id=campaign_id,
                        contact_id=person["id"],
                        updated_at=at,
                        sent_at=at,
                        opened_at=at if person["opened"] else None,
                        clicked_at=at if person["clicked"] else None,
                    )
                )


def _value(kind: Value) -> st.SearchStrategy[Any]:
    some_text = st.sampled_from([t for t in (*TEXTS, *VALUES) if t]) | st.text(
        "aüÜßσΣ'%_\\-. 1", min_size=1, max_size=4
    )
    match kind:
        case Value.NONE:
            return st.none()
        case Value.TEXT:
            return some_text
        case Value.TEXTS:
            return st.lists(some_text | st.sampled_from(["vip", "STRAßE"]), min_size=1, max_size=4)
        case Value.NUMBER:
            return st.sampled_from([12, 12.5, -3.5, 0, 7, 999_999_999_999_999]) | st.integers(-20, 20)
        case Value.DAY:
            return st.sampled_from(DAYS)
        case Value.DAYS:
            return st.integers(1, 60)
        case Value.ID:
            return st.integers(1, 4)
        case Value.IDS:
            return st.lists(st.integers(1, 3), min_size=1, max_size=3)


@st.composite
def _leaves(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from([*FIELDS, *(f"attribute:{key}" for key in (*KEYS, "missing"))]))
    kind = kind_of(name)
    assert kind is not None
    op = draw(st.sampled_from(list(OPERATORS[kind])))
    return {"field": name, "op": op, "value": draw(_value(OPERATORS[kind][op].value))}


def _trees() -> st.SearchStrategy[dict[str, Any]]:
    return st.recursive(
        _leaves(),
        lambda inner: st.builds(
            lambda op, rules: {"op": op, "rules": rules[:1] if op == "not" else rules},
            st.sampled_from(["and", "or", "not"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        max_leaves=8,
    )


@pytest.fixture
async def stored(database: str) -> str:
    await _store()
    return database


async def test_sql_and_oracle_agree_on_every_operator(stored: str) -> None:
    """Every field with every operator and a value that some contact has."""
    for name in [*FIELDS, "attribute:plan"]:
        kind = kind_of(name)
        assert kind is not None
        for op, operator in OPERATORS[kind].items():
            for value in _samples(operator.value):
                await _agree({"field": name, "op": op, "value": value})


def _samples(kind: Value) -> list[Any]:
    return {
        Value.NONE: [None],
        Value.TEXT: [*(t for t in TEXTS if t), "mü", "ller", "tras", "İs", "ΣΥΦΟς", "%", "ile", "b", "example", "0"],
        Value.TEXTS: [["müller", "Gold"], ["vip"], ["STRAßE", "x"]],
        Value.NUMBER: [12, -3.5, 12.5, 7, 999_999_999_999_999],
        Value.DAY: list(DAYS),
        Value.DAYS: [1, 7, 30],
        Value.ID: [1, 2, 99],
        Value.IDS: [[1], [1, 2], [99]],
    }[kind]


async def test_sql_and_oracle_agree_on_any_tree(stored: str) -> None:
    trees: list[dict[str, Any]] = []

    @settings(max_examples=150, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(_trees())
    def draw(tree: dict[str, Any]) -> None:
        trees.append(tree)

    draw()
    assert len(trees) >= 100
    for tree in trees:
        await _agree(tree)


async def _agree(rules: dict[str, Any]) -> None:
    expected = [p["id"] for p in PEOPLE if segments.matches(rules, p, now=NOW)]
    async with db.reading() as session:
        query = select(Contact.id).where(segments.compile(rules, now=NOW)).order_by(col(Contact.id))
        assert list(await session.exec(query)) == expected, rules


async def test_the_condition_is_never_null(stored: str) -> None:
    rules = {"op": "or", "rules": [{"field": "attribute:missing", "op": "gt", "value": 1}]}
    for tree in (rules, {"op": "not", "rules": [rules]}):
        async with db.reading() as session:
            query = sa.select(sa.cast(segments.compile(tree), sa.Integer)).select_from(Contact)
            assert set((await session.execute(query)).scalars()) <= {0, 1}


async def test_postgresql_and_python_fold_alike(postgres_database: str) -> None:
    text = "".join(PAIRS) + "".join(PAIRS.values()) + "İıßﬁ日本😀'\\"
    async with db.reading() as session:
        folded = (await session.execute(sa.select(segments._Folded(sa.literal(text, sa.Text))))).scalar_one()
    assert folded == fold(text)


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        ({}, "op"),
        ([], ""),
        ({"op": "xor", "rules": [{"field": "email", "op": "is", "value": "a"}]}, "op"),
        ({"op": "and", "rules": []}, "rules"),
        ({"op": "not", "rules": [{"field": "email", "op": "is_empty"}] * 2}, "rules"),
        ({"op": "and", "rules": [{"field": "email", "op": "is", "value": ""}]}, "rules.0.value"),
        ({"op": "and", "rules": [{"field": "email", "op": "in_last_days", "value": 3}]}, "rules.0.op"),
        ({"op": "and", "rules": [{"field": "password", "op": "is", "value": "x"}]}, "rules.0.field"),
        ({"field": "attribute:a'b", "op": "is", "value": "x"}, "field"),
        ({"field": "attribute:n", "op": "gt", "value": "x"}, "value"),
        ({"field": "attribute:n", "op": "gt", "value": True}, "value"),
        ({"field": "created_at", "op": "on", "value": "2026-02-30"}, "value"),
        ({"field": "created_at", "op": "in_last_days", "value": 0}, "value"),
        ({"field": "list", "op": "in", "value": ["1"]}, "value"),
        ({"field": "tag", "op": "in", "value": []}, "value"),
        ({"field": "opened", "op": "campaign", "value": None}, "value"),
        ({"field": ["email"], "op": "is", "value": "x"}, "field"),
        ({"op": "and", "rules": [None]}, "rules.0"),
    ],
)
def test_mistakes_are_named_by_path(rules: Any, path: str) -> None:
    with pytest.raises(RulesInvalid) as raised:
        check(rules)
    assert path in raised.value.fields


def test_depth_and_size_are_limited() -> None:
    leaf = {"field": "email", "op": "is_empty"}
    deep: dict[str, Any] = leaf
    for _ in range(MAX_DEPTH):
        deep = {"op": "and", "rules": [deep]}
    assert check(deep) is deep
    with pytest.raises(RulesInvalid, match="deep"):
        check({"op": "and", "rules": [deep]})
    with pytest.raises(RulesInvalid, match="at most"):
        check({"op": "and", "rules": [leaf] * (MAX_LEAVES + 1)})
    half = {"op": "or", "rules": [leaf] * (MAX_LEAVES // 2 + 1)}
    with pytest.raises(RulesInvalid, match="at most"):
        check({"op": "and", "rules": [half, half]})


@pytest.fixture
async def actor(database: str, make_actor: MakeActor) -> Actor:
    return await make_actor(Role.MARKETER)


async def test_saving_counting_and_two_editors(actor: Actor, make_actor: MakeActor) -> None:
    await _store()
    rules = {"op": "and", "rules": [{"field": "tag", "op": "in", "value": ["vip"]}]}
    async with db.transaction() as session:
        made = await segment_service.create(session, actor, SegmentInput(name="VIPs", rules=rules))
    async with db.reading() as session:
        assert await segment_service.count(session, actor, rules) == sum("VIP" in p["tags"] for p in PEOPLE)
        assert [row.name for row in await segment_service.list_segments(session, actor)] == ["VIPs"]
        kinds = {info.field: info for info in await segment_service.fields(session, actor)}
        assert kinds["list"].values == [("1", "L1"), ("2", "L2")]
        assert ("is_not", "is not") in kinds["email"].operators
        assert kinds["opened"].kind == Kind.ENGAGEMENT
    other = await make_actor(Role.MARKETER, "Tom Beck")
    async with db.transaction() as session:
        await segment_service.update(session, other, made.id, SegmentInput(name="VIPs", rules=rules, version=1))
    with pytest.raises(SegmentChanged, match="Tom Beck"):
        async with db.transaction() as session:
            await segment_service.update(session, actor, made.id, SegmentInput(name="X", rules=rules, version=1))
    with pytest.raises(RulesInvalid):
        async with db.transaction() as session:
            await segment_service.create(session, actor, SegmentInput(name="Y", rules={}))
    async with db.transaction() as session:
        await segment_service.delete(session, actor, made.id)
        assert await segment_service.list_segments(session, actor) == []
