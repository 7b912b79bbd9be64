"""Messages that were once rendered wrongly, with the right result. HTML and text part must agree."""

from pathlib import Path
from typing import Any

import pytest

from campaign_app.channels.email import content_checks
from campaign_app.channels.email.content import MessageFields
from campaign_app.rendering import markup, plain_text
from campaign_app.rendering.templating import CompiledMessage, Rendered, compile_message, context_for, render_url

CASES = Path(__file__).parent.parent / "data" / "cases"
ANN = {"email": "ann+news@d1.example", "first_name": "Ann & Co = 100%", "last_name": "Lee", "attributes": {}}
AROUND = {"unsubscribe_url": "https://b.test/u", "view_url": "https://b.test/v", "postal_address": "1 High Street"}


def compiled(html: str, *, tracked: bool, text: str = "") -> CompiledMessage:
    return compile_message("s", "", html, text, track_clicks=tracked, track_opens=tracked)


def shown(message: CompiledMessage, person: dict[str, Any] = ANN) -> Rendered:
    values = {**context_for(person), **AROUND, "open_url": "https://b.test/o"}
    return message.render(values | {f"link_{n}": f"https://b.test/c{n}" for n in range(len(message.links))})


def read(name: str) -> str:
    return (CASES / name).read_text()


LEADS = [
    (
        "link-entity.html",
        ["https://shop.test/list?id=7&section=news&region=eu&currency=EUR&param=1&copy=2"],
    ),
    ("href-newline.html", ["https://shop.test/catalogue/autumn.html?x=1"]),
    ("links-in-comment.html", ["https://shop.test/a?x=1"]),
    (
        "plus-in-query.html",
        [
            "https://shop.test/prefs?email=ann%2Bnews%40d1.example&name=Ann%20%26%20Co%20%3D%20100%25",
            "https://shop.test/p2?email=ann%2Bnews%40d1.example",
        ],
    ),
]


@pytest.mark.parametrize(("name", "expected"), LEADS)
def test_both_parts_lead_to_the_same_places(name: str, expected: list[str]) -> None:
    plain = shown(compiled(read(name), tracked=False))
    ours = set(AROUND.values())
    assert [target for target in markup.hrefs(plain.html) if target not in ours] == expected
    assert [target for target in plain_text.targets(plain.text) if target not in ours] == expected
    tracked = compiled(read(name), tracked=True)
    assert [render_url(link, context_for(ANN)) for link in tracked.links] == expected
    made = shown(tracked)
    ways = [f"https://b.test/c{n}" for n in range(len(expected))]
    assert [target for target in markup.hrefs(made.html) if target not in ours] == ways
    assert [target for target in plain_text.targets(made.text) if target not in ours] == ways


@pytest.mark.parametrize(("name", "expected"), LEADS)
def test_nothing_in_them_stops_a_launch(name: str, expected: list[str]) -> None:
    fields = MessageFields(subject="s", html=read(name))
    assert len(content_checks.targets(fields)) == len(expected)
    assert "blocking" not in {finding.severity for finding in content_checks.links(fields)}


def test_a_block_that_begins_with_an_id_is_css() -> None:
    source = read("css-brace-hash.html")
    css = source[source.index("<style>") : source.index("</style>")]
    assert css in shown(compiled(source, tracked=True)).html


@pytest.mark.parametrize("name", ["unsubscribe-in-comment.html", "unsubscribe-in-template-comment.html"])
def test_what_a_comment_holds_is_not_shown(name: str) -> None:
    fields = MessageFields(subject="s", html=read(name))
    made = shown(compiled(fields.html, tracked=False))
    visible = markup.text_of(made.html)
    for part in (visible, made.text):
        assert "1 High Street" in part
        assert "https://b.test/u" in part
    titles = [finding.title for finding in content_checks.footer(fields)]
    assert titles[0].startswith("The unsubscribe link is added in the footer")


def test_addresses_in_a_written_text_are_whole() -> None:
    source = read("text-parens.txt")
    expected = [
        "https://en.wikipedia.test/wiki/Fjord_(landform)",
        "https://shop.test/a",
        "https://shop.test/l'ete?x=1",
        "https://shop.test/b",
    ]
    assert plain_text.targets(source) == expected
    message = compiled("", tracked=True, text=source)
    assert list(message.links) == expected
    made = shown(message)
    assert "(see https://b.test/c1) and https://b.test/c2, or <https://b.test/c3>." in made.text
    assert [target for target in markup.hrefs(made.html) if "/c" in target] == [
        f"https://b.test/c{n}" for n in range(4)
    ]


