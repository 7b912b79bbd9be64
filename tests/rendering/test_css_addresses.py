"""Values in addresses in CSS are percent-encoded like those in links, in sheets and in attributes."""

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_app.kit import html_entities
from campaign_app.rendering import css
from campaign_app.rendering.templating import compile_message, context_for
from tests.rendering.test_urls import ANN

SITE = "https://own.test/x?y=1&z=(2)"
VALUES = context_for(ANN) | {"site": SITE, "host": "own.test:8080", "vip": "", "bad": "x');color:red;b:url('</style>"}
PART = "ann%2Bnews%40d1.example"


def made(html: str, **values: Any) -> str:
    return compile_message("s", "", html, footer=False).render(VALUES | values).html


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("url(https://a.test/{{ email }}.png)", f"url(https://a.test/{PART}.png)"),
        ("url('https://a.test/?e={{ email }}')", f"url('https://a.test/?e={PART}')"),
        ("URL( 'https://a.test/?e={{ email }}' )", f"URL( 'https://a.test/?e={PART}' )"),
        ("url(https://a.test/?e={{ email|urlencode }})", f"url(https://a.test/?e={PART})"),
        (
            "url(https://a.test/?e={{ email|default('x)') }}&f={{ company }})",
            f"url(https://a.test/?e={PART}&f=a%2Fb%20c)",
        ),
        ("url(https://{{ host }}/{{ email }})", f"url(https://own.test:8080/{PART})"),
        (
            "url({% if vip %}https://v.test/{% else %}https://a.test/{% endif %}{{ email }})",
            f"url(https://a.test/{PART})",
        ),
        ("url(https://a.test/{{ bad }})", "url(https://a.test/x%27%29%3Bcolor%3Ared%3Bb%3Aurl%28%27%3C%2Fstyle%3E)"),
        ("url({{ site }})", "url(https://own.test/x?y=1&z=%282%29)"),
        ("url('{{ bad }}')", "url('x%27%29;color:red;b:url%28%27%3C/style%3E')"),
    ],
)
def test_a_value_in_an_address_of_css_is_encoded(source: str, expected: str) -> None:
    in_attribute = made(f'<p style="background:{source} no-repeat">x</p>')
    assert f'style="background:{expected} no-repeat"' in html_entities.decoded(in_attribute)
    in_sheet = made(f"<style>@media print {{ p {{ background: {source} }} }}</style><p>x</p>")
    assert f"background: {expected} }}" in in_sheet


def test_what_is_inlined_is_encoded_once() -> None:
    source = "<style>p { background: url('https://a.test/?e={{ email }}&f={{ company }}') }</style><p>x</p>"
    html = made(source)
    assert f"url('https://a.test/?e={PART}&f=a%2Fb%20c')" in html
    assert "%25" not in html


@pytest.mark.parametrize(
    "value",
    [
        "&quot;https://a.test/?e={{ email }}&quot;",
        "&#39;https://a.test/?e={{ email }}&#39;",
        "https://a.test/?e={{ email }}",
    ],
)
def test_quotes_as_references_in_an_attribute(value: str) -> None:
    assert f"?e={PART}" in made(f'<p style="background:url({value})">x</p>')


def test_imports_too_and_nothing_else() -> None:
    sheet = (
        "@import 'https://a.test/{{ email }}.css' screen; @import url(https://a.test/{{ email }}.css);"
        "/* url(https://a.test/{{ email }}) */ .x:after { content: 'url({{ email }})'; -my-url: my-url({{ email }}) }"
    )
    html = made(f"<style>@media print {{}} {sheet}</style><p style='font-family: \"{{{{ email }}}}\"'>x</p>")
    assert html.count(PART) == 2
    assert html.count("ann+news@d1.example") == 4


def test_in_what_only_outlook_reads() -> None:
    html = made('<!--[if mso]><p style="background:url(https://a.test/{{ email }})">x</p><![endif]-->')
    assert f"url(https://a.test/{PART})" in html


def test_a_missing_value_leaves_the_address() -> None:
    assert "url(https://a.test/?e=)" in made('<p style="background:url(https://a.test/?e={{ nothing }})">x</p>')
    assert "url()" in made('<p style="background:url({{ nothing }})">x</p>')


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("url(a)", ["a"]),
        ("url( a )", ["a"]),
        ("url('a)b')", ["a)b"]),
        ('url("a\\"b") url(c)', ['a\\"b', "c"]),
        ("url(a\\)b)", ["a\\)b"]),
        ("url()", [""]),
        ("url('')", [""]),
        ("url('a", ["a"]),
        ("url('", [""]),
        ("url(a", ["a"]),
        ("src('a')", ["a"]),
        ("x-url(a) curl(a)", []),
        ("/* url(a) */ url(b) /* url(c)", ["b"]),
        ("'url(a)' \"url(b)\" url(c)", ["c"]),
        ("@import 'a'; b: 'c'", ["a"]),
        ("@IMPORT \"a\" layer('b');", ["a"]),
        ("@importx 'a'", []),
        ("@import; 'a'", []),
        ("\\url(a)", []),
        ("'a\nurl(b)", ["b"]),
    ],
)
def test_addresses_in_css(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in css.addresses(text)] == found


@given(st.lists(st.sampled_from(["url(", "src(", "'", '"', ")", "\\", "/*", "*/", "@import ", ";", "a", "\n", " "])))
def test_places_are_in_order_and_inside(pieces: list[str]) -> None:
    text = "".join(pieces)
    at = 0
    for start, end in css.addresses(text):
        assert at <= start <= end <= len(text)
        at = end


@pytest.mark.parametrize(
    "piece", ["url(", "url('", "'", '"', "/*", "\\", "@import '", "url(a)", "url( ", "src(\\", "url( x"]
)
def test_eight_times_as_much_costs_less_than_24_times_as_much(piece: str) -> None:
    def cost(count: int) -> float:
        text = piece * count
        began = time.process_time()
        for _ in css.addresses(text):
            pass
        return time.process_time() - began

    cost(1_000)
    assert min(cost(80_000) for _ in range(3)) < 24 * max(0.001, min(cost(10_000) for _ in range(3)))


def test_no_address_holds_what_ends_it() -> None:
    html = made('<p style="background:url({{ bad }})">x</p>', bad="a b\n\t\"'()\\<>")
    (address,) = re.findall(r"url\(([^)]*)\)", html)
    assert address == "a%20b%0A%09%22%27%28%29%5C%3C%3E"
