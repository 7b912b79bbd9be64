"""Messages: variables, links, text version, and templates that try to escape the sandbox or never end."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_app.channels.email.built_in import BUILT_IN
from campaign_app.models.template import Editor
from campaign_app.rendering import links, markup
from campaign_app.rendering.errors import RenderError, TemplateInvalid
from campaign_app.rendering.templating import (
    SYSTEM_VARIABLES,
    compile_message,
    context_for,
    is_tracked,
    render_url,
    unknown,
    variables,
)

ANNA = {"email": "anna@example.com", "first_name": "Anna", "last_name": "Ace", "company": "A&B", "attributes": {}}


def rendered(html: str, text: str = "", subject: str = "s", **person: object) -> object:
    message = compile_message(subject, "", html, text, footer=False)
    return message.render(context_for({**ANNA, **person}))


@pytest.mark.parametrize("written", ["{{firstName}}", "{{ first_name }}", "{{ firstName|default('x') }}"])
def test_both_spellings(written: str) -> None:
    assert rendered(f"<p>Hi {written}</p>").text == "Hi Anna\n"
    assert variables(written) == {"first_name"}


def test_html_is_escaped_and_subject_and_text_are_not() -> None:
    shown = rendered("<p>{{ company }}</p>", "{{ company }}", "{{ company }}", company="<b>A&B</b>")
    assert "&lt;b&gt;A&amp;B&lt;/b&gt;" in shown.html
    assert shown.subject == "<b>A&B</b>"
    assert shown.text == "<b>A&B</b>"


def test_a_name_with_line_breaks_cannot_add_a_header() -> None:
    assert rendered("x", subject="Hi {{ first_name }}", first_name="A\r\nBcc: x@y.z").subject == "Hi A Bcc: x@y.z"


def test_default_counts_empty_as_missing_and_attributes_come_by_key() -> None:
    shown = rendered("{{ first_name|default('there') }} {{ city }}", first_name=" ", attributes={"city": "Köln"})
    assert "there Köln" in shown.html


def test_attributes_cannot_take_the_place_of_fields() -> None:
    assert context_for({**ANNA, "attributes": {"email": "evil@example.com"}})["email"] == "anna@example.com"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ '1234.5'|money }}", "1,234.50 EUR"),
        ("{{ 'n/a'|money }}", "n/a"),
        ("{{ '2026-11-30'|date }}", "30 November 2026"),
        ("{{ '2026-11-30T09:05:00'|date('time') }}", "09:05"),
        ("{{ 'soon'|date }}", "soon"),
        ('{{ "anna-maria o\'neil"|title }}', "Anna-Maria O&#39;Neil"),
        ("{{ 'x y'|urlencode }}", "x%20y"),
        ("{{ 7 // 2 + 1 }}{{ 'a' ~ 'b' }}", "4ab"),
        ("{% for x in range(3) %}{{ loop.index }}{% if not loop.last %}, {% endif %}{% endfor %}", "1, 2, 3"),
        ("{{ 'a long sentence here'|truncate(10) }}", "a long…"),
        ("{% if first_name &lt; 'B' %}yes{% endif %}", "yes"),
        ("{{ nothing.at.all }}", ""),
    ],
)
def test_filters_and_syntax(source: str, expected: str) -> None:
    assert f"<body>{expected}</body>" in rendered(source).html


BREAKERS = [
    "{% for i in range(10**9) %}x{% endfor %}",
    "{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}",
    "{% for i in range(20000) %}{{ 'x' * 900000 }}{% endfor %}",
    "{{ 'a' * 10**9 }}",
    "{{ 9**9**9**9 }}",
    "{% set a = 'x' * 1000 %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}",
    "{% set a = 'x' * 1000 %}" + "{% set a = a + a %}" * 60 + "{{ a }}",
    "{% set a = 99 %}" + "{% set a = a * a %}" * 60 + "{{ a }}",
    "{{ items * 3 }}",
    "{{ items + items }}",
    "{% if items == items %}x{% endif %}",
    "{% if items is eq items %}x{% endif %}",
    "{{ items }}",
    "{{ items ~ 'x' }}",
    "{{ items|upper }}",
    "{{ [items]|join }}",
    "{{ table[items] }}",
    "{{ '%1000000000d' is divisibleby(1) }}",
    "{{ '%1000000000d' is odd }}",
    "{% set a = ('x' * 90000)[::1] %}{% for i in range(20000) %}{% set b = a|upper %}{% endfor %}",
    "{% set a = ('x' * 90000) %}{% for i in range(20000) %}{% if a ~ 'y' == a ~ 'z' %}{% endif %}{% endfor %}",
    "{{ text }}" * 30,
    "{{ text|upper }}" * 30 + "{{ text|lower }}" * 30,
    "{{ 'x'|replace('', '" + "y" * 900 + "')|replace('y', '" + "z" * 2000 + "') }}",
    "{{ range(20000)|join('" + "y" * 900 + "') }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ 1 / 0 }}",
    "{{ 'a' - 1 }}",
]
REFUSED = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__']['__mro__'].x() }}",
    "{{ first_name.upper() }}",
    "{{ 'x'.format(1) }}",
    "{{ cycler() }}",
    "{{ self }}",
    "{{ _secret }}",
    "{% include 'x' %}",
    "{% import 'x' as y %}",
    "{% extends 'x' %}",
    "{% block x %}{% endblock %}",
    "{% macro x() %}{{ x() }}{% endmacro %}",
    "{% for c in 'abc' recursive %}{{ loop(c) }}{% endfor %}",
    "{% filter upper %}x{% endfilter %}",
    "{% raw %}",
    "{{ x|safe }}",
    "{{ x|attr('y') }}",
    "{{ x is escaped }}",
    "{{ first_name",
    "{{ }}",
    "{% if x %}",
    "{% endfor %}",
    "{% foo %}",
    "{# x",
    "{{ x|nofilter }}",
    "{{ [0] * 10**9 }}",
    "{{ [1, 2] }}",
    "{{ ('a', 'b') + x }}",
    "{% if [1] == x %}{% endif %}",
    "{{ {x: 1}|length }}",
    "{{ x[[1]] }}",
    "{{ 1" + "0" * 30 + " }}",
    "{{ 0x" + "f" * 5000 + " }}",
    "{{ 1" + "0" * 5000 + " }}",
    "{{ 1e300 }}",
    "{% set a = [" + "1," * 300 + "] %}",
    "{% for i in range(1000000000) %}{% endfor %}",
    "{{ " + "+".join("a" * 100) + " }}",
    "{{ x" + "|upper" * 100 + " }}",
    "{{ " + "not " * 500 + "x }}",
    "{{ a }}" * 11_000,
    "{{ a }}" * 100_000,
    "{% if a %}" * 70 + "{% endif %}" * 70,
    "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "{% for i in range(2) %}" * 25 + "{% endfor %}" * 25,
    "x" * 1_000_001,
]


@pytest.mark.parametrize("source", BREAKERS, ids=lambda source: source[:40])
def test_what_never_ends_or_grows_ends_with_a_clear_error(source: str) -> None:
    began = time.process_time()
    with pytest.raises(RenderError) as caught:
        rendered(source, attributes={"items": ["a", ["b"]], "table": {"a": 1}, "text": "x" * 90_000})
    assert time.process_time() - began < 5
    assert not isinstance(caught.value, TemplateInvalid)
    assert caught.value.part == "html"
    assert len(caught.value.plain) > 10


@pytest.mark.parametrize("source", REFUSED, ids=lambda source: source[:40])
def test_what_a_message_may_not_do_is_refused_when_read(source: str) -> None:
    began = time.process_time()
    with pytest.raises(TemplateInvalid) as caught:
        compile_message("s", "", source)
    assert time.process_time() - began < 5
    assert len(caught.value.plain) > 10


@pytest.mark.parametrize(
    "source", ["{{ ''['__class__'] }}", "{{ [].append }}", "{{ first_name.upper }}", "{{ range.x }}"]
)
def test_attributes_of_objects_read_as_nothing(source: str) -> None:
    assert "<body></body>" in rendered(source).html


def test_errors_name_part_and_line() -> None:
    with pytest.raises(TemplateInvalid) as html:
        compile_message("s", "", "<p>\n\n{% if %}</p>")
    assert (html.value.part, html.value.line) == ("html", 3)
    with pytest.raises(TemplateInvalid) as subject:
        compile_message("{{ x", "", "")
    assert subject.value.part == "subject"
    with pytest.raises(RenderError) as late:
        compile_message("s", "", "<style>p{color:red}</style>\n<p>\n{{ 1 / 0 }}</p>").render({})
    assert late.value.line == 3


def test_unknown_variables() -> None:
    names = variables("{{ fristName }}{{ first_name }}{{ city }}{% for x in range(2) %}{{ x }}{% endfor %}")
    assert unknown(names, {"city"}) == {"fristName"}


@pytest.mark.parametrize(
    ("source", "required"),
    [
        ("{{ company }}", {"company"}),
        ("{{ company|default('you') }}", set()),
        ("{{ company|upper|default('you') }}", set()),
        ("{{ company or 'you' }}", set()),
        ("{% if company %}{{ company }}{% endif %}", set()),
        ("{% if company %}x{% else %}{{ first_name }}{% endif %}", {"first_name"}),
        ("{{ company if company else first_name }}", {"first_name"}),
        ("{% for x in range(2) %}{{ x }}{{ company }}{% endfor %}", {"company"}),
        ("{% set greeting = first_name|default('x') %}{{ greeting }}", set()),
        ("{{ unsubscribe_url }}{{ postal_address }}", set()),
    ],
)
def test_which_variables_must_have_a_value(source: str, required: set[str]) -> None:
    message = compile_message("s", "", source, footer=False)
    assert message.required == required
    assert set(message.missing({})) == required
    assert message.missing(dict.fromkeys(required, "there")) == ()


LINKED = (
    '<p><a href=\'https://a.example/x?a=1&amp;b=2\'>One</a> <a class="c>d" href="https://a.example/x?a=1&amp;b=2">again</a>'
    '<a href="https://b.example/{{ company }}">Two</a> <a href="mailto:a@b.co">mail</a> <a href="#top">top</a>'
    '<a href="tel:+49">call</a> <a href="{{ unsubscribe_url }}">out</a>'
    "{% for n in range(2) %}<a href='https://c.example/{{ n }}'>{{ n }}</a>{% endfor %}</p>"
)


def test_links_are_found_once_and_replaced(var_dir: object) -> None:
    message = compile_message("s", "", LINKED, track_clicks=True)
    assert message.links == ("https://a.example/x?a=1&b=2", "https://b.example/{{ company }}")
    values = {**context_for(ANNA), **links.Addresses(2, message.reads, "").make(7).variables}
    shown = message.render(values)
    assert shown.html.count(values["link_0"]) == 2
    assert shown.html.count(values["link_1"]) == 1
    assert "a.example" not in shown.html + shown.text
    assert "https://c.example/1" in shown.html
    assert 'href="mailto:a@b.co"' in shown.html
    assert f"One ({values['link_0']})" in shown.text


def test_frozen_links_keep_their_positions() -> None:
    frozen = ("https://old.example", "https://a.example/x?a=1&b=2")
    message = compile_message("s", "", LINKED, links=frozen)
    shown = message.render({**ANNA, "link_1": "TRACKED"})
    assert message.links == frozen
    assert shown.html.count('"TRACKED"') == 2
    assert "https://b.example/A%26B" in shown.html


def test_link_targets_are_made_for_the_person() -> None:
    assert render_url("https://b.example/{{ company|urlencode }}", ANNA) == "https://b.example/A%26B"
    assert not is_tracked("javascript:alert(1)")
    assert not is_tracked("{{ view_url }}")
    assert is_tracked("{{ shop_url }}")


def test_written_text_keeps_its_words_and_tracks_bare_addresses() -> None:
    message = compile_message("s", "", "<p>x</p>", "See https://a.example/1.\n{{ first_name }}", track_clicks=True)
    assert message.links == ("https://a.example/1",)
    assert message.render({**ANNA, "link_0": "L"}).text.startswith("See L.\nAnna")


def test_footer_preheader_and_pixel() -> None:
    plain = compile_message("s", "Look {{ company }}", "<p>x</p>", track_opens=True)
    shown = plain.render(
        {**ANNA, "postal_address": "Street 1", "unsubscribe_url": "U", "view_url": "V", "open_url": "O"}
    )
    for expected in ("Street 1", 'href="U"', 'href="V"', 'src="O"', "Look A&amp;B", "display:none"):
        assert shown.html.count(expected) == 1
    assert "Unsubscribe: U" in shown.text
    own = compile_message("s", "", '<a href="{{ unsubscribe_url }}">x</a>{{ postal_address }}{{ view_url }}')
    assert "on our list" not in own.render(ANNA).html


def test_css_is_inlined_and_tags_survive() -> None:
    source = (
        "<style>p{color:red} @media(max-width:600px){p{color:blue}}</style><table>{% for r in range(2) %}<tr><td>"
        "<p>{% if 1 < 2 %}{{ 'q' ~ \"&\" }}{% endif %}</p></td></tr>{% endfor %}</table><!-- don't {{ company }} -->"
    )
    shown = rendered(source).html
    assert shown.count('<p style="color: red;">q&amp;</p>') == 2
    assert "@media" in shown
    assert "<!-- don't A&amp;B -->" in shown


def test_text_version() -> None:
    html = (
        "<style>x</style><h1>Title</h1><p>Hi <b>there</b>,<br>line</p><ul><li>one</li><li>two</li></ul>"
        "<ol><li>a</li></ol>"
        '<p><a href="https://a.example">https://a.example</a> <img alt="Logo" src="x"></p><pre>x</pre>'
    )
    assert markup.text_of(html) == "Title\n\nHi there,\nline\n\n- one\n- two\n\n1. a\n\nhttps://a.example Logo\n\nx\n"


@pytest.mark.parametrize("template", BUILT_IN, ids=lambda template: template["name"])
def test_built_in_templates_need_nothing(template: dict[str, str]) -> None:
    fields = {name: template[name] for name in ("subject", "preheader", "html", "text")}
    message = compile_message(**fields, editor=Editor(template["editor"]), track_clicks=True, track_opens=True)
    assert message.required == set()
    assert unknown(message.variables, ()) == set()
    assert message.links
    for person in (ANNA, {"email": "x@y.z"}):
        shown = message.render({**context_for(person), **dict.fromkeys(SYSTEM_VARIABLES, "S")})
        assert "{{" not in shown.html + shown.text + shown.subject
        assert len(shown.html) < 50_000


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_renders_or_says_why(source: str) -> None:
    with contextlib.suppress(RenderError):
        compile_message(source, source, source, source, track_clicks=True).render(ANNA)


PIECES = ["<p>", "{{ first_name }}", "{% if x %}", "{% endif %}", "<!--", "-->", '"', "'", "<a href=", ">", "<", "}}"]


@given(st.lists(st.sampled_from(PIECES)))
@settings(max_examples=300, deadline=None)
def test_any_mixture_of_tags_renders_or_says_why(pieces: list[str]) -> None:
    source = " ".join(pieces)
    with contextlib.suppress(RenderError):
        shown = compile_message("s", "", source, track_clicks=True).render(ANNA)
        assert "jzq" not in shown.html + shown.text


def test_words_that_look_like_ours_stay() -> None:
    assert "qzj7jzq" in rendered("<p>qzj7jzq {{ first_name }}</p>").html
