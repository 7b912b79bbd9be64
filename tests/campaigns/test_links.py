"""Tokens: genuine ones are read, anything else is nothing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_app.campaigns import links
from campaign_app.campaigns.links import ClickToken, LinkKind
from campaign_app.core import crypto
from campaign_app.core.config import settings
from tests import tokens


def token_of(url: str) -> str:
    return url.rsplit("/", 1)[1].removesuffix(".gif")


@given(st.integers(0, 2**63 - 1), st.integers(0, 65_535))
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
    assert links.read_click(click) == ClickToken(delivery_id, position, "")
    assert [links.read_token(kind, click) for kind in made] == [None] * len(made)


@given(st.integers(1, 2**63 - 1), st.integers(0, 65_535), st.text(max_size=300))
def test_a_link_with_variables_carries_where_it_leads(delivery_id: int, position: int, rest: str) -> None:
    target = f"https://shop.example/{rest}"
    addresses = links.Addresses(1, {"link_0"}, "https://mail.example")
    try:
        url = addresses.variables(delivery_id, {position: target})[f"link_{position}"]
    except UnicodeEncodeError:
        return  # a lone surrogate: the engine leaves this recipient out
    assert links.read_click(token_of(url)) == ClickToken(delivery_id, position, target)


def test_what_is_no_web_address_or_too_long_is_not_carried() -> None:
    addresses = links.Addresses(1, {"link_0"}, "https://mail.example")
    long = "https://shop.example/" + "x" * links.MOST_TARGET
    assert addresses.variables(7, {0: long})["link_0"] == long
    assert (
        addresses.variables(7, {0: "javascript:alert(1)"})["link_0"] == f"https://mail.example{tokens.click_url(7, 0)}"
    )


@given(st.integers(0, 2**40), st.data())
def test_a_changed_token_is_nothing(delivery_id: int, data: st.DataObject) -> None:
    token = token_of(tokens.click_url(delivery_id, 3))
    at = data.draw(st.integers(0, len(token) - 2))  # the last letter may carry unused bits
    letter = data.draw(st.sampled_from("abcXYZ019-_"))
    changed = token[:at] + letter + token[at + 1 :]
    assert changed == token or links.read_click(changed) is None


@given(st.text(max_size=80))
def test_any_text_is_nothing(token: str) -> None:
    assert links.read_token("open", token) is None
    assert links.read_click(token) is None


def test_tokens_are_those_of_core_crypto_and_short(var_dir: Path) -> None:
    token = token_of(links.unsubscribe_url(1_000_000))
    assert token == crypto.sign("unsubscribe", (1_000_000).to_bytes(3, "big"))
    assert len(token) == 20


def test_variables_are_the_same_paths_after_the_base(var_dir: Path) -> None:
    every, base = {"link_0", "link_1", "open_url", "unsubscribe_url", "view_url"}, "https://mail.meridian-supply.com"
    assert links.Addresses(2, every, base).variables(77) == {
        "link_0": base + tokens.click_url(77, 0),
        "link_1": base + tokens.click_url(77, 1),
        "open_url": base + links.open_url(77),
        "unsubscribe_url": base + links.unsubscribe_url(77),
        "view_url": base + links.view_url(77),
    }


def test_only_what_a_message_reads_is_made(var_dir: Path) -> None:
    """The address to unsubscribe is always there: every message's header has it."""
    found = links.Addresses(3, {"link_2", "first_name"}, "").variables(77)
    assert found == {"link_2": tokens.click_url(77, 2), "unsubscribe_url": links.unsubscribe_url(77)}


def test_headers_follow_rfc_8058(var_dir: Path) -> None:
    address = links.unsubscribe_url(5)
    found = links.Addresses(0, (), "").headers(5, address)
    assert found["List-Unsubscribe"] == f"<{address}>"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert links.read_token("delivery", found["X-Beacon-Delivery"]) == 5


def test_a_new_key_makes_old_tokens_worthless(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = token_of(links.open_url(9))
    monkeypatch.setenv("BEACON_SECRET_KEY", "another key entirely, long enough")
    settings.cache_clear()
    assert links.read_token("open", before) is None
    assert token_of(links.open_url(9)) != before
