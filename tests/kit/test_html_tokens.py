"""The one reader of HTML: as browsers read it, with template tags going first, in time that is linear."""

import gc
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_app.kit import html_entities, template_tags
from campaign_app.kit.html_tokens import Document, Kind
from campaign_app.rendering import markup, plain_text


def shape(source: str) -> list[str]:
    """`<p class>`, `</p>`, `"words"`, `!comment`; what is hidden has a ~ in front."""
    found = Document(source)
    out = []
    for token in found.tokens:
        words = {
            Kind.START: f"<{' '.join([token.name, *(attribute.name for attribute in token.attributes)])}>",
            Kind.END: f"</{token.name}>",
            Kind.TEXT: f'"{found.text(token)}"',
            Kind.TEMPLATE: found.source[token.start : token.end],
        }.get(token.kind, f"!{token.kind}")
        out.append(f"{'~' * token.hidden}{words}")
    return out


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a<b>c</b >d", ['"a"', "<b>", '"c"', "</b>", '"d"']),
        ("1 < 2 <3 </ x> y", ['"1 < 2 <3 "', "!comment", '" y"']),
        ("<A HREF=x Title='a>b' c/>", ["<a href title c>"]),
        (
            "<!doctype html><!-->x<!--->y<!-- - -- --!>z",
            ["!doctype", "!comment", '"x"', "!comment", '"y"', "!comment", '"z"'],
        ),
        ("a<!-- never closed <b>", ['"a"', "!comment"]),
        ("a<b c='never closed", ['"a"']),
        ("<script>a<b>'</scripty>'</script>d", ["<script>", "\"a<b>'</scripty>'\"", "</script>", '"d"']),
        ("<title>a &amp; <b></title>", ["<title>", '"a & <b>"', "</title>"]),
        ("<textarea><a href=x></textarea>", ["<textarea>", '"<a href=x>"', "</textarea>"]),
        ("<style>a:before{content:'<b>'}</style>", ["<style>", "\"a:before{content:'<b>'}\"", "</style>"]),
        ("a{{ '<b>' }}c", ['"a"', "{{ '<b>' }}", '"c"']),
        ('<a href="{{ x|default("a>b") }}" b>', ["<a href b>"]),
        ("<td {% if a > 1 %}class='x'{% else %}id=y{% endif %}>", ["<td class id>"]),
        ("<h{{ level }}>", ["<h{{ level }}>"]),
        (
            "{# <a href=x> #}<!-- {# --> #} <b> --><i>",
            ["{# <a href=x> #}", "!comment", '" #} "', "<b>", '" -->"', "<i>"],
        ),
        ("<!-- {# a #} {{ '-->' }} --><i>", ["!comment", "<i>"]),
        ("<style>@media x{#a{b:c}}</style>", ["<style>", '"@media x{#a{b:c}}"', "</style>"]),
        ("<style>{# a note #}p{}</style>", ["<style>", "{# a note #}", '"p{}"', "</style>"]),
        ("<!--[if mso]><p>x</p><![endif]-->", ["!comment", "~<p>", '~"x"', "~</p>"]),
        ("<!--[if !mso]><!--><p><!--<![endif]-->", ["!comment", "<p>", "!comment"]),
        ("<!--[if mso]><p>x</p>-->y", ["!comment", '"y"']),
        ("<![if !mso]>x<![endif]><?xml a?>", ["!comment", '"x"', "!comment", "!comment"]),
    ],
)
def test_pieces(source: str, expected: list[str]) -> None:
    assert shape(source) == expected


