"""Tokens: genuine ones are read, all others are refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_app.core import crypto
from campaign_app.core.config import settings
from campaign_app.rendering import link_values, links
from campaign_app.rendering.link_values import LinkValues
from campaign_app.rendering.links import ClickToken, LinkKind
from tests import tokens


def token_of(url: str) -> str:
    return url.rsplit("/", 1)[1].removesuffix(".gif")


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**24 - 1))
def test_round_trip(delivery_id: int, position: int) -> None:
    made = {
        LinkKind.OPEN: links.open_url(delivery_id),
        LinkKind.UNSUBSCRIBE: links.unsubscribe_url(delivery_id),
        LinkKind.VIEW: links.view_url(delivery_id),
    }
    for kind, url in made.items():
        assert links.read_token(kind, token_of(url)) == delivery_id
        assert links.read_click(token_of(url)) is None
        for other in set(LinkKind) - {kind}:
            assert links.read_token(other, token_of(url)) is None
    click = token_of(tokens.click_url(delivery_id, position))
    assert links.read_click(click) == ClickToken(delivery_id, position, b"")
    assert [links.read_token(kind, click) for kind in made] == [None] * len(made)


@given(
    st.integers(1, 2**48 - 1), st.lists(st.integers(0, 2**24 - 1), min_size=1, unique=True), st.binary(max_size=1_500)
)
def test_a_link_with_variables_carries_their_values(delivery_id: int, positions: list[int], packed: bytes) -> None:
    addresses = links.Addresses(0, (), "https://mail.example")
    made = addresses.make(delivery_id, LinkValues([(tuple(positions), packed)], {})).variables
    for position in positions:
        assert links.read_click(token_of(made[f"link_{position}"])) == ClickToken(delivery_id, position, packed)


def test_a_link_that_is_sent_as_it_is() -> None:
    addresses = links.Addresses(1, {"link_0"}, "https://mail.example", (0,))
    assert addresses.make(7, LinkValues([], {"link_0": "https://shop.example/"})).variables["link_0"] == (
        "https://shop.example/"
    )


@given(st.integers(0, 2**40), st.data())
def test_a_changed_token_is_nothing(delivery_id: int, data: st.DataObject) -> None:
    token = token_of(tokens.click_url(delivery_id, 3))
    at = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("abcXYZ019-_"))
    changed = token[:at] + letter + token[at + 1 :]
    assert changed == token or links.read_click(changed) is None


@given(st.text(max_size=80))
def test_any_text_is_nothing(token: str) -> None:
    assert [links.read_token(kind, token) for kind in LinkKind] == [None] * len(LinkKind)
    assert links.read_click(token) is None


def test_tokens_are_short(var_dir: Path) -> None:
    assert len(token_of(links.unsubscribe_url(1_000_000))) == 24
    assert len(token_of(tokens.click_url(1_000_000, 3))) == 28


def test_tokens_of_earlier_versions_are_read(var_dir: Path) -> None:
    name = (1_000_000).to_bytes(3, "big")
    for kind in LinkKind:
        assert links.read_token(kind, crypto.sign(kind, name)) == 1_000_000
        assert links.read_token(kind, crypto.sign("click", name)) is None
    assert links.read_click(crypto.sign("click", b"\0\2" + name)) == ClickToken(1_000_000, 2, b"")
    target = b"https://shop.example/A"
    token = crypto.sign("click", b"\0\2" + (7).to_bytes(8, "big") + target)
    assert links.read_click(token) == ClickToken(7, 2, link_values.whole(target.decode()))


def test_variables_are_the_same_paths_after_the_base(var_dir: Path) -> None:
    every, base = {"link_0", "link_1", "open_url", "unsubscribe_url", "view_url"}, "https://mail.meridian-supply.com"
    assert links.Addresses(2, every, base).make(77).variables == {
        "link_0": base + tokens.click_url(77, 0),
        "link_1": base + tokens.click_url(77, 1),
        "open_url": base + links.open_url(77),
        "unsubscribe_url": base + links.unsubscribe_url(77),
        "view_url": base + links.view_url(77),
    }


def test_only_what_a_message_reads_is_made(var_dir: Path) -> None:
    """The unsubscribe address is always created, because every message's header has it."""
    found = links.Addresses(3, {"link_2", "first_name"}, "").make(77).variables
    assert found == {"link_2": tokens.click_url(77, 2), "unsubscribe_url": links.unsubscribe_url(77)}


def test_every_message_has_a_way_out_and_a_token(var_dir: Path) -> None:
    found = links.Addresses(0, (), "").make(5)
    assert found.unsubscribe_url == links.unsubscribe_url(5)
    assert links.read_token(LinkKind.DELIVERY, found.token) == 5


def test_a_new_key_makes_old_tokens_worthless(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = token_of(links.open_url(9))
    monkeypatch.setenv("BEACON_SECRET_KEY", "another key entirely, long enough")
    settings.cache_clear()
    assert links.read_token(LinkKind.OPEN, before) is None
    assert token_of(links.open_url(9)) != before