@pytest.mark.parametrize(
    "html",
    [
        "<title>{{ unsubscribe_url }}{{ postal_address }}</title>",
        "<p title='{{ unsubscribe_url }} {{ postal_address }}'>x</p>",
        "<style>/* {{ unsubscribe_url }} {{ postal_address }} */</style>",
        "<script>'{{ unsubscribe_url }} {{ postal_address }}'</script>",
        "<!--[if mso]><a href='{{ unsubscribe_url }}'>x</a>{{ postal_address }}<![endif]-->",
        "{% if unsubscribe_url and postal_address %}x{% endif %}",
        "{{ 'unsubscribe_url postal_address' }}",
        "<!-- {{ unsubscribe_url }} {{ postal_address }}",
    ],
)
def test_a_footer_that_readers_cannot_see_is_added(html: str) -> None:
    assert markup.Page(f"<p>Hello</p>{html}").missing() == ["postal_address", "unsubscribe_url", "view_url"]


@pytest.mark.parametrize(
    "html",
    [
        "<a href=' {{ unsubscribeUrl }}'>x</a><p>{{ postalAddress|upper }}</p>{{ view_url }}",
        "<!--[if !mso]><!--><a href={{ unsubscribe_url }}>x</a><!--<![endif]-->{{ postal_address }}{{ view_url }}",
        "{% set bye = unsubscribe_url %}<a href='{{ bye }}'>x</a>{{ postal_address }}<area href='{{ view_url }}'>",
    ],
)
def test_a_footer_that_readers_see_is_not_added_again(html: str) -> None:
    assert markup.Page(html).missing() == []


def test_links_for_outlook_are_tracked_and_checked_and_the_rest_stays_as_written() -> None:
    source = (
        '<html><body><!--[if mso]><v:roundrect href="https://shop.test/?a=1&amp;copy=2" arcsize="8%"><![endif]-->'
        "<![if !mso]><a href='https://shop.test/?a=1&copy=2'>Go</a><![endif]></body></html>"
    )
    message = compile_message("s", "", source, track_clicks=True, footer=False)
    assert message.links == ("https://shop.test/?a=1&copy=2",)
    expected = source.replace('"https://shop.test/?a=1&amp;copy=2"', '"L"').replace(
        "'https://shop.test/?a=1&copy=2'", '"L"'
    )
    assert message.render({"link_0": "L"}).html == expected
    assert message.render({"link_0": "L"}).text == "Go (L)\n"
    empty = MessageFields(subject="s", html="<!--[if mso]><v:rect href=''><![endif]-->")
    assert content_checks.links(empty)[0].severity == "blocking"


def test_preheader_and_pixel_stand_in_the_body_that_counts() -> None:
    source = (
        "<html><head><title><body></title></head><!-- <body> --><body class='</body>'><p>x</p></body>"
        "<!-- </body> --></html>"
    )
    made = compile_message("s", "Pre", source, track_opens=True, footer=False).render({"open_url": "O"}).html
    assert made.index("Pre") == made.index("mso-hide:all") + len('mso-hide:all">')
    assert made.index("<body class") < made.index("Pre") < made.index("<p>x</p>") < made.index('src="O"')
    assert made.index('src="O"') < made.index("</body><!--")


def test_an_address_as_the_words_of_a_link_is_no_second_link() -> None:
    source = (
        "<a href='https://shop.test/?utm=1'>https://shop.test</a> "
        "<a href='https://b.test/x'>Go to https://c.test now</a>"
    )
    message = compile_message("s", "", source, track_clicks=True, footer=False)
    assert message.links == ("https://shop.test/?utm=1", "https://b.test/x")
    assert message.render({"link_0": "A", "link_1": "B"}).text == "A Go to https://c.test now (B)\n"


def test_statements_in_comments_count_in_the_text_version_too() -> None:
    source = "<!-- {% if vip %} --><p>For you</p><!-- {% endif %} --><p>Hello</p>"
    message = compile_message("s", "", source, footer=False)
    assert message.render({}).text.strip() == "Hello"
    assert message.render({"vip": "yes"}).text.split("\n\n")[1::2] == ["For you", "Hello\n"]