@pytest.mark.parametrize(
    ("written", "in_text", "in_attribute"),
    [
        ("&amp;&lt;&eacute;", "&<é", "&<é"),
        ("?a=1&copy=2&section=3", "?a=1©=2§ion=3", "?a=1&copy=2&section=3"),
        ("&para", "¶", "¶"),
        ("&para1 &para= &para;= &para.", "¶1 ¶= ¶= ¶.", "&para1 &para= ¶= ¶."),
        ("&notit; &not;it;", "¬it; ¬it;", "&notit; ¬it;"),
        ("&#65;&#x42;&#67 &#0;&#xD800;&#128;", "ABC \ufffd\ufffd€", "ABC \ufffd\ufffd€"),
        ("&#" + "9" * 5_000 + ";", "\ufffd", "\ufffd"),
        ("& &; &# &#x; &nosuch;", "& &; &# &#x; &nosuch;", "& &; &# &#x; &nosuch;"),
    ],
    ids=lambda value: value[:12],
)
def test_character_references(written: str, in_text: str, in_attribute: str) -> None:
    assert html_entities.decoded(written) == in_text
    assert html_entities.decoded(written, attribute=True) == in_attribute


def test_what_looks_like_a_tag_only_when_decoded_is_printed_as_it_stands() -> None:
    found = Document('<a href="&#123;{ x }}">')
    assert found.value(found.tokens[0].attribute("href")) == "{% raw %}{{{% endraw %} x }}"
    assert Document("<a href='{{x'>", template=False).tokens[0].attributes[0].name == "href"


def test_raw_blocks_are_opened() -> None:
    opened = template_tags.plain("{% raw %}<a href='x'>{{ y }}</a>{% endraw %}{{ z }}")
    assert markup.hrefs(opened) == ["x"]
    assert opened.endswith("}}</a>{{ z }}")
    assert template_tags.plain("{% raw %}x") == "{% raw %}x"


@given(st.text(alphabet="<>!-/ab='\"{}%#&; [i]f\n", max_size=80))
def test_every_piece_has_its_place(source: str) -> None:
    """Whatever is written: tokens are in order, inside the source, and overlap only inside a comment for Outlook."""
    found = Document(source)
    at = 0
    for token in found.tokens:
        assert 0 <= token.start <= token.end <= len(source)
        if not token.hidden:
            assert token.start >= at
            at = token.end
    assert markup.Page(source).document.source == template_tags.plain(source)


HOSTILE = ["<a ", "<body ", "<!--", "{#", "&", '"', "<!--{#", "<style>{# ", "{% raw %}", "<a href='", "<a {% ", "{{ '"]
HOSTILE += ["<a b={{x}} ", "<!--[if a]>", "{{ (", "</", "<!--[if a]>x<![endif]-->", "{{ &quot; ", "<a href=x>", "&copy"]
HOSTILE += [
    "https://a.test/",
    "https://a.test/)",
    "https://a.test/{% if x %}{{ y }}",
    "<a href=h:{{x}}{{y}}>",
    "&nbsp;",
]
HOSTILE += [
    "<td><ol><li>",
    "<style>a{b:c}",
    "<style>@media{",
    "{% endraw %}{% raw %}",
    "x{%",
    " \n",
    "(",
    "<a href=?{{ x }}",
]


def _read(source: str) -> None:
    document = Document(template_tags.plain(source))
    for token in document.tokens:
        document.text(token)
    markup.hrefs(source)
    markup.text_of(source)
    plain_text.targets(source)
    page = markup.Page(source)
    page.missing()
    page.place_links(lambda _: "{{ link_0 }}")
    page.source()


def _seconds(work: Callable[[str], None], source: str) -> float:
    """Of the processor, the best of three, without garbage collection: what else lives and runs does not count."""
    times = []
    gc.disable()
    try:
        for _ in range(3):
            began = time.process_time()
            work(source)
            times.append(time.process_time() - began)
    finally:
        gc.enable()
    return min(times)


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_is_linear_in_the_length(piece: str) -> None:
    """Eight times as long takes less than 24 times as long; a quadratic reader would take 64."""
    short = _seconds(_read, piece * (30_000 // len(piece)))
    assert _seconds(_read, piece * (240_000 // len(piece))) < 24 * short + 0.05
