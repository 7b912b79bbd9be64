"""Links with variables: the values in their tokens, and the addresses restored from them."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_app.rendering import link_values
from campaign_app.rendering.errors import TemplateInvalid
from campaign_app.rendering.link_values import MOST, NONE, PersonalLinks
from campaign_app.rendering.templating import render_url

SHOP = "https://shop.test/?who={{ email }}&n={{ first_name|default('you')|upper }}"
TEMPLATES = (
    SHOP,
    "https://shop.test/{{ company }}",
    "{{ website }}",
    "https://{{ company }}/a b?{{ email }}{{ email }}",
    "https://shop.test/{% if company %}{{ company }}{% else %}none{% endif %}",
    "https://shop.test/{{- company -}} /x",
    "https://shop.test/{% for n in range(3) %}{{ n }}{% endfor %}",
    "https://shop.test/{# nothing #}{{ company }}",
    "https://shop.test/{% raw %}{{{% endraw %}{{ company }}",
    "https://shop.test/{{ 7 * 6 }}/{{ 'x'|upper }}",
)


def led(links: PersonalLinks, templates: Mapping[int, str], context: Mapping[str, str]) -> dict[int, str]:
    """Position → address of each link."""
    packed, whole = links.values(context)
    found = {int(name.removeprefix("link_")): url for name, url in whole.items()}
    for positions, values in packed:
        assert len(values) <= MOST
        found.update({position: link_values.address(templates[position], values) for position in positions})
    return found


@pytest.mark.parametrize("template", TEMPLATES)
@given(values=st.dictionaries(st.sampled_from(["email", "company", "first_name", "website"]), st.text(max_size=40)))
def test_a_link_leads_where_its_template_says(template: str, values: dict[str, str]) -> None:
    try:
        expected = render_url(template, values)
        expected.encode()
    except ValueError:  # a lone surrogate: the engine skips this recipient
        return
    found = led(PersonalLinks({4: template}), {4: template}, values)
    assert found == {4: expected}


def test_links_that_ask_for_the_same_share_what_they_carry() -> None:
    templates = {0: "https://a.test/?c={{ company }}", 2: "https://b.test/{{ company }}/x", 5: SHOP}
    links = PersonalLinks(templates)
    packed, whole = links.values({"company": "A&B", "email": "a@b.test"})
    assert packed == [((0, 2), b"\1A%26B"), ((5,), b"\1a%40b.test\0YOU")]
    assert not whole
    assert [position in links for position in (0, 1, 2, 5)] == [True, False, True, True]


def test_a_message_without_such_links_carries_nothing() -> None:
    assert PersonalLinks({}).values({}) is NONE


def test_what_is_too_long_is_sent_as_it_is() -> None:
    templates = {0: "https://shop.test/{{ company }}", 1: "https://shop.test/x/{{ company }}", 2: SHOP}
    packed, whole = PersonalLinks(templates).values({"company": "x" * MOST, "email": "a@b.test"})
    assert whole == {f"link_{n}": render_url(templates[n], {"company": "x" * MOST}) for n in (0, 1)}
    assert [positions for positions, _ in packed] == [(2,)]


def test_what_is_too_long_and_no_web_address_leads_nowhere() -> None:
    packed, whole = PersonalLinks({0: "{{ website }}"}).values({"website": "javascript:" + "x" * MOST})
    assert not whole
    assert [link_values.address("{{ website }}", values) for _, values in packed] == [""]


def test_a_separator_in_a_value_does_not_move_the_others() -> None:
    template = "{{ website }}{{ email }}"
    context = {"website": "https://shop.test/\0\0", "email": "a@b.test"}
    assert led(PersonalLinks({0: template}), {0: template}, context) == {0: render_url(template, context)}


@pytest.mark.parametrize("packed", [b"\1", b"\1a\0b\0c", b"\1\0\0\0\0"])
def test_values_that_do_not_fit_the_template_lead_nowhere(packed: bytes) -> None:
    assert link_values.address(SHOP, packed) == ""


def test_a_template_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(TemplateInvalid):
        PersonalLinks({0: "https://shop.test/{{ company"})
